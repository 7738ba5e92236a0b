"""Pages of a workspace's codes, newest first, by cursor.

A cursor is the number of the last code read, so a page stays right when codes come and go.
"""

import re

import msgspec

from api.dialect import Call
from api.parameters import Parameter
from api.problems import invalid
from codes import search
from schemas.code import Code

LIMIT = Parameter.integer("limit", "How many codes at most.", 200, 1, 500)
CURSOR = Parameter("cursor", "query", "The `next_cursor` of the page before.", {"type": "string"})
TAG = Parameter(
    "tag",
    "query",
    "Only codes with this tag; if it is repeated, codes with all of the tags. A page may then hold fewer than `limit`, "
    "or none, before the last: go on while `next_cursor` is not null.",
    {"type": "string"},
)
FOLDER = Parameter("folder_id", "query", "Only codes in this folder; pages as with `tag`.", {"type": "string"})
QUERY = Parameter(
    "q",
    "query",
    "Only codes that have each of these words in their label, slug, aliases, destination or tags; case does not "
    "matter; pages as with `tag`.",
    {"type": "string", "maxLength": search.MAX_QUERY},
)
STATUS = Parameter(
    "status", "query", "Only codes with this status; pages as with `tag`.", {"enum": ["active", "paused"]}
)
MAX_IDS = 100
IDS = Parameter(
    "id",
    "query",
    f"Only codes with these ids, at most {MAX_IDS}, in the order in which they are named, on one page. Other filters "
    "hold, too; what is no code of the workspace is left out.",
    {"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": MAX_IDS},
)
# How many codes one request reads at most, so that a rare tag does not hold up everyone else.
MAX_READ = 5_000
READ_AT_ONCE = 500

_cursor = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


class Filter(msgspec.Struct, frozen=True):
    """What a code must have to be listed."""

    tags: frozenset[str]
    folder: str | None
    words: tuple[str, ...]
    status: str | None

    @property
    def is_open(self) -> bool:
        return not self.tags and self.folder is None and not self.words and self.status is None

    def matches(self, code: Code) -> bool:
        return (
            self.tags <= set(code.tags)
            and self.folder in (None, code.folder_id)
            and self.status in (None, code.status)
            and search.matches(code, self.words)
        )


def sent_filter(call: Call) -> Filter:
    query = call.request.query_params
    folder = query.get("folder_id")
    tags = frozenset(tag.strip().lower() for tag in query.getlist("tag"))
    status = query.get("status")
    if status not in (None, "active", "paused"):
        raise invalid("status", "status must be active or paused")
    return Filter(tags, None if folder is None else folder.lower(), search.words(query.get("q", "")), status)


def sent_ids(call: Call) -> list[str]:
    """The ids that were asked for, each once. Raises Problem (400)."""
    ids = list(dict.fromkeys(call.request.query_params.getlist("id")))
    if len(ids) > MAX_IDS:
        raise invalid("id", f"at most {MAX_IDS} ids, not {len(ids)}")
    return ids


def sent_cursor(call: Call) -> int | None:
    """The number that the page continues below, None for the first page. Raises Problem (400)."""
    cursor = call.request.query_params.get("cursor")
    if cursor is None:
        return None
    if not _cursor.fullmatch(cursor):
        raise invalid("cursor", "cursor must be the next_cursor of an earlier answer")
    return int(cursor)


async def read_page(call: Call, limit: int, before: int | None, wanted: Filter) -> tuple[list[Code], str | None]:
    """At most `limit` codes that match, and the cursor of the next page, None on the last."""
    page: list[Code] = []
    read = 0
    while True:
        # One more than is shown tells whether another page follows.
        size = limit + 1 if wanted.is_open else READ_AT_ONCE
        codes = await call.context.codes.page(call.key.workspace, size, before)
        for code in codes:
            if wanted.matches(code):
                if len(page) == limit:
                    return page, str(page[-1].number)
                page.append(code)
            before = code.number
        read += len(codes)
        if len(codes) < size:
            return page, None
        if read >= MAX_READ:
            return page, str(before)
