"""Queue stored scans for the endpoints that are told of them, in batches.

Each endpoint has a position in the feed of stored scans (`analytics.feed`), which moves in the step in which its
batches are queued: no scan is left out and none is queued twice, whoever is killed. While an endpoint's queue is long,
its scans wait in the warehouse, where they are anyway. Endpoints at the same position share one read.
"""

import logging
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from analytics import feed
from analytics.feed import Chunk, StoredScan
from analytics.feed_position import Position, decode, encode
from analytics.query.code_sets import CodeSet, nameless
from analytics.query_pool import QueryPool
from analytics.types import Unavailable
from codes.code_attributes import CodeAttributes
from codes.code_table import EMPTY, TooManyCodes
from codes.redis_client import command, raises_unavailable
from infra.fair_queue import TooMany
from schemas import keys
from schemas.scan_record import FIELDS, code_of, record_of
from schemas.webhook import Endpoint
from webhooks import payloads
from webhooks.code_filters import codes_told_of, contains
from webhooks.deliveries import POSITION, Message
from webhooks.payloads import ScanData
from webhooks.worker import Parts

_log = logging.getLogger("waymark.webhooks")

# When scans were left out, because their position was too old.
MISSED = "missed"
# While so many deliveries of an endpoint wait, its scans wait, too.
MOST_WAITING = 32
# Scans that one read takes; reads of one step; how often there is a step.
READ = 5_000
READS = 16
POLL_S = 0.5
# And while scans wait for the deliveries before them.
SOON_S = 0.05
# How often a position is kept when nothing was queued.
KEEP_MS = 60_000

_KIND, _OUTCOME, _AT = FIELDS.index("kind"), FIELDS.index("outcome"), FIELDS.index("at")
# As in all totals.
_COUNTED = ("redirect", "page")

Attributes = Callable[[int], Awaitable[CodeAttributes]]


class _Reader(msgspec.Struct):
    """Where an endpoint is: as Redis has it, and as it is."""

    kept: str
    position: Position
    kept_at_ms: int


class ScanSource:
    def __init__(self, parts: Parts, pool: QueryPool, attributes: Attributes) -> None:
        self._parts = parts
        self._pool = pool
        self._attributes = attributes
        self._readers: dict[str, _Reader] = {}
        # How many deliveries wait where they are too many.
        self._full: dict[str, int] = {}
        # Who was read last comes last.
        self._turns: deque[str] = deque()

    async def step(self) -> float | None:
        """Raises LeaseLost, and Unavailable of Redis."""
        endpoints = self._listening()
        if not endpoints:
            await self._parts.directory.refresh()
            endpoints = self._listening()
        self._readers = {id: reader for id, reader in self._readers.items() if id in endpoints}
        if not endpoints:
            return None
        try:
            await self._know(endpoints)
            return SOON_S if await self._read(endpoints) else POLL_S
        except (Unavailable, TooMany):
            # The warehouse is away: nothing is lost by waiting.
            return 2 * POLL_S

    def _listening(self) -> dict[str, Endpoint]:
        return {each.id: each for each in self._parts.directory.all() if _listens(each)}

    @raises_unavailable
    async def _know(self, endpoints: dict[str, Endpoint]) -> None:
        """Find the positions of endpoints that are new here."""
        for id in endpoints:
            if id in self._readers:
                continue
            raw = await command(self._parts.redis, "HGET", keys.webhook(id, "state"), POSITION)
            if raw is None:
                position = await self._pool.ask(feed.end, self._parts.now_ms())
                await self._start(endpoints[id], "", position)
            else:
                self._readers[id] = _Reader(raw.decode(), _decoded(raw.decode()), self._parts.now_ms())
            self._turns.append(id)

    async def _start(self, endpoint: Endpoint, kept: str, position: Position) -> None:
        text = encoded(position)
        if await self._advance(endpoint, kept, text, []):
            self._readers[endpoint.id] = _Reader(text, position, self._parts.now_ms())
        else:
            self._readers.pop(endpoint.id, None)

    async def _advance(self, endpoint: Endpoint, before: str, after: str, messages: Sequence[Message]) -> bool:
        plan = await self._parts.directory.plan(endpoint.workspace)
        now_ms = self._parts.now_ms()
        return await self._parts.queue.advance(endpoint.id, POSITION, before, after, messages, plan, now_ms)

    async def _read(self, endpoints: dict[str, Endpoint]) -> bool:
        """Read on for some endpoints, those at the same position together; return whether there is more at once."""
        self._turns = deque(id for id in self._turns if id in self._readers)
        waiting = await self._waiting(list(self._turns))
        more = False
        done: set[str] = set()
        for _ in range(min(READS, len(self._turns))):
            first = next((id for id in self._turns if id not in done and waiting[id] < MOST_WAITING), None)
            if first is None:
                break
            at = _key(self._readers[first].position)
            together = [
                id
                for id in self._turns
                if id not in done and waiting[id] < MOST_WAITING and _key(self._readers[id].position) == at
            ]
            done.update(together)
            more |= await self._read_together([endpoints[id] for id in together], waiting)
        # Soon again where a queue that was full moves on.
        full = {id: count for id, count in waiting.items() if count >= MOST_WAITING}
        more |= bool(full.keys() - self._full.keys()) or any(count < self._full[id] for id, count in full.items())
        self._full = full
        self._turns = deque([*(id for id in self._turns if id not in done), *(id for id in self._turns if id in done)])
        return more

    @raises_unavailable
    async def _waiting(self, ids: Sequence[str]) -> dict[str, int]:
        pipe = self._parts.redis.pipeline(transaction=False)
        for id in ids:
            pipe.zcard(keys.webhook(id, "pending"))
        return dict(zip(ids, await pipe.execute(), strict=True))

    async def _read_together(self, endpoints: Sequence[Endpoint], waiting: dict[str, int]) -> bool:
        position = self._readers[endpoints[0].id].position
        now_ms = self._parts.now_ms()
        try:
            chunk = await self._pool.ask(
                feed.after, position, READ, now_ms=now_ms, workspaces={each.workspace for each in endpoints}
            )
        except feed.Gone:
            end = await self._pool.ask(feed.end, now_ms)
            for each in endpoints:
                await self._missed(each, end)
            return True
        known = {each.workspace: await self._names(each.workspace, chunk) for each in endpoints}
        more = chunk.more
        for each in endpoints:
            more |= await self._queue(each, chunk, known[each.workspace], MOST_WAITING - waiting[each.id])
        return more

    async def _missed(self, endpoint: Endpoint, end: Position) -> None:
        _log.warning("scans for the webhook %s have waited for too long; it goes on with those of now", endpoint.id)
        await self._start(endpoint, self._readers[endpoint.id].kept, end)
        await _note_missed(self._parts, endpoint)

    async def _names(self, workspace: int, chunk: Chunk) -> CodeAttributes:
        if not any(scan.workspace == workspace for scan in chunk.scans):
            return CodeAttributes(EMPTY)
        try:
            return await self._attributes(workspace)
        except TooManyCodes:
            return CodeAttributes(EMPTY)

    async def _queue(self, endpoint: Endpoint, chunk: Chunk, names: CodeAttributes, room: int) -> bool:
        """Queue the batches of an endpoint that are full or have waited long enough; return whether more are there."""
        reader, now_ms = self._readers[endpoint.id], self._parts.now_ms()
        codes = codes_told_of(endpoint, names)
        wanted = [at for at, scan in enumerate(chunk.scans) if _wants(endpoint, scan, codes)]
        size = endpoint.batch_size
        batches = [wanted[at : at + size] for at in range(0, len(wanted), size)]
        last = batches[-1] if batches else []
        if last and len(last) < size and not chunk.more:
            oldest_ms = min(chunk.scans[at].record[_AT] for at in last)
            if now_ms - oldest_ms < endpoint.batch_wait_s * 1000:
                batches.pop()
        taken = batches[:room]
        rest = len(wanted) - sum(map(len, taken))
        if rest == 0:
            position = chunk.end
        elif taken:
            position = chunk.position(taken[-1][-1])
        else:
            return False
        if not taken and now_ms - reader.kept_at_ms < KEEP_MS:
            reader.position = position
            return False
        messages = [self._message([chunk.scans[at] for at in batch], names) for batch in taken]
        text = encoded(position)
        if await self._advance(endpoint, reader.kept, text, messages):
            self._readers[endpoint.id] = _Reader(text, position, now_ms)
        else:
            # It was deleted; or else its position is read anew.
            self._readers.pop(endpoint.id)
        return len(taken) == room and bool(batches[room:])

    def _message(self, scans: Sequence[StoredScan], names: CodeAttributes) -> Message:
        signing = self._parts.signing
        told = []
        for scan in scans:
            number = code_of(scan.record)
            id = signing.id("scan", scan.source, scan.seq)
            told.append(ScanData(id, record_of(scan.record, names.id_of(number) or nameless(number))))
        return payloads.of_scans(told, signing, self._parts.now_ms())


def _listens(endpoint: Endpoint) -> bool:
    return "scan" in endpoint.events and not endpoint.stopped


def _wants(endpoint: Endpoint, scan: StoredScan, codes: CodeSet) -> bool:
    record = scan.record
    number = code_of(record)
    return (
        scan.workspace == endpoint.workspace
        and number != 0
        and record[_KIND] in endpoint.kinds
        and record[_OUTCOME] in _COUNTED
        and contains(codes, number)
    )


def _key(position: Position) -> object:
    """The same for positions from which the same scans follow."""
    return position.floor_ms, frozenset((name, track.offset, track.seq) for name, track in position.tracks.items())


async def newest_position(pool: QueryPool, now_ms: int) -> str | None:
    """Where the feed is now, for an endpoint that is being created; None if the warehouse does not say."""
    try:
        return encoded(await pool.ask(feed.end, now_ms))
    except (Unavailable, TooMany):
        return None


def encoded(position: Position) -> str:
    return b64encode(encode(position)).decode()


def _decoded(text: str) -> Position:
    return decode(b64decode(text))


@raises_unavailable
async def _note_missed(parts: Parts, endpoint: Endpoint) -> None:
    await command(parts.redis, "HSET", keys.webhook(endpoint.id, "state"), MISSED, parts.now_ms())
