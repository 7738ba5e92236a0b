"""Follow one partition: settle what was left open, then gather, declare, insert, and on."""

import asyncio
from collections.abc import Awaitable, Callable

from opentelemetry.trace import Tracer

from aggregator import queries
from aggregator.batch import Batch
from aggregator.batch_log import BatchLog
from aggregator.batching import Alarm, Batcher
from aggregator.bus import Gone, Lost, Partition, Range
from aggregator.committing import Committer, Declared
from aggregator.decoding import Unreadable
from aggregator.disk_space import DiskSpace
from aggregator.metrics import PartitionMetrics
from aggregator.retrying import Leaving, Retrier, State
from aggregator.settle import Checkpoint
from aggregator.warehouse_writer import WarehouseWriter

# How long the last batch waits for another one before the bus is told that it is done with.
IDLE_S = 0.5


class PartitionWorker:
    """Runs for as long as its partition is assigned. One batch may be gathered while another one is stored."""

    def __init__(
        self,
        partition: Partition,
        writer: WarehouseWriter,
        log: BatchLog,
        space: DiskSpace,
        clock: Callable[[], float],
        session_timeout_s: float | None,
        checkpoint: Checkpoint,
        clear_all: Callable[[], Awaitable[None]],
        tracer: Tracer,
    ) -> None:
        """`clear_all` clears every worker of this process; it is called with the turn held."""
        self.partition = partition
        self.lag: int | None = None
        self._writer = writer
        self._checkpoint = checkpoint
        self._retrier = Retrier(partition)
        self._ask = self._retrier.until_answered
        self._committer = Committer(
            partition, writer, log, space, clock, session_timeout_s, checkpoint, clear_all, tracer, self._retrier
        )
        self._batcher = Batcher(partition, writer, clock, self._retrier, lambda: self._committer.storing)

    @property
    def state(self) -> State:
        return self._retrier.state

    @property
    def reason(self) -> str:
        """What it waits for, or why it is stopped."""
        return self._retrier.reason

    @property
    def active(self) -> bool:
        return self.state in (State.RECOVERING, State.FOLLOWING, State.RETRYING)

    @property
    def declared(self) -> Declared:
        return self._committer.declared

    @property
    def position(self) -> int:
        """Everything below is stored."""
        return self._committer.position

    @property
    def bad(self) -> Unreadable | None:
        return self._batcher.bad

    @property
    def metrics(self) -> PartitionMetrics:
        return self._committer.metrics

    async def run(self) -> None:
        """Returns when the partition has ended, is left or lost, or is stopped with an alarm (see `state`)."""
        try:
            await self._recover()
            self._retrier.state = State.FOLLOWING
            try:
                await self._follow()
            except Unreadable:
                await self._committer.finish()
                raise
            self._retrier.state = State.ENDED if self._batcher.ended else State.LEFT
        except (Leaving, Lost):
            self._retrier.state = State.LEFT
        except (Alarm, Gone) as error:
            self._retrier.stop(str(error))
        except Unreadable as error:
            self._batcher.bad = error
            self._retrier.stop(f"unreadable record at offset {error.offset}: {error.reason}")

    async def clear(self) -> None:
        """Tells the bus that everything stored is done with. Call it with the turn held. Raises Away."""
        await self._committer.clear()

    async def release_hold(self) -> None:
        """Tells the bus that this partition holds the others no more. Call it with the turn held."""
        self._committer.declared = Declared.STORED
        await self._committer.clear()

    async def _recover(self) -> None:
        partition_id = self.partition.id
        resume = await self._ask(self.partition.resume)
        stored = await self._ask(lambda: self._writer.call(queries.highest_offset, partition_id))
        skip = await self._ask(lambda: self._writer.call(queries.skipped_offsets, partition_id))
        self.metrics.dead_letters = len(skip)
        limit = resume.position if resume.intent is None else resume.intent.last + 1
        if stored >= limit:
            raise Alarm(f"offset {stored} is stored, but the bus says that nothing from {limit} on is")
        self._committer.position = resume.position
        self._batcher.begin_at(resume.position, skip)
        if resume.intent is not None:
            await self._recover_batch(resume.intent)

    async def _recover_batch(self, intent: Range) -> None:
        self._committer.declared = Declared.IN_DOUBT
        batch = await self._batcher.gather_again(intent)
        self._checkpoint("recovering")
        await self._committer.settle(batch)
        self._checkpoint("recovered")
        self._batcher.begin_at(self.position)
        await self._ask(lambda: self.partition.seek(self.position))

    async def _follow(self) -> None:
        gathering = asyncio.ensure_future(self._batcher.gather())
        try:
            while (batch := await self._next(gathering)) is not None:
                gathering = asyncio.ensure_future(self._batcher.gather())
                await self._committer.store(batch)
        finally:
            gathering.cancel()
            await asyncio.wait([gathering])
        await self._committer.finish()
        if self._batcher.ended:
            await self._ask(self.partition.retire)

    async def _next(self, gathering: "asyncio.Future[Batch | None]") -> Batch | None:
        """The batch, once it is gathered; while there is none for a while, the last one's intent is cleared."""
        try:
            return await asyncio.wait_for(asyncio.shield(gathering), IDLE_S)
        except TimeoutError:
            await self._committer.finish()
            return await gathering
