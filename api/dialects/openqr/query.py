"""`POST /v1/query`, `GET /v1/analytics` and `GET /v1/query/schema`: questions about any set of codes."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from starlette.responses import Response

from analytics.imported import ImportedBeside
from analytics.query import bounds
from analytics.query.answer import Answer, TopValues
from analytics.query.catalogue import DIMENSIONS, JUNCTIONS, METRICS, OPERATORS
from analytics.query.ordering import Row, Value
from analytics.query.refusal import Refused
from analytics.scan_rows import as_it_is
from api import query_parameters, questions
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.query_schemas import (
    NamedThing,
    QueriedCode,
    QueryAnswer,
    QueryBounds,
    QueryBreakdown,
    QueryComparison,
    QueryDimension,
    QueryImported,
    QueryMeta,
    QueryRequest,
    QueryRow,
    QuerySchema,
)
from api.exports import FileDownload
from api.file_formats import MEDIA, QUERY_FORMAT, chosen
from api.parsing import read_object
from api.query_files import file_of
from api.questions import Asked
from api.responses import Json, link_base
from codes.csv_safety import escape_formulas_sql
from codes.timestamps import format_ms
from schemas.event import KINDS, OUTCOMES

DATE_RANGES = {
    "today": "The day so far.",
    "7d": "The last seven days, today the last; so for any number of days.",
    "month": "The calendar month so far.",
    "12mo": "The last twelve calendar months, this one the last; so for any number of months.",
    "year": "The calendar year so far.",
    "all": "From the first scan on.",
    "[from, to]": "Two dates, both included; or two instants, the second not.",
}
COMPARISONS = {
    "previous_period": "The same number of days (or months) right before.",
    "year_over_year": "The same days a year before.",
    "[from, to]": "As a date range.",
}


async def query_scans(call: Call) -> Response:
    return await respond(call, await read_object(call.request))


async def query_by_address(call: Call) -> Response:
    sent = [one for one in call.request.query_params.multi_items() if one[0] != QUERY_FORMAT.name]
    return await respond(call, query_parameters.question(sent))


async def respond(call: Call, question: dict[str, object]) -> Response:
    """The answer in the format that the caller wants: JSON, or a file of its rows."""
    format = chosen(call.request, "json")
    if format is None:
        return Json(await answered(call, question))
    if question.get("breakdowns"):
        raise Refused("breakdowns", "are several tables, and a file has one: ask for JSON, or for dimensions")
    asked = await questions.ask(call.context, call.key.workspace, question, whole=True)
    escape = escape_formulas_sql if format.name == "csv" else as_it_is
    name = f"answer-{call.context.now():%Y-%m-%d}"
    return FileDownload(call.context.exports, file_of(asked.answer, escape), format, name)


async def answered(call: Call, question: dict[str, object]) -> QueryAnswer:
    """The answer to a question of the caller's workspace. Raises what `questions.ask` does."""
    asked = await questions.ask(call.context, call.key.workspace, question)
    return to_wire(asked, call.context.settings.short_url)


def to_wire(asked: Asked, short_base: str) -> QueryAnswer:
    found: Answer = asked.answer
    meta = found.meta
    return QueryAnswer(
        results=[_row(row) for row in found.results],
        remainder=_rest(found.remainder),
        breakdowns=[
            QueryBreakdown(
                one.dimension, [_row(row) for row in one.results], _rest(one.remainder), _number(one.total_rows)
            )
            for one in _breakdowns(found)
        ],
        meta=QueryMeta(
            exact=meta.exact and asked.complete_until is not None,
            complete_until=None if asked.complete_until is None else _time(asked.complete_until),
            source=meta.source,
            total_rows=_number(meta.total_rows),
            time_labels=meta.time_labels if isinstance(meta.time_labels, list) else None,
            overlapping=meta.overlapping if isinstance(meta.overlapping, list) else [],
            next_cursor=meta.next_cursor,
            codes=_codes(asked, short_base),
            imported=_imported(asked.imported),
        ),
        query=found.query,
    )


def _breakdowns(found: Answer) -> list[TopValues]:
    return found.breakdowns if isinstance(found.breakdowns, list) else []


def _rest(row: Row | msgspec.UnsetType) -> QueryRow | None:
    return _row(row) if isinstance(row, Row) else None


def _number(value: int | msgspec.UnsetType) -> int | None:
    return value if isinstance(value, int) else None


def _imported(found: ImportedBeside) -> QueryImported | None:
    return QueryImported(found.scans, found.undated, found.services) if found.services else None


def _row(row: Row) -> QueryRow:
    compared = row.comparison
    return QueryRow(
        dimensions=list(row.dimensions),
        metrics=_metrics(row.metrics),
        comparison=None
        if compared is None
        else QueryComparison(list(compared.dimensions), _metrics(compared.metrics), list(compared.change)),
    )


def _metrics(values: Iterable[Value]) -> list[int | float | str | None]:
    return [_time(value) if isinstance(value, datetime) else value for value in values]


def _time(at: datetime) -> str:
    return format_ms(round(at.timestamp() * 1000))


def _codes(asked: Asked, short_base: str) -> dict[str, QueriedCode]:
    names = asked.answer.query["dimensions"]
    ids = [row.dimensions[names.index("code")] for row in asked.answer.results] if "code" in names else []
    for one in _breakdowns(asked.answer):
        if one.dimension == "code":
            ids += [row.dimensions[0] for row in one.results]
    found = {}
    for id in map(str, ids):
        number = asked.codes.table.by_id.get(id)
        if number is not None:
            code = asked.codes.table.rows[number]
            found[id] = QueriedCode(code.slug, code.label or None, f"{link_base(code.host, short_base)}/{code.slug}")
    return found


async def read_query_schema(call: Call) -> Response:
    plan = await call.context.codes.plan(call.key.workspace)
    return Json(
        QuerySchema(
            metrics=_named(METRICS),
            dimensions=[QueryDimension(one.name, one.about, one.filterable, one.many) for one in DIMENSIONS.values()],
            operators=_named(OPERATORS),
            junctions=_named(JUNCTIONS),
            date_ranges=_named(DATE_RANGES),
            comparisons=_named(COMPARISONS),
            kinds=list(KINDS),
            outcomes=list(OUTCOMES),
            bounds=QueryBounds(
                dimensions=bounds.DIMENSIONS,
                breakdowns=bounds.BREAKDOWNS,
                filters=bounds.CONDITIONS,
                depth=bounds.DEPTH,
                values=bounds.VALUES,
                texts=bounds.SEARCHES,
                limit=bounds.LIMIT,
                scans_read=plan.question_rows,
                groups=plan.question_groups,
            ),
        )
    )


def _named(things: Mapping[str, str]) -> list[NamedThing]:
    return [NamedThing(name, about) for name, about in things.items()]


_ABOUT = (
    "Counts scans of any set of the workspace's codes, by up to three dimensions, in any time zone. The answer is "
    "exact: what cannot be, or would read more than the workspace's plan allows, is refused with the field to change. "
    "Series have a row for each part of time, also without scans."
)

ROUTES = (
    Route(
        method="POST",
        path="/v1/query",
        scope="read",
        summary="Ask a question",
        description=_ABOUT,
        handler=query_scans,
        status=200,
        answer=QueryAnswer,
        body=QueryRequest,
        sent=examples.QUERY,
        parameters=(QUERY_FORMAT,),
        problems=(400,),
        example=examples.QUERY_ANSWER,
        files=MEDIA,
    ),
    Route(
        method="GET",
        path="/v1/query/schema",
        scope="read",
        summary="List what questions may name",
        description="Metrics, dimensions, operators, ranges of dates, and bounds.",
        handler=read_query_schema,
        status=200,
        answer=QuerySchema,
        example=examples.QUERY_SCHEMA,
    ),
    Route(
        method="GET",
        path="/v1/analytics",
        scope="read",
        summary="Ask a question in the address bar",
        description=f"`POST /v1/query` as parameters. {_ABOUT}",
        handler=query_by_address,
        status=200,
        answer=QueryAnswer,
        parameters=(*query_parameters.PARAMETERS, QUERY_FORMAT),
        problems=(400,),
        example=examples.QUERY_ANSWER,
        files=MEDIA,
    ),
)
