"""`/v1/session` and `/v1/sessions`: sign in to the dashboard, and see who is."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from api import auth, session_cookie
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.schemas import Deleted
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import invalid, not_found
from api.responses import Json, no_content
from codes import apikeys, sessions, timestamps, workspaces
from codes.sessions import Session
from schemas.code import ApiKey

ID = Parameter("id", "path", "The session's id.", {"type": "string", "format": "uuid"})
_MAX_SECRET = 256


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the two."""

    key: Annotated[str, Meta(description="An API key.")] | UnsetType = UNSET
    token: (
        Annotated[str, Meta(description="The token of a link that `waymark up` printed; used up by this.")] | UnsetType
    ) = UNSET


class SignedIn(msgspec.Struct, frozen=True):
    workspace: Annotated[str, Meta(description="The workspace's name.")]
    scope: Annotated[Literal["read", "write", "admin"], Meta(description="That of the key.")]
    key_name: str
    short_url: Annotated[str, Meta(description="The base of short links.")]


class SessionShown(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    key_name: Annotated[str, Meta(description="The key that signed in; empty if it was deleted.")]
    scope: Annotated[Literal["read", "write", "admin"], Meta(description="That of the key.")] | None
    agent: Annotated[str, Meta(description="The browser, as it calls itself.")]
    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    seen_at: Annotated[str, Meta(description="The last use, to the hour.", extra_json_schema={"format": "date-time"})]
    current: Annotated[bool, Meta(description="Whether it is the one that asks.")]


class SessionsShown(msgspec.Struct, frozen=True):
    sessions: Annotated[list[SessionShown], Meta(description="The last used first.")]


async def sign_in(call: Call) -> Response:
    sent = convert(await read_object(call.request), SignIn)
    if (sent.key is UNSET) == (sent.token is UNSET):
        raise invalid("key", "send either key or token")
    secret = sent.key if isinstance(sent.key, str) else sent.token
    assert isinstance(secret, str)
    if not 0 < len(secret) <= _MAX_SECRET or not secret.isascii():
        raise auth.unauthorized("this key or token is wrong")
    if sent.key is UNSET:
        key = await _by_token(call, secret)
    else:
        key = await auth.find_key(call.request, call.context, secret)
    if key is None:
        raise auth.unauthorized("this key or token is wrong, used or expired")
    agent = call.request.headers.get("user-agent", "")
    _, cookie = await sessions.begin(call.context.codes.redis, key, agent, now_ms=call.context.now_ms)
    response = Json(await _who(call, key))
    session_cookie.write(response, call.context, cookie)
    return response


async def _by_token(call: Call, token: str) -> ApiKey | None:
    """As slow for guessing as keys are."""
    context, digest = call.context, apikeys.digest_of(token)
    await context.wrong_keys.turn(call.request, digest)
    key = await sessions.redeem_link(context.codes.redis, token, now_ms=context.now_ms)
    context.wrong_keys.found(call.request, digest, right=key is not None)
    return key


async def _who(call: Call, key: ApiKey) -> SignedIn:
    workspace = await workspaces.get(call.context.codes.redis, key.workspace)
    name = workspace.name if workspace else ""
    return SignedIn(name, key.scope, key.name, call.context.settings.short_url)


async def read_session(call: Call) -> Response:
    return Json(await _who(call, call.key))


async def sign_out(call: Call) -> Response:
    """A key has no session to end."""
    current = _current(call)
    if current is not None:
        await sessions.end(call.context.codes.redis, current.workspace, current.id)
    response = no_content()
    session_cookie.clear(response, call.context)
    return response


def _current(call: Call) -> Session | None:
    found: Session | None = getattr(call.request.state, "session", None)
    return found


async def list_sessions(call: Call) -> Response:
    redis, workspace = call.context.codes.redis, call.key.workspace
    by_id = {key.id: key for key in await apikeys.list_keys(redis, workspace)}
    current = _current(call)
    shown = []
    for one in await sessions.list_sessions(redis, workspace):
        key = by_id.get(one.key)
        shown.append(
            SessionShown(
                id=one.id,
                key_name=key.name if key else "",
                scope=key.scope if key else None,
                agent=one.agent,
                created_at=timestamps.format_ms(one.created_at_ms),
                seen_at=timestamps.format_ms(one.seen_at_ms),
                current=current is not None and current.id == one.id,
            )
        )
    return Json(SessionsShown(shown))


async def end_session(call: Call) -> Response:
    id = call.request.path_params["id"]
    if not await sessions.end(call.context.codes.redis, call.key.workspace, id):
        raise not_found("there is no session with this id")
    return Json(Deleted())


ROUTES = (
    Route(
        method="POST",
        path="/v1/session",
        scope=None,
        summary="Sign in to the dashboard",
        description="Sets a cookie that stands for the key, in pages of the API's own origin, which also send the "
        "header `X-Waymark-Dashboard: 1`. It ends after two weeks without use, with its key, or when it is signed out.",
        handler=sign_in,
        status=200,
        answer=SignedIn,
        body=SignIn,
        sent=examples.SIGN_IN,
        problems=(400, 401, 429),
        example=examples.SIGNED_IN,
    ),
    Route(
        method="GET",
        path="/v1/session",
        scope="read",
        summary="Read who is signed in",
        description="Workspace and scope of the session, or of the key.",
        handler=read_session,
        status=200,
        answer=SignedIn,
        example=examples.SIGNED_IN,
    ),
    Route(
        method="DELETE",
        path="/v1/session",
        scope="read",
        summary="Sign out",
        description="Ends the session of the request; a key stays as it is.",
        handler=sign_out,
        status=204,
        answer=None,
    ),
    Route(
        method="GET",
        path="/v1/sessions",
        scope="admin",
        summary="List sessions",
        description="Who is signed in to the workspace's dashboard.",
        handler=list_sessions,
        status=200,
        answer=SessionsShown,
        example=examples.SESSIONS,
    ),
    Route(
        method="DELETE",
        path="/v1/sessions/{id}",
        scope="admin",
        summary="End a session",
        description="It is refused from its next request on.",
        handler=end_session,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404,),
        example=examples.DELETED,
    ),
)
