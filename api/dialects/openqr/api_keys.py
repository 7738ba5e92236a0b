"""`/v1/keys`: list, create, edit and revoke the workspace's API keys."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from api.auth import bearer
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.schemas import Deleted
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, not_found
from api.responses import Json
from codes import apikeys, timestamps
from codes.errors import Missing
from schemas.code import ApiKey

READ_ONLY = frozenset({"id", "last_four"})
ID = Parameter("id", "path", "The key's id (not its secret).", {"type": "string", "format": "uuid"})
_NAME = Meta(description="What it is for.", extra_json_schema={"maxLength": apikeys.MAX_NAME})
_SCOPE = Meta(description="`read`; `write`, which may also change codes; `admin`, which may do everything.")
_EXPIRES = Meta(description="When it stops working. Null: never.", extra_json_schema={"format": "date-time"})
Scope = Annotated[Literal["read", "write", "admin"], _SCOPE]


class KeyShown(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    name: Annotated[str, _NAME]
    scope: Scope
    expires_at: Annotated[str | None, _EXPIRES]
    last_four: Annotated[str, Meta(description="The last four characters of its secret; empty for a short one.")]


class KeysShown(msgspec.Struct, frozen=True):
    keys: Annotated[list[KeyShown], Meta(description="All keys that are not revoked, oldest first.")]


class KeyMade(KeyShown, frozen=True):
    """The only answer that has the key itself."""

    secret: Annotated[str, Meta(description="The key. It cannot be shown again.")]


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, _NAME]
    scope: Scope = "write"
    expires_at: Annotated[str | None, _EXPIRES] = None


class KeyEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, _NAME] | UnsetType = UNSET
    scope: Scope | UnsetType = UNSET
    expires_at: Annotated[str | None, _EXPIRES] | UnsetType = UNSET


def _fields(key: ApiKey) -> dict[str, Any]:
    expires = None if key.expires_at_ms is None else timestamps.format_ms(key.expires_at_ms)
    return {"id": key.id, "name": key.name, "scope": key.scope, "expires_at": expires, "last_four": key.last_four}


def _expires_at_ms(text: str | None) -> int | None:
    return None if text is None else timestamps.parse(text, "expires_at")


def _no_such_key() -> Problem:
    return not_found("there is no key with this id")


async def list_keys(call: Call) -> Response:
    found = await apikeys.list_keys(call.context.codes.redis, call.key.workspace)
    return Json(KeysShown([KeyShown(**_fields(key)) for key in found if key.revoked_at_ms is None]))


async def create_key(call: Call) -> Response:
    sent = convert(await read_object(call.request), NewKey, READ_ONLY)
    # A repeated request makes the same key: its secret is derived from what only this caller knows.
    await apikeys.make_room(
        call.context.codes.redis, call.key.workspace, plans=call.context.codes.plans, now_ms=call.context.now_ms
    )
    secret = None if call.attempt is None else apikeys.derive_secret(call.attempt.seed, bearer(call.request) or "")
    key, secret_shown = await apikeys.create_key(
        call.context.codes.redis,
        call.key.workspace,
        sent.name,
        sent.scope,
        _expires_at_ms(sent.expires_at),
        secret=secret,
        now_ms=call.context.now_ms,
    )
    return Json(KeyMade(**_fields(key), secret=secret_shown), 201)


async def edit_key(call: Call) -> Response:
    sent = convert(await read_object(call.request), KeyEdit, READ_ONLY)
    changes: dict[str, Any] = {
        name: getattr(sent, name) for name in ("name", "scope") if getattr(sent, name) is not UNSET
    }
    if sent.expires_at is not UNSET:
        changes["expires_at_ms"] = _expires_at_ms(sent.expires_at)
    try:
        key = await apikeys.edit(call.context.codes.redis, call.key.workspace, call.request.path_params["id"], changes)
    except Missing:
        raise _no_such_key() from None
    return Json(KeyShown(**_fields(key)))


async def delete_key(call: Call) -> Response:
    redis, workspace, id = call.context.codes.redis, call.key.workspace, call.request.path_params["id"]
    if not await apikeys.revoke(redis, workspace, id, now_ms=call.context.now_ms):
        raise _no_such_key()
    return Json(Deleted())


ROUTES = (
    Route(
        method="GET",
        path="/v1/keys",
        scope="admin",
        summary="List keys",
        description="Without their secrets, which are not stored.",
        handler=list_keys,
        status=200,
        answer=KeysShown,
        example=examples.KEYS,
    ),
    Route(
        method="POST",
        path="/v1/keys",
        scope="admin",
        summary="Create a key",
        description="Only this answer has its secret. The key works in every API of this deployment.",
        handler=create_key,
        status=201,
        answer=KeyMade,
        body=NewKey,
        sent=examples.NEW_KEY,
        ignored=READ_ONLY,
        problems=(400,),
        example={**examples.KEY, "secret": "oqr_live_3kD8vQxT7mWbYcHs2nLrEaZpJ4gFuK9V"},
        creates=True,
        remembered=False,
    ),
    Route(
        method="PATCH",
        path="/v1/keys/{id}",
        scope="admin",
        summary="Edit a key",
        description="Its name, scope or expiry; in force from the next request on.",
        handler=edit_key,
        status=200,
        answer=KeyShown,
        body=KeyEdit,
        sent={"name": "Till 2"},
        ignored=READ_ONLY,
        parameters=(ID,),
        problems=(400, 404),
        example={**examples.KEY, "name": "Till 2"},
    ),
    Route(
        method="DELETE",
        path="/v1/keys/{id}",
        scope="admin",
        summary="Revoke a key",
        description="It is refused from the next request on. A key can revoke itself.",
        handler=delete_key,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404,),
        example=examples.DELETED,
    ),
)
