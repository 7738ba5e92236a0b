"""Which tables a question is answered from.

The sums answer what they are of: scans by time, and by one dimension by day. Where a range or a part of time begins
or ends within one of their periods, that period is counted from the scans themselves (`ragged`). All else is
counted from the scans.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from analytics.query.catalogue import DIMENSIONS
from analytics.query.code_sets import CodeSet
from analytics.query.dates import Bucket
from analytics.query.grammar import Query
from analytics.query.sources import DAY_MS, QUARTER_MS, RAW, RAW_MONTHS, Source, by_month, by_time, by_value

# Codes of which the sums by code are read one by one. Of more, reading all scans is quicker.
FEW_CODES = 100
# So many codes' quarters of an hour are read one by one.
SOME_CODES = 2_000

# Milliseconds since 1970, the end not included.
Interval = tuple[int, int]


class Piece(msgspec.Struct, frozen=True):
    """What is read of one table: whole periods of it."""

    source: Source
    intervals: tuple[Interval, ...]


def plan(query: Query, codes: CodeSet, interval: Interval, parts: Sequence[Bucket]) -> list[Piece]:
    """Pieces that together hold the scans of the interval, each once. `codes` are those that the question's filters
    leave."""
    if interval[0] >= interval[1]:
        return plan_raw(interval)
    raw = plan_raw(interval)
    names = query.names()
    scan = sorted(name for name in names if DIMENSIONS[name].family == "scan" and name != "scan:kind")
    if "scan:outcome" in scan or len(scan) > 1:
        return raw
    of_codes = any(DIMENSIONS[name].family == "code" for name in names)
    people = "visitors" in query.metrics or "last_scan" in query.metrics
    named = 0 if codes.excluded else len(codes.numbers)
    if not scan:
        if not of_codes:
            return _by_time(by_time("workspace_by_time"), interval)
        if named and named <= SOME_CODES:
            return _by_time(by_time("scans_by_time"), interval)
    elif of_codes and not 0 < named <= FEW_CODES:
        return raw
    cut = None if people else _cut(query.time_dimension, interval, parts)
    if cut is None:
        return raw
    if of_codes and scan:
        return _by_value([by_value("scans_by_value", scan[0])], cut)
    dimension = scan[0] if scan else "code"
    return _by_value([by_month(dimension), by_value("workspace_by_value", dimension)], cut)


def plan_raw(interval: Interval) -> list[Piece]:
    """Without the sums."""
    start, end = interval
    days = range(-(-start // DAY_MS), end // DAY_MS)
    months = _whole_months(days)
    if not months:
        return [Piece(RAW, (interval,))]
    first, last = months[0][0] * DAY_MS, months[-1][1] * DAY_MS
    edges = tuple(one for one in ((start, first), (last, end)) if one[0] < one[1])
    return [Piece(RAW_MONTHS, ((first, last),)), *([Piece(RAW, edges)] if edges else [])]


def _by_time(source: Source, interval: Interval) -> list[Piece]:
    start, end = interval
    first, last = -(-start // QUARTER_MS) * QUARTER_MS, end // QUARTER_MS * QUARTER_MS
    if first >= last:
        return [Piece(RAW, (interval,))]
    ragged = tuple(one for one in ((start, first), (last, end)) if one[0] < one[1])
    return [Piece(source, ((first, last),)), *([Piece(RAW, ragged)] if ragged else [])]


class _Cut(msgspec.Struct, frozen=True):
    """An interval as whole months, other whole UTC days, and what is left."""

    months: tuple[Interval, ...]
    days: tuple[Interval, ...]
    ragged: tuple[Interval, ...]


def _by_value(sources: Sequence[Source], cut: _Cut) -> list[Piece]:
    """With a source by month, and without."""
    days = cut.days
    pieces = []
    if len(sources) == 2:
        if cut.months:
            # (One interval is compared with quicker than twelve.)
            pieces.append(Piece(sources[0], _joined(cut.months)))
    else:
        days = _joined(sorted((*cut.months, *days)))
    if days:
        pieces.append(Piece(sources[-1], days))
    if cut.ragged:
        pieces.append(Piece(RAW, cut.ragged))
    return pieces


def _cut(time: str | None, interval: Interval, parts: Sequence[Bucket]) -> _Cut | None:
    """None if days are too coarse for the parts of time, or most of the days are ragged."""
    if time in ("time:15m", "time:hour", "time:hour_of_week"):
        return None
    start, end = interval
    inner = [part.start * 1000 for part in parts if start < part.start * 1000 < end]
    ragged = {moment // DAY_MS for moment in (start, *inner, end) if moment % DAY_MS}
    first, last = start // DAY_MS, -(-end // DAY_MS)
    if 2 * len(ragged) > last - first:
        return None
    whole = [day for day in range(first, last) if day not in ragged]
    months = _whole_months(whole) if time in (None, "time:month", "time:year") else []
    in_months = {day for begin, after in months for day in range(begin, after)}
    return _Cut(
        tuple((begin * DAY_MS, after * DAY_MS) for begin, after in months),
        _joined([(day * DAY_MS, (day + 1) * DAY_MS) for day in whole if day not in in_months]),
        _joined([(max(start, day * DAY_MS), min(end, (day + 1) * DAY_MS)) for day in sorted(ragged)]),
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _whole_months(days: Sequence[int]) -> list[tuple[int, int]]:
    """The months, as days since 1970, of which all days are there."""
    there = set(days)
    found = []
    for day in days:
        date = _EPOCH + timedelta(days=day)
        if date.day == 1:
            after = day + ((date + timedelta(days=32)).replace(day=1) - date).days
            if all(one in there for one in range(day, after)):
                found.append((day, after))
    return found


def by_source(pieces: Sequence[Piece]) -> dict[Source, tuple[Interval, ...]]:
    """What is read of each table, in the order of time."""
    found: dict[Source, list[Interval]] = {}
    for piece in pieces:
        found.setdefault(piece.source, []).extend(piece.intervals)
    return {source: _joined(sorted(intervals)) for source, intervals in found.items()}


def _joined(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """Neighbours as one; in order."""
    found: list[Interval] = []
    for start, end in intervals:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)
