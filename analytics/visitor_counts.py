"""How many different people a workspace had in parts of time, exactly, from counts of days that are over.

The hash of a visitor is another one each UTC day, so the people of a part of time are those of its UTC days, added up.
The counts know those of a whole day, and of what is before or after any quarter of an hour of it. The
states of `workspace_by_time` tell the rest: today, pieces from the middle of a day, days of few scans, and days whose
scans are not those that were counted, because one came late or was erased.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.window import Span
from schemas.event import Kind
from schemas.visitor_counts import SEAL

QUARTER_S, DAY_S = 900, 86_400


class DayCount(msgspec.Struct, frozen=True):
    """The people of one day; and by quarter, how many of them came first or last in it."""

    visitors: int
    began: Mapping[int, int]
    ended: Mapping[int, int]

    def before(self, quarter: int) -> int:
        return sum(n for at, n in self.began.items() if at < quarter)

    def since(self, quarter: int) -> int:
        return sum(n for at, n in self.ended.items() if at >= quarter)


def visitors(client: Client, workspace: int, spans: Sequence[Span], *, kind: Kind = "human") -> list[int]:
    """The people of each span, in order. Spans are ascending, do not overlap, and begin and end on quarters of an hour.
    Two or three queries. Blocks; raises what clickhouse-connect raises."""
    pieces = [(at, *piece) for at, span in enumerate(spans) for piece in _by_day(span)]
    if not pieces:
        return [0] * len(spans)
    counts = _counts(client, workspace, kind, _day(pieces[0][1]), _day(pieces[-1][1]))
    found: Counter[int] = Counter()
    left = []
    for at, start, end in pieces:
        known = _known(counts.get(_day(start)), start, end)
        if known is None:
            left.append((at, start, end))
        else:
            found[at] += known
    if left:
        by_start = _from_states(client, workspace, kind, [(start, end) for _, start, end in left])
        for at, start, _ in left:
            found[at] += by_start.get(start, 0)
    return [found[at] for at in range(len(spans))]


def _by_day(span: Span) -> list[tuple[int, int]]:
    """The span cut at UTC midnights, in seconds since 1970."""
    start, end = (round(moment.timestamp()) for moment in (span.start, span.end))
    if start % QUARTER_S or end % QUARTER_S:
        raise ValueError("a span begins and ends on a quarter of an hour")
    pieces = []
    while start < end:
        midnight = (start // DAY_S + 1) * DAY_S
        pieces.append((start, min(midnight, end)))
        start = midnight
    return pieces


def _day(second: int) -> date:
    return datetime.fromtimestamp(second, UTC).date()


def _known(count: DayCount | None, start: int, end: int) -> int | None:
    if count is None:
        return None
    first, after = start % DAY_S // QUARTER_S, (end - 1) % DAY_S // QUARTER_S + 1
    if first == 0:
        return count.visitors if after == DAY_S // QUARTER_S else count.before(after)
    return count.since(first) if after == DAY_S // QUARTER_S else None


def _counts(client: Client, workspace: int, kind: Kind, first: date, last: date) -> dict[date, DayCount]:
    """Of the days whose scans are still those that were counted."""
    rows = client.query(
        f"""
        SELECT day, people, came.1, came.2, went.1, went.2
        FROM (
            SELECT toDate(bucket, 'UTC') AS day, sum(n) AS n, sum(fingerprint) AS fingerprint FROM workspace_by_time
            WHERE workspace = {{workspace:UInt64}} AND kind = {{kind:String}}
              AND bucket >= toDateTime({{start:UInt32}}, 'UTC') AND bucket < toDateTime({{end:UInt32}}, 'UTC')
            GROUP BY day
        ) AS stored
        INNER JOIN (
            SELECT day, n, fingerprint, argMax(visitors, made) AS people, argMax(began, made) AS came,
                   argMax(ended, made) AS went
            FROM visitor_counts
            WHERE workspace = {{workspace:UInt64}} AND kind = {{kind:String}} AND seal = {SEAL}
              AND day BETWEEN {{first:Date}} AND {{last:Date}}
            GROUP BY day, n, fingerprint
        ) AS counted USING (day, n, fingerprint)
        """,  # noqa: S608 (our SQL)
        parameters={
            "workspace": workspace,
            "kind": kind,
            "start": _second(first),
            "end": _second(last + timedelta(days=1)),
            "first": first,
            "last": last,
        },
    ).result_rows
    return {
        day: DayCount(people, dict(zip(*both[:2], strict=True)), dict(zip(*both[2:], strict=True)))
        for day, people, *both in rows
    }


def _second(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _from_states(client: Client, workspace: int, kind: Kind, pieces: Sequence[tuple[int, int]]) -> dict[int, int]:
    """The people of each piece of a day, by its start."""
    rows = client.query(
        """
        SELECT start, uniqExactMerge(visitors)
        FROM (
            SELECT roundDown(toUInt32(toUnixTimestamp(bucket)), {marks:Array(UInt32)}) AS start, visitors
            FROM workspace_by_time
            WHERE workspace = {workspace:UInt64} AND kind = {kind:String}
              AND bucket >= toDateTime({first:UInt32}, 'UTC') AND bucket < toDateTime({after:UInt32}, 'UTC')
        )
        WHERE start IN {starts:Array(UInt32)}
        GROUP BY start
        """,
        parameters={
            "workspace": workspace,
            "kind": kind,
            "starts": [start for start, _ in pieces],
            # Where nothing is asked for, a mark is an end.
            "marks": sorted({mark for piece in pieces for mark in piece}),
            "first": pieces[0][0],
            "after": pieces[-1][1],
        },
    ).result_rows
    return {row[0]: row[1] for row in rows}
