"""`GET /v1/dynamic`: a workspace's codes, newest first, a page at a time."""

import re

import msgspec
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.schemas import DynamicCodePage, dynamic_code
from api.parameters import Parameter
from api.problems import invalid
from api.responses import Json
from codes import search
from schemas.code import Code

LIMIT = Parameter.integer("limit", "How many codes at most.", 200, 1, 500)
CURSOR = Parameter("cursor", "query", "The `next_cursor` of the page before.", {"type": "string"})
TAG = Parameter(
    "tag",
    "query",
    "Only codes with this tag; given more than once, with all of them. A page may then hold fewer than `limit`, "
    "or none, before the last: go on while `next_cursor` is not null.",
    {"type": "string"},
)
FOLDER = Parameter("folder_id", "query", "Only codes that are filed there; pages as with `tag`.", {"type": "string"})
QUERY = Parameter(
    "q",
    "query",
    "Only codes whose label, slug, aliases, destination or tags have each of these words in them, in capitals or not; "
    "pages as with `tag`.",
    {"type": "string", "maxLength": search.MAX_QUERY},
)
# How many codes one filtered page looks through, so that a rare tag does not hold up everyone else.
LOOKS = 5_000
READ_AT_ONCE = 500

_cursor = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


class _Filter(msgspec.Struct, frozen=True):
    """What a code must have to be listed."""

    tags: frozenset[str]
    folder: str | None
    words: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        return not self.tags and self.folder is None and not self.words

    def takes(self, code: Code) -> bool:
        return (
            self.tags <= set(code.tags) and self.folder in (None, code.folder_id) and search.matches(code, self.words)
        )


async def list_codes(call: Call) -> Response:
    query = call.request.query_params
    limit = LIMIT.read(call.request)
    before = cursor_of(query.get("cursor"))
    folder = query.get("folder_id")
    tags = frozenset(tag.strip().lower() for tag in query.getlist("tag"))
    wanted = _Filter(tags, None if folder is None else folder.lower(), search.words(query.get("q", "")))
    codes, more = await _page(call, limit, before, wanted)
    base = call.context.settings.short_url
    return Json(DynamicCodePage([dynamic_code(code, base) for code in codes], more))


def cursor_of(cursor: str | None) -> int | None:
    """A cursor is the number of the last code shown, so a page stays right when codes come and go."""
    if cursor is None:
        return None
    if not _cursor.fullmatch(cursor):
        raise invalid("cursor", "cursor must be the next_cursor of an earlier answer")
    return int(cursor)


async def _page(call: Call, limit: int, before: int | None, wanted: _Filter) -> tuple[list[Code], str | None]:
    """At most `limit` codes that are wanted, and the cursor of what follows them, if anything does."""
    found: list[Code] = []
    looked = 0
    while True:
        # One more than is shown tells whether another page follows.
        size = limit + 1 if wanted.is_open else READ_AT_ONCE
        read = await call.context.codes.page(call.key.workspace, size, before)
        for code in read:
            if wanted.takes(code):
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
        description="The workspace's codes, newest first, whoever made them. A page of a filtered list looks through "
        f"{LOOKS:,} codes.",
        handler=list_codes,
        status=200,
        answer=DynamicCodePage,
        parameters=(LIMIT, CURSOR, QUERY, TAG, FOLDER),
        problems=(400,),
        example=examples.PAGE,
    ),
)
