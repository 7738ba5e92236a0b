"""Store a batch exactly once: declare it on the bus, insert it, and settle it when an insert is in doubt."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TypeVar

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from opentelemetry.trace import Tracer

from aggregator import queries
from aggregator.batch import Batch
from aggregator.batch_log import BatchLog
from aggregator.bus import Held, Partition
from aggregator.disk_space import DiskSpace
from aggregator.metrics import PartitionMetrics
from aggregator.retrying import Retrier
from aggregator.settle import Checkpoint, settle
from aggregator.warehouse_writer import Away, WarehouseWriter

T = TypeVar("T")

HELD_S = 0.2


class Declared(Enum):
    """What the bus has been told of the partition's last batch."""

    # Nothing that is not done with.
    NOTHING = "nothing"
    # It is stored, or its rows are all known; the bus has not been told so yet.
    STORED = "stored"
    # It is declared, and how much of it is stored is not certain.
    IN_DOUBT = "in doubt"


# How often an insert is begun again that other aggregators' inserts keep out, one turn of HELD_S apart.
BUSY_TURNS = 50


class Stale(Exception):
    """The intent was acknowledged too long ago to begin its insert."""


class Busy(Exception):
    """Replicas have not taken over another aggregator's insert yet, and take one after the other. Some shards may have
    their part of ours; begun again under its token, it comes to the same."""


class Committer:
    """Takes the batches of one partition, one at a time. `clear_all` clears every partition of this process; it is
    called with the turn held."""

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
        retrier: Retrier,
    ) -> None:
        self.declared = Declared.NOTHING
        # Everything below is stored.
        self.position = 0
        self.storing = False
        self.metrics = PartitionMetrics()
        self._partition = partition
        self._writer = writer
        self._log = log
        self._space = space
        self._clock = clock
        # How old an acknowledged intent may be when its insert begins, and a hold when a deletion does.
        self._fresh_s = None if session_timeout_s is None else session_timeout_s / 2
        self._checkpoint = checkpoint
        self._clear_all = clear_all
        self._tracer = tracer
        self._retrier = retrier
        self._ask = retrier.until_answered

    async def store(self, batch: Batch) -> None:
        """Returns when all of it is stored. Raises Leaving and Lost; what was declared stays declared then."""
        about = {"waymark.partition": self._partition.id.number, "waymark.events": len(batch.lines)}
        self.storing = True
        try:
            with self._tracer.start_as_current_span("batch", attributes=about, record_exception=False):
                await self._store(batch)
        finally:
            self.storing = False

    async def _store(self, batch: Batch) -> None:
        if batch.lines:
            self._checkpoint("gathered")
            await self._wait_for_space()
            if not await self._ask(lambda: self._in_turn(lambda: self._insert(batch))):
                await self.settle(batch)
                return
            self._checkpoint("inserted")
        await self._insert_notes(batch)
        self._log.add(batch)
        self._stored(batch, Declared.STORED)

    def _stored(self, batch: Batch, declared: Declared) -> None:
        self.metrics.count(batch)
        self.position = batch.last + 1
        self.declared = declared

    async def _insert(self, batch: Batch) -> bool:
        """False when it is not certain what came of it. Raises Held, and Away when nothing was begun."""
        await self._flush_log()
        self.declared = Declared.IN_DOUBT
        busy = 0
        while True:
            try:
                acknowledged = await self._ask(lambda: self._partition.declare(batch.range))
            except Held:
                self.declared = Declared.NOTHING
                raise
            self._checkpoint("declared")
            try:
                await self._writer.call(self._insert_fresh, batch, acknowledged)
            except Stale:
                continue
            except Busy as error:
                busy += 1
                self._retrier.note(error)
                if busy == BUSY_TURNS:
                    return False
                await self._retrier.pause(HELD_S)
            except Away as error:
                self._retrier.note(error)
                return False
            else:
                return True

    def _insert_fresh(self, client: Client, batch: Batch, acknowledged: float) -> None:
        """A process that was stopped for long may have lost the partition without knowing. Declaring the same range
        again asks the bus. Once the rows are in, the intent must not be taken back any more: then the batch is
        settled."""

        def rows_inserted() -> None:
            self._checkpoint("rows inserted")
            if not self._is_fresh(acknowledged):
                raise Away("the batch was declared too long ago to add its sums")

        if not self._is_fresh(acknowledged):
            raise Stale
        began = time.perf_counter()
        try:
            queries.insert(client, batch.block(), batch.token, rows_inserted)
        except ClickHouseError as error:
            if queries.kept_out(error):
                raise Busy("replicas are busy with another insert") from error
            raise
        self.metrics.insert_seconds.add(time.perf_counter() - began)

    def _is_fresh(self, acknowledged: float) -> bool:
        return self._fresh_s is None or self._clock() - acknowledged <= self._fresh_s

    async def settle(self, batch: Batch) -> None:
        """With every other insert held, here and elsewhere; until the bus knows that the batch is done with."""
        self.declared = Declared.IN_DOUBT

        loop = asyncio.get_running_loop()
        acknowledged = 0.0

        async def hold() -> float:
            return await self._partition.hold(batch.first, batch.range)

        def renew_hold() -> None:
            """In the warehouse's thread. An old hold is asked for again: when that succeeds nobody else had the
            partition meanwhile, and what was compared still holds. Raises Lost, Held, OSError."""
            nonlocal acknowledged
            self._checkpoint("repairing")
            if self._is_fresh(acknowledged):
                return
            held = asyncio.run_coroutine_threadsafe(hold(), loop)
            try:
                acknowledged = held.result(self._fresh_s)
            except TimeoutError:
                held.cancel()
                raise

        async def with_inserts_held() -> None:
            nonlocal acknowledged
            await self._ask(self._clear_all)
            acknowledged = await self._ask(hold)
            await self._ask(lambda: self._writer.call(settle, batch, self._checkpoint, renew_hold))
            self.metrics.settled += 1
            await self._insert_notes(batch)
            self._log.add(batch, settled=True)
            await self._ask(self._flush_log)
            await self._ask(lambda: self._partition.done(batch.last + 1))
            self._stored(batch, Declared.NOTHING)

        await self._wait_for_space()
        await self._in_turn(with_inserts_held)

    async def finish(self) -> None:
        """Tells the bus, in turn, that everything stored is done with."""
        if self.declared == Declared.STORED:
            await self._ask(self._clear_in_turn)

    async def _clear_in_turn(self) -> None:
        async with self._writer.turn:
            await self.clear()

    async def clear(self) -> None:
        """The same with the turn held by the caller. Raises Away while the batch cannot be logged."""
        if self.declared == Declared.STORED:
            await self._flush_log()
            await self._ask(lambda: self._partition.done(self.position))
            self.declared = Declared.NOTHING

    async def _wait_for_space(self) -> None:
        """Without holding the turn."""
        await self._ask(lambda: self._writer.call(self._space.require))

    async def _in_turn(self, act: Callable[[], Awaitable[T]]) -> T:
        """Acts with the turn held. While another process holds everything, the others of this one get their turn,
        so that they can clear what they have declared."""
        while True:
            try:
                async with self._writer.turn:
                    return await act()
            except Held as error:
                self._retrier.note(error)
            await self._retrier.pause(HELD_S)

    async def _insert_notes(self, batch: Batch) -> None:
        if batch.notes:
            await self._ask(lambda: self._writer.call(queries.insert_notes, self._partition.id, batch.notes))
            self._checkpoint("noted")

    async def _flush_log(self) -> None:
        """Before the bus is told that the partition's last batch is done with. Raises Away: let go of the turn before
        you try again, since a full disk may stay so for hours."""
        if self._log.holds(self._partition.id):
            await self._writer.call(self._log.flush)
            self._checkpoint("logged")
