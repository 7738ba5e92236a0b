"""`GET /v1/tags`: the tags of a workspace's codes, with counts."""

from collections import Counter
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr.pagination import CURSOR, MAX_READ, READ_AT_ONCE, sent_cursor
from api.parameters import Parameter
from api.responses import Json

_CURSOR = Parameter(CURSOR.name, "query", "The `next_cursor` of the part before.", CURSOR.schema)


class TagCount(msgspec.Struct, frozen=True):
    tag: str
    codes: Annotated[int, Meta(description="How many of the codes read have it.")]


class TagCounts(msgspec.Struct, frozen=True):
    tags: Annotated[list[TagCount], Meta(description="The commonest first.")]
    next_cursor: Annotated[
        str | None,
        Meta(description="Send it as `cursor` for the next part, and add the counts up; null on the last."),
    ]


async def list_tags(call: Call) -> Response:
    before = sent_cursor(call)
    counts: Counter[str] = Counter()
    read = 0
    while True:
        codes = await call.context.codes.page(call.key.workspace, READ_AT_ONCE, before)
        for code in codes:
            counts.update(code.tags)
            before = code.number
        read += len(codes)
        if len(codes) < READ_AT_ONCE or read >= MAX_READ:
            break
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    more = str(before) if len(codes) == READ_AT_ONCE else None
    return Json(TagCounts([TagCount(tag, n) for tag, n in ranked], more))


ROUTES = (
    Route(
        method="GET",
        path="/v1/tags",
        scope="read",
        summary="List tags",
        description=f"The tags of the workspace's codes, and how many codes have each: of the newest {MAX_READ:,} "
        "codes, with a cursor to the next where there are more.",
        handler=list_tags,
        status=200,
        answer=TagCounts,
        parameters=(_CURSOR,),
        problems=(400,),
        example={"tags": [{"tag": "spring", "codes": 12}, {"tag": "poster", "codes": 3}], "next_cursor": None},
    ),
)
