"""Several breakdowns of the same scans, and of those of an earlier range, in one statement.

A statement costs the engine more to plan than a month of scans to read, and a view has half a dozen breakdowns, each
beside that of the period before.
"""

from collections.abc import Sequence

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query import sql
from analytics.query.asker import Asker
from analytics.query.catalogue import DIMENSIONS
from analytics.query.dates import Range
from analytics.query.filters import Parameters
from analytics.query.keys import Key
from analytics.query.periods import ORDERED, Period, labelled, read_period, read_same
from analytics.query.planning import Piece, by_source
from analytics.query.sql import Group, Measures


class Breakdown(msgspec.Struct, frozen=True):
    """By one dimension: at least the first groups of the range, and what corresponds to them in the earlier one."""

    dimension: str
    asker: Asker
    period: Period
    then: Period | None


def read(
    asker: Asker, dimensions: Sequence[str], whole: Range, earlier: Range | None, *, first: int
) -> list[Breakdown]:
    """In the order of the dimensions. Raises TooLarge."""
    found: dict[str, Breakdown] = {}
    alike: dict[tuple[object, ...], list[Asker]] = {}
    ranges = [range for range in (whole, earlier) if range is not None]
    for name in dimensions:
        one = asker.by(name)
        if _joins(name) and (earlier is None or earlier.end <= whole.start):
            alike.setdefault(tuple(_shape(one.planned(range, [])) for range in ranges), []).append(one)
        else:
            one.rows_read = asker.rows_read
            found[name] = _alone(one, whole, earlier, first)
            asker.rows_read, asker.raw = one.rows_read, asker.raw or one.raw
    for askers in _groups(list(alike.values()), ranges):
        lead = askers[0]
        lead.rows_read = asker.rows_read
        found |= {one.dimension: one for one in _together(askers, whole, earlier, first)}
        asker.rows_read, asker.raw = lead.rows_read, asker.raw or lead.raw
    return [found[name] for name in dimensions]


def _groups(alike: Sequence[list[Asker]], ranges: Sequence[Range]) -> list[list[Asker]]:
    """One, where some have to read the scans themselves, of both ranges: the others go along. (Where only one range is
    read so, sums answer the other, and they may be of one dimension alone.)"""
    for askers in alike:
        pieces = [piece for range in ranges for piece in askers[0].planned(range, [])]
        if all(piece.source.kind == "raw" for piece in pieces):
            return [[*askers, *(one for others in alike if others is not askers for one in others)]]
    return list(alike)


def everything(breakdowns: Sequence[Breakdown]) -> tuple[Period, Period | None] | None:
    """All scans of the range and of the earlier one, as one group each, if a breakdown counted them."""
    for one in breakdowns:
        if one.asker.measures == Measures() and one.asker.scope.counted and not DIMENSIONS[one.dimension].many:
            return _as_one(one.period), None if one.then is None else _as_one(one.then)
    return None


def _as_one(period: Period) -> Period:
    return msgspec.structs.replace(period, keys=[], groups={(): Group((), period.total)}, rows=1)


def _joins(name: str) -> bool:
    """Where a scan has one value, that of a column. (And to ask for outcomes counts other scans.)"""
    return name == "code" or (DIMENSIONS[name].family == "scan" and name != "scan:outcome")


def _shape(pieces: Sequence[Piece]) -> tuple[object, ...]:
    return tuple((one.source.table, one.source.moment, one.intervals) for one in pieces)


def _alone(asker: Asker, whole: Range, earlier: Range | None, first: int) -> Breakdown:
    period = read_period(asker, whole, first=first)
    then = None if earlier is None else read_same(asker, earlier, period, list(period.groups))
    return Breakdown(asker.query.dimensions[0], asker, period, then)


class _Row(msgspec.Struct, frozen=True):
    """A group of one of the breakdowns now and then, and what all groups of that breakdown add up to."""

    place: int
    now: Group
    then: Group
    total: int
    total_then: int
    rows: int


def _together(askers: Sequence[Asker], whole: Range, earlier: Range | None, first: int) -> list[Breakdown]:
    """Those which the same pieces of the same tables answer."""
    lead = askers[0]
    pieces = lead.pieces(whole, [])
    before = [] if earlier is None else lead.pieces(earlier, [])
    boundary = None if earlier is None else sql.milliseconds(whole.start)
    parameters = Parameters()
    keys = [one.keys([], parameters)[0] for one in askers]
    parts = [
        _part(lead, Piece(source, intervals), boundary, keys, parameters)
        for source, intervals in by_source([*pieces, *before]).items()
    ]
    query = _statement(lead, parts, min(first, lead.bounds.groups + 1))
    rows = _rows(lead.client, query, parameters, threads=lead.threads)
    found = []
    for place, (one, key) in enumerate(zip(askers, keys, strict=True)):
        mine = [row for row in rows if row.place == place]
        total, total_then, count = (mine[0].total, mine[0].total_then, mine[0].rows) if mine else (0, 0, 0)
        groups = labelled([key], [row.now for row in mine if row.now.scans])
        period = Period(whole, pieces, [key], groups, total, count, [], [])
        then = None
        if earlier is not None:
            groups = labelled([key], [row.then for row in mine if row.then.scans])
            then = Period(earlier, before, [key], groups, total_then, len(groups), [], [])
        found.append(Breakdown(key.dimension, one, period, then))
    return found


def _part(asker: Asker, piece: Piece, boundary: int | None, keys: Sequence[Key], parameters: Parameters) -> str:
    """Rows of a breakdown's place, a value as text or a code's number, and whether these scans are the earlier ones."""
    source = piece.source
    filters = asker.filters(source.columns, parameters)
    then = f"toUInt8({'0' if boundary is None else sql.before(source, boundary)}) AS then"
    code = next((place for place, key in enumerate(keys) if key.dimension == "code"), None)
    if source.dimension is not None:
        names = [DIMENSIONS[key.dimension].rollup or key.dimension for key in keys]
        place = f"toUInt8(indexOf({parameters.array(names, 'String')}, toString(dimension)) - 1) AS place"
        columns = [place, "value AS text", f"{'toUInt64(0)' if code is None else 'code'} AS number", then]
        by = "place, text, number, then"
        return sql.sums(columns, piece, asker.scope, filters, asker.measures, parameters, by=by, dimensions=names)
    groups = [f"g{at}" for at in range(len(keys))]
    columns = [f"{key.grouping.base(source.columns)} AS {group}" for key, group in zip(keys, groups, strict=True)]
    # The bits of `grouping` are of the columns that a set leaves out, the first column's the highest.
    left_out = [2 ** len(keys) - 1 - 2 ** (len(keys) - 1 - at) for at in range(len(keys))]
    place = f"toUInt8(indexOf({left_out}, grouping({', '.join(groups)})) - 1) AS place"
    by = f"GROUPING SETS ({', '.join(f'({group}, then)' for group in groups)})"
    inner = sql.sums([*columns, then, place], piece, asker.scope, filters, asker.measures, parameters, by=by)
    texts = ", ".join("''" if at == code else f"toString({group})" for at, group in enumerate(groups))
    number = "toUInt64(0)" if code is None else f"if(place = {code}, {groups[code]}, toUInt64(0))"
    measures = ", ".join(["m", *(["v"] if asker.measures.visitors else []), *(["l"] if asker.measures.last else [])])
    return f"SELECT place, [{texts}][place + 1] AS text, {number} AS number, then, {measures} FROM ({inner})"  # noqa: S608


def _statement(asker: Asker, parts: Sequence[str], first: int) -> str:
    """The first of each breakdown, and those that are level with the last of them."""
    measures = asker.measures
    columns = ["place", "text", "number"]
    for suffix, then in (("", "NOT then"), ("_then", "then")):
        columns.append(f"sumIf(m, {then}) AS n{suffix}")
        columns.append(f"{f'uniqExactMergeIf(v, {then})' if measures.visitors else '0'} AS visitors{suffix}")
        columns.append(f"{f'maxIf(l, {then})' if measures.last else '0'} AS last{suffix}")
    groups = f"SELECT {', '.join(columns)} FROM ({' UNION ALL '.join(parts)}) GROUP BY place, text, number"  # noqa: S608
    # What the earlier range alone has is no group; but its scans are in that range's total.
    order = ", ".join(["n = 0", *(f"{ORDERED[name]} {way}" for name, way in asker.query.order_by), "text"])
    windows = (
        "sum(n) OVER w AS total, sum(n_then) OVER w AS total_then, countIf(n != 0) OVER w AS groups,"
        f" rank() OVER (PARTITION BY place ORDER BY {order}) AS nth"
    )
    return (
        "SELECT place, text, number, n, visitors, last, n_then, visitors_then, last_then, total,"  # noqa: S608
        f" total_then, groups FROM (SELECT *, {windows} FROM ({groups}) WINDOW w AS (PARTITION BY place))"
        f" WHERE nth <= {first}"
    )


def _rows(client: Client, query: str, parameters: Parameters, *, threads: int) -> list[_Row]:
    result = client.query(query, parameters=parameters.values, settings={"max_threads": threads})
    found = []
    for place, text, number, n, visitors, last, n_then, visitors_then, last_then, *sums in result.result_rows:
        key = (number or text,)
        now = Group(key, n, visitors, last if n else None)
        found.append(_Row(place, now, Group(key, n_then, visitors_then, last_then if n_then else None), *sums))
    return found
