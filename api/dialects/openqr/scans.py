"""`GET /v1/scans` and `GET /v1/scans/export`: raw scans, in pages and as a file."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from analytics import scan_rows
from analytics.scan_rows import Order, contents, page
from api import scan_selection
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.exports import FileDownload
from api.file_formats import FORMAT, MEDIA, chosen
from api.parameters import Parameter
from api.problems import invalid
from api.responses import Json
from api.scan_selection import scan_query, selected
from codes.csv_safety import escape_formulas_sql
from codes.timestamps import format_ms
from schemas.scan_record import ScanRecord

LIMIT = Parameter.integer("limit", "How many scans at most.", 100, 1, 1_000)
CURSOR = Parameter("cursor", "query", "The `next_cursor` of the page before.", {"type": "string"})
ORDER = Parameter(
    "order", "query", "Which come first.", {"type": "string", "enum": ["newest", "oldest"], "default": "newest"}
)
_OWN = {"limit", "cursor", "order", "format"}


class ScanList(msgspec.Struct, frozen=True):
    scans: list[ScanRecord]
    next_cursor: Annotated[
        str | None,
        Meta(description="For the next page; null on the last. Scans that come in meanwhile are on none of them."),
    ]
    complete_until: Annotated[
        str | None,
        Meta(
            description="Scans before this are all there. Null when that is not known just now.",
            extra_json_schema={"format": "date-time"},
        ),
    ]


async def list_scans(call: Call) -> Response:
    limit, order = LIMIT.read(call.request), _order(call)
    selection = await _selection(call)
    found = await call.context.questions.ask(
        page, selection, order=order, limit=limit, cursor=call.request.query_params.get("cursor")
    )
    complete = call.context.complete_until()
    until = None if complete is None else format_ms(int(complete.timestamp() * 1000))
    return Json(ScanList(found.scans, found.next_cursor, until))


async def export_scans(call: Call) -> Response:
    format = chosen(call.request, "csv")
    assert format is not None
    selection = await _selection(call)
    plan = await call.context.codes.plan(call.key.workspace)
    found = await call.context.questions.ask(
        contents,
        selection,
        most=plan.export_rows,
        escape=escape_formulas_sql if format.name == "csv" else scan_rows.as_it_is,
    )
    return FileDownload(call.context.exports, found, format, f"scans-{selection.now:%Y-%m-%d}")


async def _selection(call: Call) -> scan_rows.Selection:
    sent = [(name, value) for name, value in call.request.query_params.multi_items() if name not in _OWN]
    return await selected(call.context, call.key.workspace, scan_query(sent))


def _order(call: Call) -> Order:
    asked = call.request.query_params.get("order", "newest")
    orders: dict[str, Literal["newest", "oldest"]] = {"newest": "newest", "oldest": "oldest"}
    if asked not in orders:
        raise invalid("order", "order must be newest or oldest")
    return orders[asked]


_WHICH = (
    "Scans of people that reached a destination or a page, or what `kinds` and the filters say: those that a question "
    "with the same parameters counts. Nothing in them identifies a visitor."
)

ROUTES = (
    Route(
        method="GET",
        path="/v1/scans",
        scope="read",
        summary="List scans",
        description=f"{_WHICH} A page may hold fewer than `limit` scans, or none, before the last: go on while "
        "`next_cursor` is not null.",
        handler=list_scans,
        status=200,
        answer=ScanList,
        parameters=(*scan_selection.PARAMETERS, ORDER, LIMIT, CURSOR),
        problems=(400,),
        example=examples.SCAN_LIST,
    ),
    Route(
        method="GET",
        path="/v1/scans/export",
        scope="read",
        summary="Download scans as a file",
        description=f"{_WHICH} CSV, NDJSON, Parquet or Arrow, streamed: an answer that ends before its last chunk is "
        "not whole. Up to 100,000 scans come oldest first, more in no particular order.",
        handler=export_scans,
        status=200,
        answer=None,
        parameters=(*scan_selection.PARAMETERS, FORMAT),
        problems=(400,),
        media=MEDIA,
    ),
)
