"""The queries that a question becomes."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query.filters import Parameters
from analytics.query.keys import UNNUMBERED, Grouping, Key
from analytics.query.planning import Interval, Piece
from analytics.query.sources import QUARTER_MS, RAW, Columns, Source, by_time
from schemas.event import COUNTED, KINDS, Kind


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Whose scans count, and which. `counted`: only those that reached a destination or a page; the sums hold no
    others."""

    workspace: int
    kinds: tuple[Kind, ...]
    counted: bool


class Rows(Scope, frozen=True, kw_only=True):
    """Rows of `scans`: those of [start, end) that meet the condition."""

    start: datetime
    end: datetime
    condition: str


class Measures(msgspec.Struct, frozen=True):
    """What is worked out of each group besides the number of scans."""

    visitors: bool = False
    last: bool = False


class Top(msgspec.Struct, frozen=True):
    """The first `rows` groups of an order, and those that are level with the last of them. `order` is SQL over k0, k1,
    …, n, visitors and last."""

    order: str
    rows: int


class Group(msgspec.Struct, frozen=True):
    """`keys` as the warehouse has them."""

    keys: tuple[Any, ...]
    scans: int
    visitors: int = 0
    last_ms: int | None = None


NO_SCANS = Group((), 0)


class Found(msgspec.Struct, frozen=True):
    """`total` and `rows` are of all groups, also of those that were not fetched. `unnumbered`: some value is shown as
    UNNUMBERED."""

    groups: list[Group]
    total: int
    rows: int
    unnumbered: bool


def rows_sql(rows: Rows, parameters: Parameters) -> str:
    """The condition on `scans`."""
    piece = Piece(RAW, ((milliseconds(rows.start), milliseconds(rows.end)),))
    return f"{_when(piece)} AND {_where(piece.source, rows, parameters)} AND ({rows.condition})"


def _where(source: Source, scope: Scope, parameters: Parameters, dimensions: Sequence[str] = ()) -> str:
    """Sums by value are those of the source's dimension, or of several."""
    parts = [f"workspace = {parameters.add(scope.workspace, 'UInt64')}"]
    if source.dimension is not None:
        names = [parameters.add(one, "String") for one in dimensions or (source.dimension,)]
        parts.append(f"dimension IN ({', '.join(names)})" if len(names) > 1 else f"dimension = {names[0]}")
    if len(scope.kinds) < len(KINDS):
        parts.append(_any("kind", scope.kinds))
    if source.kind == "raw":
        # (Unknown links are never counted, and have no code.)
        parts.append(_any("outcome", COUNTED) if scope.counted else "code != 0")
    return " AND ".join(parts)


def _any(column: str, values: Sequence[str]) -> str:
    """(Of a few numbers, quicker than a set.)"""
    return f"({' OR '.join(f'{column} = {value!r}' for value in values)})"


def _when(piece: Piece) -> str:
    if piece.source.moment == "_partition_id":
        months = ", ".join(f"'{month}'" for interval in piece.intervals for month in _months(interval))
        return f"_partition_id IN ({months})"
    return f"({' OR '.join(_between(piece.source, one) for one in piece.intervals)})"


def _months(interval: Interval) -> Iterator[str]:
    """Each month of whole months, as a partition is called."""
    day, end = (datetime.fromtimestamp(ms // 1000, UTC) for ms in interval)
    while day < end:
        yield f"{day:%Y%m}"
        day = (day + timedelta(days=32)).replace(day=1)


def _between(source: Source, interval: Interval) -> str:
    if source.step_ms == 0:
        start, end = (f"fromUnixTimestamp64Milli(toInt64({ms}), 'UTC')" for ms in interval)
    elif source.moment == "bucket":
        start, end = (f"toDateTime({ms // 1000}, 'UTC')" for ms in interval)
    else:
        start, end = (f"toDate('{datetime.fromtimestamp(ms // 1000, UTC).date()}')" for ms in interval)
    return f"{source.moment} >= {start} AND {source.moment} < {end}"


def groups(
    client: Client,
    pieces: Sequence[Piece],
    scope: Scope,
    keys: Sequence[Key],
    filters: Mapping[Columns, str],
    measures: Measures,
    parameters: Parameters,
    *,
    most: int,
    top: Top | None = None,
    threads: int = 1,
) -> Found:
    """One group for each combination of the keys, at most `most`; without keys one, also of no rows. `filters` has the
    condition for each source's columns."""
    alone = len(keys) == 1 and not measures.visitors
    groupings = [key.alone if alone and key.alone is not None else key.grouping for key in keys]
    parts = [
        _part(piece, _where(piece.source, scope, parameters), filters[piece.source.columns], groupings, measures)
        for piece in pieces
    ]
    names = [f"k{at}" for at in range(len(keys))]
    by = f"GROUP BY {', '.join(names)}" if keys else ""
    visitors = "uniqExactMerge(v)" if measures.visitors else "0"
    last = "max(l)" if measures.last else "0"
    # (An erasure may leave a sum of nothing.)
    shown = [f"{one.shown(f'b{at}')} AS k{at}" for at, one in enumerate(groupings)]
    columns = ", ".join([*shown, "sum(m) AS n", f"{visitors} AS visitors", f"{last} AS last"])
    query = f"SELECT {columns} FROM ({' UNION ALL '.join(parts)}) {by}"  # noqa: S608
    if keys:
        query += " HAVING n != 0"
    if top is None:
        query += f" LIMIT {most}"
    else:
        numbered = [name for name, key in zip(names, keys, strict=True) if key.numbered]
        unnumbered = f"has([{', '.join(numbered)}], {parameters.add(UNNUMBERED, 'String')})" if numbered else "0"
        windows = f"sum(n) OVER () AS total, count() OVER () AS groups, max({unnumbered}) OVER () AS unnumbered"
        query = (
            f"SELECT * FROM (SELECT *, {windows} FROM ({query})) "  # noqa: S608
            f"ORDER BY {top.order} LIMIT {top.rows} WITH TIES"
        )
    result = client.query(query, parameters=parameters.values, settings={"max_threads": threads})
    width = len(keys)
    found = [
        Group(tuple(row[:width]), row[width], row[width + 1], row[width + 2] if measures.last and row[width] else None)
        for row in result.result_rows
    ]
    if top is None:
        total = sum(group.scans for group in found)
        return Found(found, total, len(found), any(UNNUMBERED in group.keys for group in found))
    total, count, missing = result.result_rows[0][width + 3 :] if found else (0, 0, False)
    return Found(found, total, count, bool(missing))


def _part(piece: Piece, where: str, filters: str, groupings: Sequence[Grouping], measures: Measures) -> str:
    columns = [f"{one.base(piece.source.columns)} AS b{at}" for at, one in enumerate(groupings)]
    by = f"GROUP BY {', '.join(f'b{at}' for at in range(len(groupings)))}" if groupings else ""
    return _select([*columns, *_measured(piece.source, measures)], piece, where, filters, by)


def _measured(source: Source, measures: Measures) -> list[str]:
    """Scans as `m`, sets of visitors as `v`, the last one as `l`."""
    found = [f"{source.n} AS m"]
    if measures.visitors:
        found.append(f"{source.visitors} AS v")
    if measures.last:
        found.append(f"{source.last} AS l")
    return found


def _select(columns: Sequence[str], piece: Piece, where: str, filters: str, by: str) -> str:
    # What leaves the fewest rows is looked at first; the engine would take all conditions one after the other.
    months = piece.source.moment == "_partition_id"
    first, then = (filters, _when(piece)) if months else (_when(piece), filters)
    before = f"PREWHERE {first}" if first != "1" else ""
    return f"SELECT {', '.join(columns)} FROM {piece.source.table} {before} WHERE {where} AND {then} {by}"  # noqa: S608


def sums(
    columns: Sequence[str],
    piece: Piece,
    scope: Scope,
    filters: str,
    measures: Measures,
    parameters: Parameters,
    *,
    by: str,
    dimensions: Sequence[str] = (),
) -> str:
    """Groups of one piece, with their measures; of sums by value, those of the dimensions."""
    where = _where(piece.source, scope, parameters, dimensions)
    return _select([*columns, *_measured(piece.source, measures)], piece, where, filters, f"GROUP BY {by}")


def before(source: Source, moment_ms: int) -> str:
    """Whether a row's time, or its whole period, is before the moment, in which no period is of those that are read."""
    at = datetime.fromtimestamp(moment_ms // 1000, UTC)
    if source.moment == "_partition_id":
        return f"_partition_id < '{at:%Y%m}'"
    if source.step_ms == 0:
        return f"ts < fromUnixTimestamp64Milli(toInt64({moment_ms}), 'UTC')"
    if source.moment == "bucket":
        return f"bucket < toDateTime({moment_ms // 1000}, 'UTC')"
    return f"{source.moment} < toDate('{at.date()}')"


def one_of(keys: Sequence[Key], listed: Sequence[tuple[Any, ...]], parameters: Parameters, columns: Columns) -> str:
    """The condition that the keys are one of these."""
    arrays = [
        parameters.array([one[at] for one in listed], "String" if isinstance(listed[0][at], str) else "UInt64")
        for at in range(len(keys))
    ]
    values = arrays[0] if len(arrays) == 1 else f"arrayZip({', '.join(arrays)})"
    return f"({', '.join(key.match(columns) for key in keys)}) IN {values}"


# What each client was told last, and until when that will do: a view asks a dozen questions of one period at once.
_between_lately: WeakKeyDictionary[Client, dict[tuple[object, ...], tuple[float, int]]] = WeakKeyDictionary()
_LATELY_S = 2.0
_MOST_LATELY = 256


def scans_between(client: Client, workspace: int, interval: Interval, codes: Collection[int]) -> int:
    """About how many scans there are to read, of these codes or (without any) of all: as the sums have it, or had it a
    moment ago."""
    start, end = interval
    step = QUARTER_MS
    rounded = (start // step * step, -(-end // step) * step)
    lately = _between_lately.setdefault(client, {})
    key = (workspace, rounded, frozenset(codes))
    until, found = lately.get(key, (0.0, 0))
    if time.monotonic() < until:
        return found
    found = _scans_between(client, workspace, rounded, codes)
    if len(lately) >= _MOST_LATELY:
        lately.clear()
    lately[key] = (time.monotonic() + _LATELY_S, found)
    return found


def _scans_between(client: Client, workspace: int, rounded: Interval, codes: Collection[int]) -> int:
    parameters = Parameters()
    source = by_time("scans_by_time" if codes else "workspace_by_time")
    where = f"workspace = {parameters.add(workspace, 'UInt64')} AND {_between(source, rounded)}"
    if codes:
        where += f" AND code IN {parameters.array(sorted(codes), 'UInt64')}"
    query = f"SELECT sum(n) FROM {source.table} WHERE {where}"  # noqa: S608
    return int(client.query(query, parameters=parameters.values).result_rows[0][0])


def values_between(client: Client, workspace: int, dimension: str, interval: Interval, most: int) -> list[str]:
    """The values of a dimension in the months of the interval, as the sums have them: all, and maybe more."""
    start, end = (datetime.fromtimestamp(ms // 1000, UTC).date() for ms in interval)
    rows = client.query(
        "SELECT DISTINCT value FROM workspace_by_month WHERE workspace = {workspace:UInt64}"
        " AND dimension = {dimension:String} AND month >= toStartOfMonth({start:Date}) AND month <= {end:Date}"
        " LIMIT {most:UInt32}",
        parameters={"workspace": workspace, "dimension": dimension, "start": start, "end": end, "most": most},
    ).result_rows
    return [row[0] for row in rows]


def first_scan(client: Client, workspace: int) -> datetime | None:
    """When the workspace's first scan was."""
    n, first = client.query(
        "SELECT count(), min(ts) FROM scans WHERE workspace = {workspace:UInt64} AND code != 0",
        parameters={"workspace": workspace},
    ).result_rows[0]
    return first.replace(tzinfo=UTC) if n else None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    """Since 1970, rounded up: scans have whole ones, so nothing lies between."""
    return -((_EPOCH - moment) // timedelta(milliseconds=1))
