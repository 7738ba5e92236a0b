"""Erase the scans of deleted codes.

`erase` keeps an order that a kill cannot spoil: first the rows enter the ledger, then they are deleted, then the
rollups' entries. So at any moment each event is in `scans` or in the ledger, and repeating the whole ends the same. A
delete masks rows, which is quick and at once visible to every query; `purge` takes them off the disk. Deleting does
not run the views. It runs in the aggregator between batches, with no open intent.

`Erasures` is the task that erases what `codes` has noted in Redis. A note stays for ever, because events of a deleted
code may come late: a journal may have lain on a machine that was off. So a code is looked at again when as much time
has passed as since its deletion (at least `SOON_S`, at most `LATE_S`), and all of them every `LATE_S`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from typing import Protocol, TypeVar

import msgspec
import redis.asyncio
from clickhouse_connect.driver.client import Client
from redis.exceptions import RedisError

from aggregator.imported_history import forget
from aggregator.warehouse_writer import Away
from infra.progress import Progress, silent
from infra.rollups import ROLLUPS
from schemas import keys
from schemas.code import Erasure
from schemas.event import LINE_CHECK, LINE_CHECK_SETTINGS

# Rows of `scans` erased in one go: their numbers are held in memory.
ROWS = 2_000_000
# More sources than these are not worth naming in a condition.
_NAMED = 1000

_WAIT: dict[str, object] = {"lightweight_deletes_sync": 2, "mutations_sync": 2}


def due(erasures: Iterable[Erasure], now_ms: int) -> list[int]:
    """The births of the codes whose rows need not be kept any longer."""
    return [one.birth for one in erasures if one.keep_until_ms is None or one.keep_until_ms <= now_ms]


def erase(client: Client, numbers: Collection[int], reason: str = "erased", progress: Progress = silent) -> int:
    """Moves all rows of these codes to the ledger and their entries out of the rollups. Returns how many
    rows; costs almost nothing when there are none. Raises what the client raises; then call it again."""
    wanted = sorted(set(numbers))
    rows = 0
    codes = _present(client, "scans", wanted)
    if codes:
        months = client.query(
            f"SELECT toYYYYMM(ts) AS month, count() FROM scans WHERE {_among(codes)}"  # noqa: S608
            " GROUP BY month ORDER BY month",
        ).result_rows
        for done, (month, count) in enumerate(months):
            progress("erasing", done, len(months))
            parts = -(-count // ROWS)
            for part in range(parts):
                _erase_rows(client, codes, month, f"cityHash64(source, seq) % {parts} = {part}", reason, progress)
            rows += count
    for rollup in ROLLUPS:
        left = _present(client, rollup, wanted)
        if left:
            progress(f"erasing from {rollup}", 0, 1)
            # S608 throughout: the names are ours, the values are integers or bound.
            client.command(f"DELETE FROM {rollup} WHERE {_among(left)}", settings=_WAIT)  # noqa: S608
    forget(client, wanted)
    progress("erasing", 1, 1)
    return rows


def purge(client: Client) -> None:
    """Rewrites, in the background, the parts in which rows are masked."""
    for table in ("scans", *ROLLUPS):
        masked = client.query(
            "SELECT count() FROM system.parts WHERE active AND database = currentDatabase()"
            " AND table = {table:String} AND has_lightweight_delete",
            parameters={"table": table},
        ).result_rows[0][0]
        if masked:
            client.command(f"ALTER TABLE {table} APPLY DELETED MASK", settings={"mutations_sync": 0})


def _among(codes: Iterable[int]) -> str:
    """A condition. In the statement's own text: parameters of a deletion would go into the address, which has a
    greatest length."""
    return f"code IN ({', '.join(map(str, codes))})"


def _present(client: Client, table: str, codes: list[int]) -> list[int]:
    if not codes:
        return []
    query = f"SELECT DISTINCT code FROM {table} WHERE {_among(codes)} ORDER BY code"  # noqa: S608
    return [row[0] for row in client.query(query).result_rows]


def _erase_rows(client: Client, codes: list[int], month: int, share: str, reason: str, progress: Progress) -> None:
    these = f"{_among(codes)} AND {share}"
    sources = client.query(
        f"SELECT DISTINCT source FROM scans WHERE {these} AND toYYYYMM(ts) = {month} LIMIT {_NAMED + 1}",  # noqa: S608
    ).result_rows
    among = f"source IN ({', '.join(str(row[0]) for row in sources)}) AND " if 0 < len(sources) <= _NAMED else ""
    entered = f"(SELECT source, seq FROM ledger WHERE {among}{share})"  # noqa: S608
    client.command(
        "INSERT INTO ledger (source, seq, code, check, reason)"  # noqa: S608
        f" SELECT DISTINCT source, seq, code, {LINE_CHECK}, {{reason:String}}"
        f" FROM scans WHERE {these} AND toYYYYMM(ts) = {month} AND (source, seq) NOT IN {entered}",
        parameters={"reason": reason},
        # (Without a token: the ledger keeps an entry once, by its key.)
        settings={
            **LINE_CHECK_SETTINGS,
            "deduplicate_insert": "disable",
            "deduplicate_insert_select": "disable",
            "async_insert": 0,
        },
    )
    progress("in the ledger", 0, 1)
    client.command(
        f"DELETE FROM scans IN PARTITION {month} WHERE {these} AND (source, seq) IN {entered}",  # noqa: S608
        settings=_WAIT,
    )
    progress("out of scans", 0, 1)


log = logging.getLogger(__name__)

T = TypeVar("T")

SOON_S = 10
LATE_S = 3600
# Codes erased in one go, between two batches.
BATCH = 200


class Between(Protocol):
    """`Aggregator.between`: runs the work on the insert thread's client, between two batches."""

    def __call__(self, work: Callable[[Client], T]) -> Awaitable[T]: ...


class Erasures:
    """`now_ms` is the wall clock. Redis or the warehouse away: it is logged once, and tried again."""

    def __init__(self, redis: "redis.asyncio.Redis", between: Between, now_ms: Callable[[], int]) -> None:
        self._redis = redis
        self._between = between
        self._now_ms = now_ms
        self._known = -1
        self._everything_at = 0
        # Codes deleted lately, and when to look at them again.
        self._again: dict[int, int] = {}
        self.erased = 0

    async def run(self, stop: asyncio.Event, pause_s: float = 5.0) -> None:
        """Until `stop` is set."""
        reason = ""
        while not stop.is_set():
            try:
                await self.sweep()
                reason = ""
            except (RedisError, Away, OSError) as error:
                if str(error) != reason:
                    log.warning("erasure waits: %s", error)
                reason = str(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)

    async def sweep(self) -> int:
        """Erases what is due, and returns how many rows that were. Raises what Redis or the warehouse raises."""
        now = self._now_ms()
        everything = now >= self._everything_at
        known = int(await self._redis.hlen(keys.ERASURES))
        if not (everything or known != self._known or any(at <= now for at in self._again.values())):
            return 0
        before = self.erased
        batch: list[Erasure] = []
        async for one in self._notes():
            if due([one], now) and (everything or self._is_soon(one, now)):
                batch.append(one)
            if len(batch) == BATCH:
                await self._erase(batch, now)
                batch = []
        if batch:
            await self._erase(batch, now)
        self._known = known
        if everything:
            await self._between(purge)
            self._everything_at = now + LATE_S * 1000
        return self.erased - before

    def _is_soon(self, one: Erasure, now: int) -> bool:
        return _wait_ms(one, now) < LATE_S * 1000 and self._again.get(one.birth, 0) <= now

    async def _erase(self, batch: list[Erasure], now: int) -> None:
        numbers = [one.birth for one in batch]
        rows = await self._between(lambda client: erase(client, numbers))
        if rows:
            log.info("erased %d scans of deleted codes", rows)
        self.erased += rows
        for one in batch:
            wait = _wait_ms(one, now)
            if wait < LATE_S * 1000:
                self._again[one.birth] = now + wait
            else:
                self._again.pop(one.birth, None)

    async def _notes(self) -> AsyncIterator[Erasure]:
        async for _, raw in self._redis.hscan_iter(keys.ERASURES, count=500):
            try:
                yield msgspec.json.decode(raw, type=Erasure)
            except msgspec.DecodeError as error:
                log.error("an erasure cannot be read: %s", error)


def _wait_ms(one: Erasure, now: int) -> int:
    since = now - max(one.deleted_at_ms, one.keep_until_ms or 0)
    return min(max(since, SOON_S * 1000), LATE_S * 1000)
