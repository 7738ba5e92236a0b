"""Pages of a workspace's codes, newest first; the cursor is the position as text."""

import re

import msgspec
from starlette.requests import Request

from api.dialect import Call
from api.dialects.exaroutes.data_types import TYPES, data_type
from api.parameters import Parameter
from api.problems import invalid
from schemas.code import Code

READ_AT_ONCE = 500
# Status here → the status of a code.
_STATUSES = {"active": "active", "inactive": "paused"}
_cursor = re.compile(r"[0-9]{1,15}", re.ASCII)

LIMIT = Parameter.integer("limit", "How many codes at most.", 25, 1, 100)
CURSOR = Parameter("cursor", "query", "The `nextCursor` of the page before.", {"type": "string", "default": "0"})
TYPE = Parameter("type", "query", "Only codes of this `dataType`.", {"type": "string", "enum": list(TYPES)})
STATUS = Parameter("status", "query", "Only codes of this status.", {"type": "string", "enum": list(_STATUSES)})


class Filter(msgspec.Struct, frozen=True):
    """What a code must have to be listed."""

    type: str | None
    status: str | None

    @property
    def is_open(self) -> bool:
        return self.type is None and self.status is None

    def matches(self, code: Code) -> bool:
        return (self.type is None or data_type(code.type) == self.type) and (
            self.status is None or code.status == _STATUSES[self.status]
        )


def sent_cursor(call: Call) -> int:
    """The position of the page's first code. Raises Problem (400)."""
    cursor = call.request.query_params.get("cursor", "0")
    if not _cursor.fullmatch(cursor):
        raise invalid("cursor", "cursor must be the nextCursor of an earlier answer")
    return int(cursor)


def sent_filter(call: Call) -> Filter:
    return Filter(_one_of(call.request, "type", TYPES), _one_of(call.request, "status", tuple(_STATUSES)))


def _one_of(request: Request, name: str, choices: tuple[str, ...]) -> str | None:
    value = request.query_params.get(name)
    if value is not None and value not in choices:
        raise invalid(name, f"{name} must be one of: {', '.join(choices)}")
    return value


async def read_page(call: Call, start: int, limit: int, wanted: Filter) -> tuple[list[Code], int]:
    """One page, and how many codes match. A filter reads every code of the workspace."""
    codes, workspace = call.context.codes, call.key.workspace
    if wanted.is_open:
        total = await codes.count(workspace)
        return await codes.part(workspace, start, limit), total
    page: list[Code] = []
    total, before = 0, None
    while True:
        read = await codes.page(workspace, READ_AT_ONCE, before)
        for code in read:
            if wanted.matches(code):
                if start <= total < start + limit:
                    page.append(code)
                total += 1
        if len(read) < READ_AT_ONCE:
            return page, total
        before = read[-1].number
