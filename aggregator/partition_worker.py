"""Following one partition: settle what was left open, then gather, declare, insert, and on."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from clickhouse_connect.driver.client import Client
from opentelemetry.trace import Tracer

from aggregator import queries
from aggregator.batch import MAX_BYTES, Batch, Decoded, Unreadable, covers_offset, decode, up_to_offset
from aggregator.bus import Gone, Held, Lost, Partition, Range
from aggregator.disk_space import DiskSpace
from aggregator.metrics import PartitionMetrics
from aggregator.settle import Checkpoint, settle
from aggregator.warehouse_writer import Away, WarehouseWriter

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH_S = 0.3
IDLE_S = 0.5
# After a read that brought fewer rows than this, the next one waits so long.
PACE_ROWS = 2000
PACE_S = 0.05
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
HELD_S = 0.2

State = Literal["recovering", "following", "retrying", "stopped", "ended", "left"]


class Leaving(Exception):
    """The partition is to be let go of now; what is open stays declared."""


class Stale(Exception):
    """The intent was acknowledged too long ago to begin its insert."""


class Alarm(Exception):
    """Following this partition further could lose or double events. A person must look."""


class PartitionWorker:
    """Runs for as long as its partition is assigned. A batch is in one of three hands: being gathered,
    being inserted, or done; at most one is in each."""

    def __init__(
        self,
        partition: Partition,
        writer: WarehouseWriter,
        space: DiskSpace,
        clock: Callable[[], float],
        session_timeout_s: float | None,
        checkpoint: Checkpoint,
        clear_all: Callable[[], Awaitable[None]],
        tracer: Tracer,
    ) -> None:
        """`clear_all` clears every worker of this process; it is called with the turn held."""
        self.partition = partition
        self.state: State = "recovering"
        self.reason = ""
        self.bad: Unreadable | None = None
        self.position = 0
        self.metrics = PartitionMetrics()
        self.lag: int | None = None
        # A batch is stored, or its rows are all known, and the bus has not been told yet.
        self.open = False
        # A batch is declared, and how much of it is stored is not certain.
        self.unsettled = False
        self._writer = writer
        self._space = space
        self._clock = clock
        # How old an acknowledged intent may be when its insert begins.
        self._fresh_s = None if session_timeout_s is None else session_timeout_s / 2
        self._checkpoint = checkpoint
        self._clear_all = clear_all
        self._tracer = tracer
        self._marks: dict[int, int] = {}
        self._skip: set[int] = set()
        self._storing = False
        self._read_to = 0
        self._ended = False

    async def run(self) -> None:
        """Returns when the partition has ended, is left or lost, or is stopped with an alarm (see `state`)."""
        try:
            await self._recover()
            self.state = "following"
            try:
                await self._follow()
            except Unreadable:
                await self._finish()
                raise
            self.state = "ended" if self._ended else "left"
        except (Leaving, Lost):
            self.state = "left"
        except (Alarm, Gone) as error:
            self._stop(str(error))
        except Unreadable as error:
            self.bad = error
            self._stop(f"unreadable record at offset {error.offset}: {error.reason}")

    def _stop(self, reason: str) -> None:
        self.state = "stopped"
        self.reason = reason
        log.error("partition %d is stopped: %s", self.partition.id.number, reason)

    # What was left open

    async def _recover(self) -> None:
        partition_id = self.partition.id
        resume = await self._patiently(self.partition.resume)
        stored = await self._patiently(lambda: self._writer.call(queries.highest_offset, partition_id))
        self._skip = await self._patiently(lambda: self._writer.call(queries.skipped_offsets, partition_id))
        self.metrics.dead_letters = len(self._skip)
        limit = resume.position if resume.intent is None else resume.intent.last + 1
        if stored >= limit:
            raise Alarm(f"offset {stored} is stored, but the bus says that nothing from {limit} on is")
        self.position = self._read_to = resume.position
        if resume.intent is not None:
            self.unsettled = True
            await self._recover_batch(resume.intent)
        self._marks = {}

    async def _recover_batch(self, intent: Range) -> None:
        partition_id = self.partition.id
        batch = Batch(partition_id, intent.first, self._marks)
        while batch.last < intent.last:
            records = await self._patiently(lambda: self.partition.read(MAX_BYTES))
            if not records:
                if records is None:
                    raise Alarm(f"the bus ends before offset {intent.last}, which was declared")
                self._give_way()
                continue
            found = decode(records, batch.last + 1, self._skip)
            decoded = up_to_offset(found, intent.last)
            if decoded.bad is None and found.last > intent.last and not covers_offset(found, intent.last, self._skip):
                raise Alarm(f"offset {intent.last} was declared, and is not on the bus")
            await self._mark(decoded, before=intent.first)
            batch.take(decoded)
            if decoded.bad is not None:
                raise decoded.bad
        batch.last = intent.last
        self._checkpoint("recovering")
        await self._settle(batch)
        self._checkpoint("recovered")
        self._read_to = self.position
        await self._patiently(lambda: self.partition.seek(self.position))

    # The usual way

    async def _follow(self) -> None:
        gathering = asyncio.ensure_future(self._gather())
        try:
            while True:
                batch = await self._next(gathering)
                if batch is None:
                    break
                self._storing = True
                gathering = asyncio.ensure_future(self._gather())
                try:
                    await self._store(batch)
                finally:
                    self._storing = False
        finally:
            gathering.cancel()
            await asyncio.wait([gathering])
        await self._finish()
        if self._ended:
            await self._patiently(self.partition.retire)

    async def _next(self, gathering: "asyncio.Future[Batch | None]") -> Batch | None:
        """The batch, once it is gathered; while there is none for a while, the last one's intent is cleared."""
        try:
            return await asyncio.wait_for(asyncio.shield(gathering), IDLE_S)
        except TimeoutError:
            await self._finish()
            return await gathering

    async def _finish(self) -> None:
        if self.open:
            async with self._writer.turn:
                await self.clear()

    async def clear(self) -> None:
        """Tells the bus that everything stored is done with. Call it with the turn held."""
        if self.open and not self.unsettled:
            await self._patiently(lambda: self.partition.done(self.position))
            self.open = False

    async def _gather(self) -> Batch | None:
        """The next batch; None at the end or when leaving. Raises Unreadable when the next record is."""
        if self.bad is not None:
            raise self.bad
        batch = Batch(self.partition.id, self._read_to, self._marks)
        begun: float | None = None
        rows = 0
        while not self.partition.leaving.is_set():
            if self._ended:
                return None if batch.empty else batch
            if begun is not None and len(batch.lines) - rows < PACE_ROWS:
                # Little by little costs more than all at once.
                await asyncio.sleep(PACE_S)
            if begun is not None and (batch.full or (self._clock() - begun >= BATCH_S and not self._storing)):
                return batch
            records = await self._patiently(lambda: self.partition.read(MAX_BYTES - min(batch.size, MAX_BYTES // 2)))
            if records is None:
                self._ended = True
                continue
            if not records:
                continue
            if begun is None:
                begun = self._clock()
            rows = len(batch.lines)
            decoded = await asyncio.to_thread(decode, records, self._read_to, self._skip)
            await self._mark(decoded)
            await asyncio.to_thread(batch.take, decoded)
            self._read_to = batch.last + 1
            if decoded.bad is not None:
                self.bad = decoded.bad
                if batch.empty:
                    raise self.bad
                return batch
        return None

    async def _mark(self, decoded: Decoded, before: int | None = None) -> None:
        unknown = decoded.sources() - self._marks.keys()
        if unknown:
            limit = None if before is None else (self.partition.id, before)
            found = await self._patiently(lambda: self._writer.call(queries.highest_seqs, unknown, limit))
            self._marks.update(found)

    async def _store(self, batch: Batch) -> None:
        about = {"waymark.partition": self.partition.id.number, "waymark.events": len(batch.lines)}
        with self._tracer.start_as_current_span("batch", attributes=about, record_exception=False):
            await self._store_batch(batch)

    async def _store_batch(self, batch: Batch) -> None:
        if batch.lines:
            self._checkpoint("gathered")
            await self._room()
            if not await self._in_turn(lambda: self._insert(batch)):
                await self._settle(batch)
                return
            self._checkpoint("inserted")
        await self._keep_notes(batch)
        self._count(batch)
        self.open = True

    def _count(self, batch: Batch) -> None:
        self.metrics.count(batch)
        self.position = batch.last + 1
        self.unsettled = False

    async def _insert(self, batch: Batch) -> bool:
        """False when it is not certain what came of it. Raises Held."""
        self.unsettled = True
        while True:
            try:
                acknowledged = await self._patiently(lambda: self.partition.declare(batch.range))
            except Held:
                self.unsettled = self.open = False
                raise
            self._checkpoint("declared")
            try:
                await self._writer.call(self._insert_fresh, batch, acknowledged)
            except Stale:
                continue
            except Away as error:
                self._note_failure(error)
                return False
            return True

    def _insert_fresh(self, client: Client, batch: Batch, acknowledged: float) -> None:
        """Whoever was stopped for long may have lost the partition without knowing. To declare the same range again
        asks the bus. With the rows in, the intent must not be taken back any more: then the batch is settled."""

        def fresh() -> bool:
            return self._fresh_s is None or self._clock() - acknowledged <= self._fresh_s

        def rows_inserted() -> None:
            self._checkpoint("rows inserted")
            if not fresh():
                raise Away("the batch was declared too long ago to add its sums")

        if not fresh():
            raise Stale
        began = time.perf_counter()
        queries.insert(client, batch.block(), batch.token, rows_inserted)
        self.metrics.insert_seconds.add(time.perf_counter() - began)

    async def _settle(self, batch: Batch) -> None:
        """With every other insert held, here and elsewhere; until the bus knows that the batch is done with."""

        async def held() -> None:
            await self._clear_all()
            await self._patiently(lambda: self.partition.hold(batch.first, batch.range))
            await self._patiently(lambda: self._writer.call(settle, batch, self._checkpoint))
            self.metrics.settled += 1
            await self._keep_notes(batch)
            await self._patiently(lambda: self.partition.done(batch.last + 1))
            self._count(batch)
            self.open = False

        await self._room()
        await self._in_turn(held)

    async def _room(self) -> None:
        """Waits for it without holding the turn."""
        await self._patiently(lambda: self._writer.call(self._space.require))

    async def _in_turn(self, act: Callable[[], Awaitable[T]]) -> T:
        """Acts with the turn held. While another process holds everything, the others of this one get their turn,
        so that they can clear what they have declared."""
        while True:
            try:
                async with self._writer.turn:
                    return await act()
            except Held as error:
                self._note_failure(error)
            await self._pause(HELD_S)

    async def _keep_notes(self, batch: Batch) -> None:
        if batch.notes:
            partition_id = self.partition.id
            await self._patiently(lambda: self._writer.call(queries.insert_notes, partition_id, batch.notes))
            self._checkpoint("noted")

    # Trouble

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Asks until it is answered, with growing pauses. Raises Leaving, and what is not a matter of patience."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                answer = await ask()
            except (Away, OSError) as error:
                self._note_failure(error)
            else:
                if self.state == "retrying":
                    self.state, self.reason = "following", ""
                return answer
            await self._pause(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.partition.leaving.wait()
        self._give_way()

    def _give_way(self) -> None:
        if self.partition.leaving.is_set():
            raise Leaving

    @property
    def active(self) -> bool:
        return self.state in ("recovering", "following", "retrying")

    def _note_failure(self, error: Exception) -> None:
        if self.reason != str(error):
            log.warning("partition %d waits: %s", self.partition.id.number, error)
        self.reason = str(error)
        if self.state == "following":
            self.state = "retrying"
