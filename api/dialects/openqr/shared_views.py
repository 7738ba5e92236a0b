"""`/v1/shared-views`: make, list and revoke read-only links to the scans of a code, or to a report."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api import session_cookie
from api.auth import bearer
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.schemas import Deleted
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import invalid, not_found
from api.responses import Json
from api.shared_questions import check_report
from api.timestamps import second
from codes import apikeys, passwords, reports, shared_views, timestamps
from codes.index import is_id
from schemas.code import SharedView

READ_ONLY = frozenset({"id", "created_at", "created_by", "opened_at", "has_password"})
ID = Parameter("id", "path", "The shared view's id.", {"type": "string", "format": "uuid"})
_NAME = Meta(description="The title of the page. Need not be unique.", extra_json_schema={"maxLength": 100})
_ID_OF = {"format": "uuid"}
_CODE = Meta(description="The code whose scans it shows.", extra_json_schema=_ID_OF)
_REPORT = Meta(description="The report whose answer it shows.", extra_json_schema=_ID_OF)
_EXPIRES = Meta(description="When the link ends. Null: not by itself.", extra_json_schema={"format": "date-time"})
_EMBEDDABLE = Meta(description="Whether pages of other sites may show it in a frame.")
_PASSWORD = Meta(
    description="What the link asks for. Null: nothing.",
    extra_json_schema={"minLength": passwords.MIN_PASSWORD, "maxLength": passwords.MAX_PASSWORD},
)


class SharedViewShown(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(extra_json_schema=_ID_OF)]
    name: Annotated[str, _NAME]
    code_id: Annotated[str | None, _CODE]
    report_id: Annotated[str | None, _REPORT]
    has_password: bool
    expires_at: Annotated[str | None, _EXPIRES]
    embeddable: Annotated[bool, _EMBEDDABLE]
    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    created_by: Annotated[str, Meta(description="The name of the key that made it; empty if the key is gone.")]
    opened_at: Annotated[
        str | None,
        Meta(
            description="When it was last opened, to the minute. Null: never.",
            extra_json_schema={"format": "date-time"},
        ),
    ]
    status: Annotated[Literal["active", "expired"], Meta(description="Whether the link still works.")]


class SharedViewsShown(msgspec.Struct, frozen=True):
    shared_views: Annotated[list[SharedViewShown], Meta(description="Oldest first.")]


class SharedViewMade(SharedViewShown, frozen=True):
    """The only answer that has the link."""

    url: Annotated[str, Meta(description="The link. It cannot be shown again.", extra_json_schema={"format": "uri"})]


class NewSharedView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a code or of a report."""

    name: Annotated[str, _NAME]
    code_id: Annotated[str | None, _CODE] = None
    report_id: Annotated[str | None, _REPORT] = None
    password: Annotated[str | None, _PASSWORD] = None
    expires_at: Annotated[str | None, _EXPIRES] = None
    embeddable: Annotated[bool, _EMBEDDABLE] = False


def _to_wire(view: SharedView, key_names: dict[str, str], now_ms: int) -> SharedViewShown:
    return SharedViewShown(
        id=view.id,
        name=view.name,
        code_id=view.code_id,
        report_id=view.report_id,
        has_password=view.password is not None,
        expires_at=_time(view.expires_at_ms),
        embeddable=view.embeddable,
        created_at=second(view.created_at_ms),
        created_by=key_names.get(view.created_by, ""),
        opened_at=_time(view.opened_at_ms),
        status="active" if view.expires_at_ms is None or now_ms < view.expires_at_ms else "expired",
    )


def _time(ms: int | None) -> str | None:
    return None if ms is None else second(ms)


async def list_shared_views(call: Call) -> Response:
    redis, workspace = call.context.codes.redis, call.key.workspace
    names = {key.id: key.name for key in await apikeys.list_keys(redis, workspace)}
    found = await shared_views.list_views(redis, workspace)
    return Json(SharedViewsShown([_to_wire(view, names, call.context.now_ms()) for view in found]))


async def create_shared_view(call: Call) -> Response:
    sent = convert(await read_object(call.request), NewSharedView, READ_ONLY)
    redis, workspace = call.context.codes.redis, call.key.workspace
    await _check_shown(call, sent)
    expires = None if sent.expires_at is None else timestamps.parse(sent.expires_at, "expires_at")
    if sent.password is not None:
        passwords.check(sent.password)
    # A repeated request makes the same link: its token is derived from what only this caller knows.
    token = None
    if call.attempt is not None:
        own = bearer(call.request) or session_cookie.read(call.request, call.context) or ""
        token = apikeys.derive_secret(call.attempt.seed, own).removeprefix(apikeys.PREFIX)
    view, token = await shared_views.create(
        redis,
        workspace,
        sent.name,
        plans=call.context.codes.plans,
        created_by=call.key.id,
        code_id=sent.code_id,
        report_id=sent.report_id,
        password=None if sent.password is None else await passwords.hash_password(sent.password),
        expires_at_ms=expires,
        embeddable=sent.embeddable,
        id=call.id(),
        token=token,
        now_ms=call.context.now_ms,
    )
    shown = msgspec.structs.asdict(_to_wire(view, {call.key.id: call.key.name}, call.context.now_ms()))
    return Json(SharedViewMade(**shown, url=f"{call.context.settings.api_url}/shared/{token}"), 201)


async def _check_shown(call: Call, sent: NewSharedView) -> None:
    """Raises Problem (400), and Refused for a report that cannot be shown."""
    if (sent.code_id is None) == (sent.report_id is None):
        raise invalid("code_id", "send either code_id or report_id")
    if sent.code_id is not None:
        code = await call.context.codes.get(call.key.workspace, sent.code_id) if is_id(sent.code_id) else None
        if code is None:
            raise invalid("code_id", "there is no code with this id")
    if sent.report_id is not None:
        report = await reports.get(call.context.codes.redis, call.key.workspace, sent.report_id)
        if report is None:
            raise invalid("report_id", "there is no report with this id")
        check_report(report.query, "report_id")


async def revoke_shared_view(call: Call) -> Response:
    if not await shared_views.end(call.context.codes.redis, call.key.workspace, call.request.path_params["id"]):
        raise not_found("there is no shared view with this id")
    return Json(Deleted())


NEW_SHARED_VIEW = {
    "name": "Posters of May",
    "code_id": "0b8f4bd8-4d1f-4f0f-9a3e-1f6f6d1c2b10",
    "password": "for the agency",
    "expires_at": "2026-06-30T22:00:00Z",
    "embeddable": False,
}
SHARED_VIEW = {
    "id": "c2b7f0a4-8a55-4d0a-b1cf-0f4b1a7e9d21",
    "name": "Posters of May",
    "code_id": "0b8f4bd8-4d1f-4f0f-9a3e-1f6f6d1c2b10",
    "report_id": None,
    "has_password": True,
    "expires_at": "2026-06-30T22:00:00Z",
    "embeddable": False,
    "created_at": "2026-05-21T15:00:00Z",
    "created_by": "office",
    "opened_at": None,
    "status": "active",
}
SHARED_VIEWS = {"shared_views": [SHARED_VIEW]}
SHARED_VIEW_MADE = {**SHARED_VIEW, "url": "https://go.example.com/shared/3kD8vQxT7mWbYcHs2nLrEaZpJ4gFuK9V"}

ROUTES = (
    Route(
        method="GET",
        path="/v1/shared-views",
        scope="read",
        summary="List shared views",
        description="Without their links, which are not stored.",
        handler=list_shared_views,
        status=200,
        answer=SharedViewsShown,
        example=SHARED_VIEWS,
    ),
    Route(
        method="POST",
        path="/v1/shared-views",
        scope="write",
        summary="Share a view",
        description="Makes a read-only link to the scans of one code, or to the answer of one report. Whoever has the "
        "link (and its password) sees these numbers and nothing else of the workspace. Only this answer has the link.",
        handler=create_shared_view,
        status=201,
        answer=SharedViewMade,
        body=NewSharedView,
        sent=NEW_SHARED_VIEW,
        ignored=READ_ONLY,
        problems=(400,),
        example=SHARED_VIEW_MADE,
        creates=True,
        remembered=False,
    ),
    Route(
        method="DELETE",
        path="/v1/shared-views/{id}",
        scope="write",
        summary="Revoke a shared view",
        description="The link and all who have it open are refused from the next request on.",
        handler=revoke_shared_view,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404,),
        example=examples.DELETED,
    ),
)
