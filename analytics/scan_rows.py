"""Raw scans of a workspace: in pages, and as the rows of a file.

Both take the filters, kinds and dates of a question, and hold the scans that this question would count. A page's cursor
holds the bounds of the first page, and a file ends where scans may still be missing, so neither shows anything twice.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query import cursors, sql
from analytics.query.code_sets import CodeAttributes, nameless
from analytics.query.dates import resolve
from analytics.query.filters import Parameters, check_patterns, filters_sql, matcher
from analytics.query.grammar import Query
from analytics.query.refusal import TooLarge
from analytics.query.sql import Rows, rows_sql
from analytics.window import instant
from schemas.scan_record import FIELDS, RECORD_COLUMNS, ScanRecord, code_of, record_of

Order = Literal["newest", "oldest"]

# Files of no more rows are sorted by time: sorting takes memory.
SORTED_ROWS = 100_000
# The first part of time that a page looks at, how much longer each further one is, and how much time one page looks at.
# Then it ends, full or not.
_STEP_MS = 15 * 60 * 1000
_LONGER = 16
_PAGE_MS = 366 * 24 * 3600 * 1000
_LEAST_STEP_MS = 1000
# Scans of one millisecond have a fixed order, which says nothing of where they came from.
_TIE = "lower(hex(sipHash128(source, seq)))"
# Before and behind all of them.
_LOW, _HIGH = "", "~"


class Selection(msgspec.Struct, frozen=True):
    """Which scans. Dates are resolved at `now`. Scans from `complete_until` on are left out, since some may not be
    stored yet."""

    query: Query
    workspace: int
    now: datetime
    complete_until: datetime
    codes: CodeAttributes


class ScanPage(msgspec.Struct, frozen=True):
    scans: list[ScanRecord]
    next_cursor: str | None


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last scan that was shown, and the bounds of all pages."""

    digest: str
    start_ms: int
    end_ms: int
    at_ms: int
    tie: str
    step_ms: int


def page(client: Client, selection: Selection, *, order: Order, limit: int, cursor: str | None) -> ScanPage:
    """At most `limit` scans. It may hold fewer, or none, before the last page: where matching scans are rare, each page
    looks through a year. Blocks; raises Refused, and what clickhouse-connect raises."""
    check_patterns(client, selection.query.filters)
    digest = _digest(selection, order)
    at = _first(client, selection, digest, order) if cursor is None else _read(cursor, digest)
    found: list[Sequence[Any]] = []
    for start_ms, end_ms in _parts(at, order):
        parameters = Parameters()
        rows = _rows(client, selection, instant(start_ms), instant(end_ms), parameters)
        found += client.query(
            f"SELECT {_TIE} AS tie, toUnixTimestamp64Milli(ts) AS ms, {RECORD_COLUMNS} FROM scans "  # noqa: S608
            f"WHERE {rows_sql(rows, parameters)} AND "
            f"(ms, tie) {'<' if order == 'newest' else '>'} "
            f"({parameters.add(at.at_ms, 'Int64')}, {parameters.add(at.tie, 'String')}) "
            f"ORDER BY ms {_sorting(order)}, tie {_sorting(order)} LIMIT {limit + 1 - len(found)}",
            parameters=parameters.values,
        ).result_rows
        if len(found) > limit:
            break
    shown, more = found[:limit], len(found) > limit
    scans = [_record(row[2:], selection.codes) for row in shown]
    if more:
        tie, ms = shown[-1][:2]
        step_ms = max(_LEAST_STEP_MS, 2 * abs(shown[0][1] - ms))
        return ScanPage(scans, _write(msgspec.structs.replace(at, at_ms=ms, tie=tie, step_ms=step_ms)))
    if order == "newest" and start_ms > at.start_ms:
        return ScanPage(scans, _write(msgspec.structs.replace(at, at_ms=start_ms, tie=_LOW, step_ms=_PAGE_MS)))
    if order == "oldest" and end_ms < at.end_ms:
        return ScanPage(scans, _write(msgspec.structs.replace(at, at_ms=end_ms - 1, tie=_HIGH, step_ms=_PAGE_MS)))
    return ScanPage(scans, None)


class Contents(msgspec.Struct, frozen=True):
    """A SELECT whose rows are those of a file."""

    sql: str
    parameters: dict[str, Any]
    rows: int


def as_it_is(text: str) -> str:
    return text


def contents(client: Client, selection: Selection, *, most: int, escape: Callable[[str], str] = as_it_is) -> Contents:
    """The scans as rows of a file, with the fields of a ScanRecord as columns; up to SORTED_ROWS come oldest first.
    `escape` makes an expression for a text safe in that file. Blocks while it counts them; raises Refused, TooLarge for
    more than `most` rows, and what clickhouse-connect raises."""
    check_patterns(client, selection.query.filters)
    start, end = _span(client, selection)
    parameters = Parameters()
    where = rows_sql(_rows(client, selection, start, end, parameters), parameters)
    counts = client.query(
        f"SELECT code, count() FROM scans WHERE {where} GROUP BY code",  # noqa: S608
        parameters=parameters.values,
    ).result_rows
    total = sum(n for _, n in counts)
    if total > most:
        raise TooLarge("date_range", f"holds {total:,} scans, and one file may hold {most:,}: take a shorter one")
    ids = "\\n".join(f"{number}\\t{_id(number, selection.codes)}" for number, _ in counts)
    columns = ", ".join(_column(field, escape) for field in FIELDS)
    plain = ", ".join(field for field in FIELDS if field not in ("at", "code"))
    sorting = f"ORDER BY found.at, {_TIE}" if total <= SORTED_ROWS else ""
    found = f"SELECT ts AS at, code AS number, source, seq, {plain} FROM scans WHERE {where}"  # noqa: S608
    return Contents(
        f"SELECT {columns} FROM ({found}) AS found "  # noqa: S608
        f"INNER JOIN (SELECT number, id FROM format(TSV, 'number UInt64, id String', '{ids}')) AS ids "
        f"ON found.number = ids.number {sorting}",
        parameters.values,
        total,
    )


def _column(field: str, escape: Callable[[str], str]) -> str:
    if field == "at":
        return "found.at AS at"
    if field == "code":
        return "ids.id AS code"
    text = f"toLowCardinality(toString(found.{field}))" if field in ("kind", "outcome") else f"found.{field}"
    return f"{escape(text)} AS {field}"


def _span(client: Client, selection: Selection) -> tuple[datetime, datetime]:
    query, earliest = selection.query, None
    if query.date_range == "all" and (first := sql.first_scan(client, selection.workspace)) is not None:
        earliest = first.astimezone(query.zone).date()
    whole = resolve(query.date_range, query.zone, selection.now, earliest)
    return whole.start, max(whole.start, min(whole.end, selection.complete_until))


def _rows(client: Client, selection: Selection, start: datetime, end: datetime, parameters: Parameters) -> Rows:
    query = selection.query
    return Rows(
        workspace=selection.workspace,
        start=start,
        end=end,
        kinds=query.kinds,
        counted="scan:outcome" not in query.names(),
        condition=filters_sql(query.filters, parameters, selection.codes, matcher(client)),
    )


def _parts(at: _Cursor, order: Order) -> Iterator[tuple[int, int]]:
    """Parts of the time that is left, each longer than the one before: where scans are many, the first one has enough
    of them."""
    step_ms, looked_at = at.step_ms, 0
    start_ms, end_ms = at.start_ms, at.end_ms
    if order == "newest":
        end_ms = min(end_ms, at.at_ms + 1)
    else:
        start_ms = max(start_ms, at.at_ms)
    while True:
        step_ms = min(step_ms, _PAGE_MS - looked_at)
        if order == "newest":
            yield max(start_ms, end_ms - step_ms), end_ms
            end_ms -= step_ms
        else:
            yield start_ms, min(end_ms, start_ms + step_ms)
            start_ms += step_ms
        looked_at += step_ms
        step_ms *= _LONGER
        if start_ms >= end_ms or looked_at >= _PAGE_MS:
            return


def _first(client: Client, selection: Selection, digest: str, order: Order) -> _Cursor:
    start, end = _span(client, selection)
    start_ms, end_ms = round(start.timestamp() * 1000), round(end.timestamp() * 1000)
    at_ms, tie = (end_ms, _LOW) if order == "newest" else (start_ms, _LOW)
    return _Cursor(digest, start_ms, end_ms, at_ms, tie, _STEP_MS)


def _digest(selection: Selection, order: Order) -> str:
    asked = f"{cursors.digest(selection.query, selection.workspace)} {order} scans"
    return blake2b(asked.encode(), digest_size=9).hexdigest()


def _write(cursor: _Cursor) -> str:
    return cursors.seal(msgspec.json.encode(cursor))


def _read(text: str, expected: str) -> _Cursor:
    body = cursors.unseal(text, "cursor")
    try:
        found = msgspec.json.decode(body, type=_Cursor)
    except msgspec.DecodeError:
        raise cursors.belongs_elsewhere("cursor") from None
    if found.digest != expected:
        raise cursors.belongs_elsewhere("cursor")
    return found


def _sorting(order: Order) -> str:
    return "DESC" if order == "newest" else "ASC"


def _record(row: Sequence[Any], codes: CodeAttributes) -> ScanRecord:
    return record_of(row, _id(code_of(row), codes))


def _id(number: int, codes: CodeAttributes) -> str:
    return codes.id_of(number) or nameless(number)
