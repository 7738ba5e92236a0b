"""`GET /api/qr/codes`: a workspace's codes, newest first, by position."""

import re

from starlette.requests import Request
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.exaroutes import data, examples
from api.dialects.exaroutes.schemas import QrCodePage, QrPagination, qr_code
from api.parameters import Parameter
from api.problems import invalid
from api.responses import Json
from schemas.code import Code

READ_AT_ONCE = 500
_STATUS = {"active": "active", "inactive": "paused"}
_cursor = re.compile(r"[0-9]{1,15}", re.ASCII)

LIMIT = Parameter.integer("limit", "How many codes at most.", 25, 1, 100)
CURSOR = Parameter("cursor", "query", "The `nextCursor` of the page before.", {"type": "string", "default": "0"})
TYPE = Parameter("type", "query", "Only codes of this `dataType`.", {"type": "string", "enum": list(data.TYPES)})
STATUS = Parameter("status", "query", "Only codes of this status.", {"type": "string", "enum": list(_STATUS)})


async def list_qr_codes(call: Call) -> Response:
    limit = LIMIT.read(call.request)
    cursor = call.request.query_params.get("cursor", "0")
    if not _cursor.fullmatch(cursor):
        raise invalid("cursor", "cursor must be the nextCursor of an earlier answer")
    type, status = _one_of(call.request, "type", data.TYPES), _one_of(call.request, "status", _STATUS)
    start = int(cursor)
    if type is None and status is None:
        total = await call.context.codes.count(call.key.workspace)
        found = await call.context.codes.part(call.key.workspace, start, limit)
    else:
        found, total = await _filtered(call, start, limit, type, status)
    following = str(start + limit) if start + limit < total else None
    base = call.context.settings.short_url
    return Json(QrCodePage([qr_code(code, base) for code in found], QrPagination(total, limit, str(start), following)))


def _one_of(request: Request, name: str, choices: tuple[str, ...] | dict[str, str]) -> str | None:
    value = request.query_params.get(name)
    if value is not None and value not in choices:
        raise invalid(name, f"{name} must be one of: {', '.join(choices)}")
    return value


async def _filtered(call: Call, start: int, limit: int, type: str | None, status: str | None) -> tuple[list[Code], int]:
    """One page, and how many there are: each code of the workspace is looked at for that."""
    page: list[Code] = []
    total, before = 0, None
    while True:
        read = await call.context.codes.page(call.key.workspace, READ_AT_ONCE, before)
        for code in read:
            if (type is None or data.shown_type(code.type) == type) and (
                status is None or code.status == _STATUS[status]
            ):
                if start <= total < start + limit:
                    page.append(code)
                total += 1
        if len(read) < READ_AT_ONCE:
            return page, total
        before = read[-1].number


ROUTES = (
    Route(
        method="GET",
        path="/api/qr/codes",
        scope="read",
        summary="List QR codes",
        description="Every dynamic code of the workspace, whichever API made it, newest first.",
        handler=list_qr_codes,
        status=200,
        answer=QrCodePage,
        parameters=(LIMIT, CURSOR, TYPE, STATUS),
        problems=(400,),
        example=examples.PAGE,
    ),
)
