"""Count the people of a workspace's days that are over, so that a year of them is read in milliseconds.

A count is used only while it is of the scans that are stored (`analytics.visitor_counts` compares), so nothing has to
be told of late scans, erasures and repairs: the next round counts those days again. Days of few scans are not worth it.

It reads in a thread with a client of its own, beside the inserts, a piece of bounded size at a time.
"""

# ruff: noqa: S608 (only numbers and our own names are put into queries)

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, date, datetime
from itertools import groupby

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from aggregator.slices import SPILL
from infra import clock
from schemas.event import COUNTED
from schemas.visitor_counts import SEAL

log = logging.getLogger(__name__)

EVERY_S = 900.0
# Scans of a day and kind from which on it is counted, and of a piece of work.
LEAST = 1_000
AT_ONCE = 1_000_000

_COUNTED = ", ".join(f"'{outcome}'" for outcome in COUNTED)
_INSERT: dict[str, object] = {
    **SPILL,
    "max_threads": 1,
    "deduplicate_insert": "disable",
    "deduplicate_insert_select": "disable",
    "async_insert": 0,
}


class _Day(msgspec.Struct, frozen=True):
    workspace: int
    kind: int
    day: date
    n: int


def count_visitors(
    client: Client, today: date, least: int = LEAST, *, stopped: Callable[[], bool] = lambda: False
) -> int:
    """Count the days before `today` that have changed since they were counted, and return how many it counted. Looks
    between two pieces of work whether it is `stopped`. Raises what the client raises; what is done by then is kept."""
    counted = 0
    for piece in _pieces(_stale(client, today, least)):
        if stopped():
            break
        _count(client, piece)
        counted += len(piece)
    return counted


def _stale(client: Client, today: date, least: int) -> list[_Day]:
    rows = client.query(
        f"""
        SELECT workspace, toInt8(kind), day, n
        FROM (
            SELECT workspace, kind, toDate(bucket, 'UTC') AS day, sum(n) AS n, sum(fingerprint) AS which
            FROM workspace_by_time WHERE bucket < toDateTime('{today} 00:00:00', 'UTC')
            GROUP BY workspace, kind, day HAVING n >= {least}
        ) AS stored
        LEFT JOIN (
            SELECT workspace, kind, day, argMax((n, fingerprint), made) AS was FROM visitor_counts WHERE seal = {SEAL}
            GROUP BY workspace, kind, day
        ) AS counted USING (workspace, kind, day)
        WHERE (n, which) != was
        ORDER BY workspace, day, kind
        """
    ).result_rows
    return [_Day(*row) for row in rows]


def _pieces(days: Sequence[_Day]) -> Iterator[list[_Day]]:
    """Days of one month of a workspace, of which all or at most so many scans are read at once."""
    for _, month in groupby(days, key=lambda one: (one.workspace, one.day.year, one.day.month)):
        piece: list[_Day] = []
        for one in month:
            if piece and sum(each.n for each in piece) + one.n > AT_ONCE:
                yield piece
                piece = []
            piece.append(one)
        yield piece


def _count(client: Client, days: Sequence[_Day]) -> None:
    of = ", ".join(f"({one.kind}, toDate('{one.day}'))" for one in days)
    first, last = days[0].day, max(one.day for one in days)
    client.command(
        f"""
        INSERT INTO visitor_counts
        SELECT *, {SEAL}, now64(3) FROM (
            SELECT workspace, kind, day, count() AS visitors, sumMap([begin], [toUInt64(1)]) AS began,
                   sumMap([end], [toUInt64(1)]) AS ended, sum(scans) AS n, sum(which) AS fingerprint
            FROM (
                SELECT workspace, kind, toDate(ts, 'UTC') AS day, visitor,
                       toUInt8(intDiv(toUnixTimestamp(min(ts)) % 86400, 900)) AS begin,
                       toUInt8(intDiv(toUnixTimestamp(max(ts)) % 86400, 900)) AS end,
                       count() AS scans, sum(cityHash64(source, seq)) AS which
                FROM scans
                WHERE workspace = {days[0].workspace} AND outcome IN ({_COUNTED})
                  AND ts >= toDateTime64('{first} 00:00:00', 3, 'UTC')
                  AND ts < toDateTime64('{last} 00:00:00', 3, 'UTC') + toIntervalDay(1)
                  AND (toInt8(kind), toDate(ts, 'UTC')) IN ({of})
                GROUP BY workspace, kind, day, visitor
            )
            GROUP BY workspace, kind, day
        )
        """,
        settings=_INSERT,
    )


class VisitorCounts:
    """The task that counts, every now and then. The warehouse away: it is logged once, and tried again."""

    def __init__(self, connect: Callable[[], Client], now_ms: Callable[[], int] = clock.now_ms) -> None:
        self._connect = connect
        self._now_ms = now_ms

    async def run(self, stop: asyncio.Event, pause_s: float = EVERY_S) -> None:
        """Until `stop` is set; the piece of work that is under way then is finished in its thread."""
        reason = ""
        while not stop.is_set():
            try:
                await asyncio.to_thread(self._round, stop.is_set)
                reason = ""
            except (ClickHouseError, HTTPError, OSError) as error:
                if str(error) != reason:
                    log.warning("visitors are not counted: %s", error)
                reason = str(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)

    def _round(self, stopped: Callable[[], bool]) -> None:
        with closing(self._connect()) as client:
            today = datetime.fromtimestamp(self._now_ms() // 1000, UTC).date()
            counted = count_visitors(client, today, stopped=stopped)
        if counted:
            log.info("counted the visitors of %d days", counted)
