"""Erase the scans of deleted codes.

`erase` keeps an order that a kill cannot spoil: first the rows enter the ledger, then they are deleted, then the
codes' entries in the rollups. So at any moment each event is in `scans` or in the ledger, and repeating the whole ends
the same. A delete masks rows, which is quick and at once visible to every query; `purge` takes them off the disk.
Deleting does not run the views. It runs in the aggregator between batches, with no open intent.

A workspace's entries hold other codes' scans, too. What the rows added by value is taken away by rows that count below
zero: to compute a year of a large workspace anew takes minutes. That cannot be repeated, so the months are noted
before (`erasing`); where a kill left notes, the next erasure first compares those months with `scans`. What cannot be
subtracted (visitors, the last scan) is computed anew on the days concerned.

`Erasures` is the task that erases what `codes` has noted in Redis. A note stays for ever, because events of a deleted
code may come late: a journal may have lain on a machine that was off. So a code is looked at again when as much time
has passed as since its deletion (at least `SOON_S`, at most `LATE_S`), and all of them every `LATE_S`.
"""

import asyncio
import logging
import secrets
from calendar import monthrange
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import date
from itertools import groupby
from typing import Protocol, TypeVar

import msgspec
import redis.asyncio
from clickhouse_connect.driver.client import Client
from redis.exceptions import RedisError

from aggregator.imported_history import forget
from aggregator.queries import ONCE, ONCE_SELECTED, ONE_BLOCK
from aggregator.settle import no_hold, recompute, settle_rollup, slices_of, there_now, wait_for_mutations
from aggregator.slices import SPILL
from aggregator.warehouse_writer import Away
from infra import cluster
from infra.progress import Progress, silent
from infra.rollups import ROLLUPS, rollup_select
from infra.warehouse import put
from schemas import keys
from schemas.code import Erasure
from schemas.event import COUNTED, LINE_CHECK, LINE_CHECK_SETTINGS

# A workspace and one of its codes, by their numbers.
Owner = tuple[int, int]

# Rows of `scans` erased in one go: their numbers are held in memory.
ROWS = 2_000_000
# More sources than these are not worth naming in a condition.
_NAMED = 1000

_WAIT: dict[str, object] = {"lightweight_deletes_sync": 2, "mutations_sync": 2}


def due(erasures: Iterable[Erasure], now_ms: int) -> list[int]:
    """The births of the codes whose rows need not be kept any longer."""
    return [one.birth for one in erasures if one.keep_until_ms is None or one.keep_until_ms <= now_ms]


def erase(client: Client, owners: Collection[Owner], reason: str = "erased", progress: Progress = silent) -> int:
    """Moves all rows of these codes, each with its workspace, to the ledger and their sums out of the rollups. Returns
    how many rows; costs almost nothing when there are none. Raises what the client raises, and Pending; then call it
    again."""
    finish_killed(client)
    wanted = sorted(set(owners))
    rows = 0
    present = _present(client, "scans", wanted)
    if present:
        months = _months(client, present)
        _note(client, months)
        for done, month in enumerate(months):
            progress("erasing", done, len(months))
            for part, token in enumerate(month.tokens):
                share = f"cityHash64(source, seq) % {len(month.tokens)} = {part}"
                _erase_rows(client, present, month.month, share, token, reason, progress)
            if month.days:
                _remake_by_time(client, month)
            progress("out of the workspace's sums", 0, 1)
            rows += month.rows
    for rollup in ROLLUPS.values():
        left = _present(client, rollup.table, wanted) if "code" in rollup.owner else []
        if left:
            progress(f"erasing from {rollup.table}", 0, 1)
            # S608 throughout: the names are ours, the values are integers or bound.
            condition = f"{_among(left)} AND {there_now(client, rollup.table)}"
            client.command(f"DELETE FROM {cluster.stored(client, rollup.table)} WHERE {condition}", settings=_WAIT)  # noqa: S608
    if present:
        _strike_out(client, {token for month in months for token in month.tokens})
    forget(client, [code for _, code in wanted])
    progress("erasing", 1, 1)
    return rows


class _Month(msgspec.Struct, frozen=True):
    """A month of `scans` with rows to erase: how many, the days of workspaces whose sums they are in, and the tokens
    of what is subtracted there, one for each part of the rows."""

    month: int
    rows: int
    workspaces: frozenset[int]
    days: tuple[tuple[int, int], ...]
    tokens: tuple[str, ...]


def _months(client: Client, owners: Sequence[Owner]) -> list[_Month]:
    found = client.query(
        f"SELECT toYYYYMM(ts) AS month, workspace, toUInt16(toDate(ts, 'UTC')) AS day, count(), countIf({_COUNTED})"  # noqa: S608
        f" FROM scans WHERE {_among(owners)} GROUP BY month, workspace, day ORDER BY month, workspace, day",
    ).result_rows
    months = []
    for month, each in groupby(found, key=lambda row: row[0]):
        days = list(each)
        rows = sum(row[3] for row in days)
        months.append(
            _Month(
                month,
                rows,
                frozenset(row[1] for row in days),
                tuple((row[1], row[2]) for row in days if row[4]),
                tuple(f"erased:{secrets.token_hex(8)}" for _ in range(-(-rows // ROWS))),
            )
        )
    return months


_COUNTED = f"outcome IN ({', '.join(repr(outcome) for outcome in COUNTED)})"


def _note(client: Client, months: Collection[_Month]) -> None:
    rows = [[workspace, one.month, token] for one in months for workspace in one.workspaces for token in one.tokens]
    put(client, "erasing", ["workspace", "month", "token"], rows)


def _strike_out(client: Client, tokens: Collection[str]) -> None:
    """Takes these notes away, and none that come later."""
    among = ", ".join(f"'{token}'" for token in sorted(tokens))
    notes = cluster.stored(client, "erasing")
    client.command(f"DELETE FROM {notes} WHERE token IN ({among})", settings=_WAIT)  # noqa: S608 (names of our own)


def finish_killed(client: Client) -> None:
    """Makes the workspaces' sums right again in the months that an erasure had noted when it was killed. Raises Pending
    and what the client raises."""
    noted = client.query("SELECT DISTINCT workspace, month, token FROM erasing ORDER BY month, token").result_rows
    if not noted:
        return
    wait_for_mutations(client)
    for workspace, month, token in noted:
        # Uses the token up: what an insert that was given up would bring late is passed over from now on.
        first = f"{month // 100}-{month % 100:02d}-01"
        nothing = f"SELECT {workspace}, 'device', toDate('{first}'), '', 0, 'human', 0"
        _insert(client, "workspace_by_value", nothing, token)
    for month in sorted({month for _, month, _ in noted}):
        workspaces = sorted({workspace for workspace, of, _ in noted if of == month})
        begin = date(month // 100, month % 100, 1)
        days = range((begin - date(1970, 1, 1)).days, (begin - date(1970, 1, 1)).days + _days(begin))
        touched = [(workspace, 0, day) for workspace in workspaces for day in days]
        for rollup in ROLLUPS.values():
            if "code" not in rollup.owner:
                tokens = f"finished:{secrets.token_hex(8)}"
                settle_rollup(client, rollup, slices_of(rollup, touched), tokens, _pass, no_hold)
    _strike_out(client, {token for _, _, token in noted})


def _days(begin: date) -> int:
    return monthrange(begin.year, begin.month)[1]


def _pass(_: str) -> None:
    """For a caller that stops nowhere."""


def _remake_by_time(client: Client, month: _Month) -> None:
    for rollup in ROLLUPS.values():
        if rollup.people and "code" not in rollup.owner:
            recompute(client, rollup, month.days, f"{month.tokens[0]}:{rollup.table}", _pass)


def _insert(client: Client, table: str, select: str, token: str) -> None:
    once = {"insert_deduplication_token": token, "query_id": token}
    client.command(f"INSERT INTO {table} {select}", settings={**SPILL, **ONE_BLOCK, **ONCE, **ONCE_SELECTED, **once})


def purge(client: Client) -> None:
    """Rewrites, in the background, the parts in which rows are masked."""
    for table in ("scans", "erasing", *ROLLUPS):
        masked = client.query(
            f"SELECT count() FROM {cluster.system(client, 'parts')} WHERE active"  # noqa: S608 (our names)
            f" AND database = {cluster.database(client)} AND table = {{table:String}} AND has_lightweight_delete",
            parameters={"table": cluster.part_name(client, table)},
            settings=cluster.THOSE_THERE,
        ).result_rows[0][0]
        if masked:
            client.command(
                f"ALTER TABLE {cluster.stored(client, table)} APPLY DELETED MASK", settings={"mutations_sync": 0}
            )


def _among(owners: Iterable[Owner]) -> str:
    """A condition. In the statement's own text: parameters of a deletion would go into the address, which has a
    greatest length."""
    return f"(workspace, code) IN ({', '.join(map(str, owners))})"


def _present(client: Client, table: str, owners: list[Owner]) -> list[Owner]:
    if not owners:
        return []
    query = f"SELECT DISTINCT workspace, code FROM {table} WHERE {_among(owners)} ORDER BY ALL"  # noqa: S608
    return [(row[0], row[1]) for row in client.query(query).result_rows]


def _erase_rows(
    client: Client, owners: list[Owner], month: int, share: str, token: str, reason: str, progress: Progress
) -> None:
    these = f"{_among(owners)} AND {share}"
    sources = client.query(
        f"SELECT DISTINCT source FROM scans WHERE {these} AND toYYYYMM(ts) = {month} LIMIT {_NAMED + 1}",  # noqa: S608
    ).result_rows
    among = f"source IN ({', '.join(str(row[0]) for row in sources)}) AND " if 0 < len(sources) <= _NAMED else ""
    entered = f"(SELECT source, seq FROM ledger WHERE {among}{share})"  # noqa: S608
    client.command(
        "INSERT INTO ledger (source, seq, workspace, code, check, reason)"  # noqa: S608
        f" SELECT DISTINCT source, seq, workspace, code, {LINE_CHECK}, {{reason:String}}"
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
    added = rollup_select("workspace_by_value", f"{these} AND toYYYYMM(ts) = {month} AND (source, seq) IN {entered}")
    less = f"SELECT workspace, dimension, day, value, code, kind, toUInt64(-toInt64(n)) FROM ({added})"  # noqa: S608
    _insert(client, "workspace_by_value", less, token)
    progress("subtracted", 0, 1)
    # Each replica looks the rows up in its own part of the ledger.
    cluster.catch_up(client, "ledger")
    here = entered.replace("FROM ledger", f"FROM {cluster.part_name(client, 'ledger')}")
    client.command(
        f"DELETE FROM {cluster.stored(client, 'scans')} IN PARTITION {month}"  # noqa: S608
        f" WHERE {these} AND (source, seq) IN {here}",
        settings={**_WAIT, "allow_nondeterministic_mutations": 1},
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
        # How many orders, of those in Redis, have been looked at: each that was due is carried out.
        self.settled = 0

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
        self._known = self.settled = known
        if everything:
            await self._between(purge)
            self._everything_at = now + LATE_S * 1000
        return self.erased - before

    def _is_soon(self, one: Erasure, now: int) -> bool:
        return _wait_ms(one, now) < LATE_S * 1000 and self._again.get(one.birth, 0) <= now

    async def _erase(self, batch: list[Erasure], now: int) -> None:
        owners = [(one.workspace, one.birth) for one in batch]
        rows = await self._between(lambda client: erase(client, owners))
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
