"""Answer a question."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query import cursors, sql
from analytics.query.asker import Asker
from analytics.query.both_ranges import read_both
from analytics.query.bounds import BOUNDS, Bounds
from analytics.query.breakdowns import Breakdown, everything
from analytics.query.breakdowns import read as read_breakdowns
from analytics.query.catalogue import DIMENSIONS
from analytics.query.code_sets import CodeAttributes
from analytics.query.cursors import Cursor
from analytics.query.dates import Range, compared, resolve
from analytics.query.erasures import undisturbed
from analytics.query.filter_grammar import filters_json
from analytics.query.filters import check_patterns
from analytics.query.grammar import Query
from analytics.query.keys import Label
from analytics.query.ordering import Comparison, Row, Value, change, sort_key
from analytics.query.periods import Labels, Period, read_period, read_same, remainder
from analytics.query.refusal import Refused
from analytics.query.sql import Group
from analytics.window import instant

T = TypeVar("T")


class Meta(msgspec.Struct, frozen=True, omit_defaults=True):
    """Scans before `complete_until` are counted, and all of them: so the answer is exact. `rows_read`: about how many
    scans were looked at one by one, because no sum knows the answer. `overlapping` are dimensions
    of which a scan may have several values, so that rows add up to more than their total."""

    exact: bool
    complete_until: datetime
    source: Literal["raw", "rollup"]
    rows_read: int
    total_rows: int | msgspec.UnsetType = msgspec.UNSET
    time_labels: list[Label] | msgspec.UnsetType = msgspec.UNSET
    overlapping: list[str] | msgspec.UnsetType = msgspec.UNSET
    next_cursor: str | None = None


class TopValues(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first rows by one dimension."""

    dimension: str
    results: list[Row]
    remainder: Row | msgspec.UnsetType = msgspec.UNSET
    total_rows: int | msgspec.UnsetType = msgspec.UNSET


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """`query` is the question as understood. `remainder` is one row of the scans that are on no page so far."""

    results: list[Row]
    meta: Meta
    query: dict[str, Any]
    remainder: Row | msgspec.UnsetType = msgspec.UNSET
    breakdowns: list[TopValues] | msgspec.UnsetType = msgspec.UNSET


def answer(
    client: Client,
    query: Query,
    *,
    workspace: int,
    now: datetime,
    complete_until: datetime,
    codes: CodeAttributes,
    bounds: Bounds = BOUNDS,
) -> Answer:
    """Scans from `complete_until` on, of which some may not be stored yet, are not counted. Blocks; raises Refused
    (TooLarge is one), Unavailable, and what clickhouse-connect raises."""
    _check(client, query)
    one = msgspec.structs.replace(query, breakdowns=())
    before: Cursor | None = None
    if query.cursor is not None:
        before = cursors.read(query.cursor, cursors.digest(query, workspace))
        now = instant(before.now_ms)
        complete_until = min(complete_until, instant(before.complete_until_ms))

    def read(sums: bool) -> Answer:
        asker = Asker(
            client, one, workspace=workspace, complete_until=complete_until, codes=codes, bounds=bounds, sums=sums
        )
        return _read(asker, query.breakdowns, now, before)

    return undisturbed(client, workspace, read)


def _read(asker: Asker, breakdowns: Sequence[str], now: datetime, before: Cursor | None) -> Answer:
    query = asker.query
    whole = _range(asker, now)
    earlier = None if query.compare is None else compared(whole, query.compare, query.zone)
    found = read_breakdowns(asker, breakdowns, whole, earlier, first=query.limit + 1)
    both = everything(found) or (None if earlier is None else read_both(asker, whole, earlier))
    if both is not None:
        period, then = both
        page = _page(asker, period, lambda _: then, before)
    else:
        first = query.limit + 1 + (0 if before is None else before.shown)
        period = read_period(asker, whole, first=first)
        page = _page(
            asker,
            period,
            lambda listed: None if earlier is None else read_same(asker, earlier, period, listed),
            before,
        )
    next_cursor = None
    if page.last is not None:
        moments = (round(now.timestamp() * 1000), int(asker.complete_until.timestamp() * 1000))
        next_cursor = cursors.write(Cursor(cursors.digest(query, asker.workspace), *moments, page.shown, page.last))
    tops = [_top_values(one) for one in found]
    return Answer(
        results=page.rows,
        meta=Meta(
            exact=True,
            complete_until=asker.complete_until,
            source="raw" if asker.raw else "rollup",
            rows_read=asker.rows_read,
            total_rows=_when(query.include.total_rows, period.rows),
            time_labels=_when(query.include.time_labels, period.labels),
            overlapping=[name for name in (*query.dimensions, *breakdowns) if DIMENSIONS[name].many] or msgspec.UNSET,
            next_cursor=next_cursor,
        ),
        query=_understood(query, breakdowns, whole, earlier),
        remainder=page.remainder,
        breakdowns=tops or msgspec.UNSET,
    )


class _Page(msgspec.Struct, frozen=True):
    """`shown`: how many rows are on pages so far; `last`: that of this one, if there are more."""

    rows: list[Row]
    shown: int
    last: Row | None
    remainder: Row | msgspec.UnsetType


def _page(
    asker: Asker, period: Period, earlier: Callable[[Sequence[Labels]], Period | None], before: Cursor | None
) -> _Page:
    """`earlier` reads what corresponds to the listed groups."""
    query = asker.query
    rows = [Row(labels, _metrics(query, group, period.total)) for labels, group in period.groups.items()]
    order = partial(sort_key, order_by=query.order_by, metrics=query.metrics, keys=period.keys)
    rows.sort(key=order)
    begin = 0 if before is None else bisect_right(rows, order(before.last), key=order)
    page = rows[begin : begin + query.limit]
    listed = [row.dimensions for row in rows[: begin + query.limit]]
    last = page[-1] if page and len(rows) > begin + len(page) else None
    rest: Row | None = None
    if query.include.remainder:
        rest = Row((), _metrics(query, remainder(asker, period, listed), period.total))
    then = earlier(listed)
    if then is not None:
        page = [_compared(query, row, period, then) for row in page]
        if rest is not None:
            counterparts = [one for labels in listed if (one := _counterpart(query, labels, period, then)) is not None]
            rest = _beside(query, rest, (), remainder(asker, then, counterparts), then.total)
    return _Page(page, len(listed), last, msgspec.UNSET if rest is None else rest)


def _top_values(one: Breakdown) -> TopValues:
    page = _page(one.asker, one.period, lambda _: one.then, None)
    count = _when(one.asker.query.include.total_rows, one.period.rows)
    return TopValues(one.dimension, page.rows, page.remainder, count)


def _check(client: Client, query: Query) -> None:
    check_patterns(client, query.filters)
    for name in (*query.dimensions, *query.breakdowns):
        if DIMENSIONS[name].many and query.include.remainder:
            raise Refused(
                "include.remainder",
                f"has no meaning by {name}, where a scan counts in several rows: leave it out, or filter on one value",
            )


def _range(asker: Asker, now: datetime) -> Range:
    query = asker.query
    earliest = None
    if query.date_range == "all" and (first := sql.first_scan(asker.client, asker.workspace)) is not None:
        earliest = first.astimezone(query.zone).date()
    return resolve(query.date_range, query.zone, now, earliest)


def _metrics(query: Query, group: Group, total: int) -> tuple[Value, ...]:
    values: dict[str, Value] = {
        "scans": group.scans,
        "visitors": group.visitors,
        "share": group.scans / total if total else 0.0,
        "last_scan": None if group.last_ms is None else instant(group.last_ms),
    }
    return tuple(values[name] for name in query.metrics)


def _counterpart(query: Query, labels: Labels, now: Period, then: Period) -> Labels | None:
    """The same in the earlier period: its first day for the first day. None where that has no such part of time."""
    time = query.time_dimension
    if time is None or time == "time:hour_of_week":
        return labels
    at = query.dimensions.index(time)
    nth = now.keys[at].rank(labels[at])
    assert isinstance(nth, int)
    return (*labels[:at], then.labels[nth], *labels[at + 1 :]) if nth < len(then.labels) else None


def _compared(query: Query, row: Row, now: Period, then: Period) -> Row:
    labels = _counterpart(query, row.dimensions, now, then)
    return row if labels is None else _beside(query, row, labels, then.at(labels), then.total)


def _beside(query: Query, row: Row, labels: Labels, group: Group, total: int) -> Row:
    metrics = _metrics(query, group, total)
    changes = tuple(change(*pair) for pair in zip(row.metrics, metrics, strict=True))
    return msgspec.structs.replace(row, comparison=Comparison(labels, metrics, changes))


def _when(asked: bool, value: T) -> T | msgspec.UnsetType:
    return value if asked else msgspec.UNSET


def _understood(query: Query, breakdowns: Sequence[str], whole: Range, earlier: Range | None) -> dict[str, Any]:
    return {
        "metrics": list(query.metrics),
        "date_range": whole.json(query.zone),
        "timezone": query.timezone,
        "dimensions": list(query.dimensions),
        **({"breakdowns": list(breakdowns)} if breakdowns else {}),
        "filters": filters_json(query.filters),
        "kinds": list(query.kinds),
        "compare": None if earlier is None else earlier.json(query.zone),
        "order_by": [list(one) for one in query.order_by],
        "include": msgspec.structs.asdict(query.include),
        "pagination": {"limit": query.limit, "cursor": query.cursor},
    }
