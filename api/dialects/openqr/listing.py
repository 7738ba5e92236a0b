"""`GET /v1/dynamic`: a workspace's codes, newest first, a page at a time."""

import re

from starlette.responses import Response

from api.answers import Json
from api.dialect import Call, Parameter, Route
from api.dialects.openqr import examples
from api.dialects.openqr.shapes import DynamicCodePage, dynamic_code
from api.errors import invalid
from api.input import whole
from schemas.code import Code

LIMIT = Parameter(
    "limit",
    "query",
    "How many codes at most. Brought into 1–500.",
    {"type": "integer", "default": 200, "minimum": 1, "maximum": 500},
)
CURSOR = Parameter("cursor", "query", "The `next_cursor` of the page before.", {"type": "string"})
TAG = Parameter(
    "tag",
    "query",
    "Only codes with this tag; given more than once, with all of them. A page may then hold fewer than `limit`, "
    "or none, before the last: go on while `next_cursor` is not null.",
    {"type": "string"},
)
FOLDER = Parameter("folder_id", "query", "Only codes that are filed there; pages as with `tag`.", {"type": "string"})
# How many codes one filtered page looks through, so that a rare tag does not hold up everyone else.
LOOKS = 5_000
READ_AT_ONCE = 500

_cursor = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


async def list_codes(call: Call) -> Response:
    limit = whole(call.request, "limit", 200, 1, 500)
    before = _before(call.request.query_params.get("cursor"))
    tags = {tag.strip().lower() for tag in call.request.query_params.getlist("tag")}
    folder = call.request.query_params.get("folder_id")
    if folder is not None:
        folder = folder.lower()
    codes, more = await _page(call, limit, before, tags, folder)
    base = call.context.settings.short_url
    return Json(DynamicCodePage([dynamic_code(code, base) for code in codes], more))


def _before(cursor: str | None) -> int | None:
    """A cursor is the number of the last code shown, so a page stays right when codes come and go."""
    if cursor is None:
        return None
    if not _cursor.fullmatch(cursor):
        raise invalid("cursor", "cursor must be the next_cursor of an earlier answer")
    return int(cursor)


async def _page(
    call: Call, limit: int, before: int | None, tags: set[str], folder: str | None
) -> tuple[list[Code], str | None]:
    """At most `limit` codes that have all `tags` and are in the `folder`, and the cursor of what follows them, if
    anything does."""
    found: list[Code] = []
    looked = 0
    while True:
        # One more than is shown tells whether another page follows.
        size = limit + 1 if not tags and folder is None else READ_AT_ONCE
        read = await call.context.codes.page(call.key.workspace, size, before)
        for code in read:
            if tags <= set(code.tags) and folder in (None, code.folder_id):
                if len(found) == limit:
                    return found, str(found[-1].number)
                found.append(code)
            before = code.number
        looked += len(read)
        if len(read) < size:
            return found, None
        if looked >= LOOKS:
            return found, str(before)


ROUTES = (
    Route(
        method="GET",
        path="/v1/dynamic",
        scope="read",
        summary="List codes",
        description="The workspace's codes, newest first, whoever made them.",
        handler=list_codes,
        status=200,
        answer=DynamicCodePage,
        parameters=(LIMIT, CURSOR, TAG, FOLDER),
        problems=(400,),
        example=examples.PAGE,
    ),
)
