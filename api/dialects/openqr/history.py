"""`GET /v1/dynamic/{id}/history`: what was changed of a code, when and by whom."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import code_examples, to_wire
from api.dialects.openqr.lookup import ID, find_code
from api.parameters import Parameter
from api.problems import invalid
from api.responses import Json
from api.timestamps import second
from codes import apikeys, history
from codes.timestamps import format_ms
from codes.variants import key_in_set
from schemas import scan_options
from schemas.code import Code

LIMIT = Parameter.integer("limit", "How many edits at most.", 50, 1, history.KEPT)
CURSOR = Parameter("cursor", "query", "The `next_cursor` of the page before.", {"type": "string"})
# Names of fields in `/v1`, where they differ.
_NAMES = {"host": "domain", "starts_at_ms": "starts_at", "expires_at_ms": "expires_at", "password": "has_password"}


class Actor(msgspec.Struct, frozen=True):
    key_id: str
    name: Annotated[str, Meta(description="The name of the key, as it was then.")]
    session: Annotated[bool, Meta(description="In the dashboard, signed in by this key.")]


class CodeChange(msgspec.Struct, frozen=True):
    field: Annotated[str, Meta(description="A field of a code; of the password only whether there is one.")]
    old: Annotated[Any, Meta(description="As it was.")]
    new: Annotated[Any, Meta(description="As it was then made.")]
    kept: Annotated[bool, Meta(description="False where the values were too large to keep: then both are null.")]


class CodeEdit(msgspec.Struct, frozen=True):
    at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    by: Annotated[Actor | None, Meta(description="Null: Waymark itself.")]
    changes: list[CodeChange]


class Creation(msgspec.Struct, frozen=True):
    at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    key_id: str | None
    name: Annotated[str | None, Meta(description="The key's name of now; null if it is gone.")]


class CodeHistory(msgspec.Struct, frozen=True):
    edits: Annotated[list[CodeEdit], Meta(description=f"The latest first; the last {history.KEPT} are kept.")]
    next_cursor: Annotated[str | None, Meta(description="Send it as `cursor` for the next page; null on the last.")]
    created: Creation


def _shown(code: Code, field: str, value: Any) -> Any:
    """A value of a field of `schemas.code.Code`, as `/v1` shows it."""
    match field:
        case "starts_at_ms" | "expires_at_ms":
            return None if value is None else format_ms(value)
        case "host":
            return value or None
        case "rules":
            rules = msgspec.convert(value, list[scan_options.Rule])
            return [to_wire.rule(one, key_in_set(code, one.key)) for one in rules]
        case "variants":
            variants = msgspec.convert(value, list[scan_options.Variant])
            return [to_wire.variant(one, key_in_set(code, one.key)) for one in variants]
        case "apps":
            return to_wire.app_links(None if value is None else msgspec.convert(value, scan_options.Apps))
        case "utm":
            return {name.removeprefix("utm_"): text for name, text in value.items()}
    return value


def _change(code: Code, one: history.Change) -> CodeChange:
    name = _NAMES.get(one.field, one.field)
    if not one.kept:
        return CodeChange(name, None, None, kept=False)
    return CodeChange(name, _shown(code, one.field, one.old), _shown(code, one.field, one.new), kept=True)


def _edit(code: Code, entry: history.Entry) -> CodeEdit:
    by = None if entry.by is None else Actor(entry.by.key, entry.by.name, entry.by.session)
    return CodeEdit(format_ms(entry.at_ms), by, [_change(code, one) for one in entry.changes])


async def read_history(call: Call) -> Response:
    limit, cursor = LIMIT.read(call.request), call.request.query_params.get("cursor")
    if cursor is not None and not history.is_position(cursor):
        raise invalid("cursor", "cursor must be the next_cursor of a page")
    code = await find_code(call)
    redis = call.context.codes.redis
    found = await history.read(redis, code, limit + 1, cursor)
    shown, more = found[:limit], len(found) > limit
    names = {key.id: key.name for key in await apikeys.list_keys(redis, code.workspace)} if code.created_by else {}
    return Json(
        CodeHistory(
            edits=[_edit(code, one.entry) for one in shown],
            next_cursor=shown[-1].position if more else None,
            created=Creation(second(code.created_at_ms), code.created_by or None, names.get(code.created_by)),
        )
    )


ROUTES = (
    Route(
        method="GET",
        path="/v1/dynamic/{id}/history",
        scope="read",
        summary="Read what was changed of a code",
        description="Every edit, by any API, with the values before and after. It is written in the same step as the "
        "edit, and deleted with the code.",
        handler=read_history,
        status=200,
        answer=CodeHistory,
        parameters=(ID, LIMIT, CURSOR),
        problems=(400, 404),
        example=code_examples.HISTORY,
    ),
)
