"""The aggregator: a worker for each assigned partition, and one writer at which they take turns."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import TypeVar

from clickhouse_connect.driver.client import Client
from opentelemetry.trace import NoOpTracer, Tracer

from aggregator.batch_log import BatchLog
from aggregator.bus import Bus, Held, Lost, Partition
from aggregator.committing import Declared
from aggregator.disk_space import DiskSpace
from aggregator.metrics import PartitionMetrics
from aggregator.partition_worker import PartitionWorker
from aggregator.retrying import Leaving, State
from aggregator.settle import Checkpoint
from aggregator.warehouse_writer import Away, WarehouseWriter
from infra.first_event import first_event

log = logging.getLogger(__name__)

T = TypeVar("T")

# How soon work between two batches is tried again.
LOOK_S = 0.1
LAG_S = 1.0
DISK_S = 10.0
# Scans are in the feed this long after they are stored, or sooner.
LOG_S = 0.25


def no_checkpoint(name: str) -> None:
    """Tests give one that kills the process."""


def uptime() -> float:
    """Seconds that go on while the machine sleeps, so that an old intent is seen to be old."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Aggregator:
    """Moves everything from one bus to the warehouse. `connect` is called in the warehouse's own thread; below
    `free_floor` bytes on its disk nothing is inserted."""

    def __init__(
        self,
        bus: Bus,
        connect: Callable[[], Client],
        *,
        free_floor: int = 0,
        clock: Callable[[], float] = uptime,
        checkpoint: Checkpoint = no_checkpoint,
        tracer: Tracer | None = None,
    ) -> None:
        self.writer = WarehouseWriter(connect)
        self.space = DiskSpace(free_floor)
        self.log = BatchLog(space=self.space)
        self.workers: dict[Partition, PartitionWorker] = {}
        self._bus = bus
        self._clock = clock
        self._checkpoint = checkpoint
        self._tracer = tracer or NoOpTracer()
        self._tasks: dict[Partition, asyncio.Task[None]] = {}
        # Of partitions that are followed no more.
        self._gone = PartitionMetrics()
        self._trouble = ""
        # Set when a worker has ended.
        self._ended = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then finishes the batches that are declared, and returns. Raises only for defects:
        what the bus and the warehouse do is waited out."""
        if not await self._opened(stop):
            return
        watching = [asyncio.create_task(self._watch_disk()), asyncio.create_task(self._write_log())]
        try:
            next_lag = self._clock()
            while not stop.is_set():
                await self._look()
                if self._clock() >= next_lag:
                    next_lag = self._clock() + LAG_S
                    await self._look_at_lag()
                await self._news(stop)
        finally:
            for task in watching:
                task.cancel()
            await self._let_go()
            await self._bus.close()
            await self.writer.close()

    async def _news(self, stop: asyncio.Event) -> None:
        """Wait until the bus may have other partitions, a worker has ended, or `stop`."""
        changed = asyncio.create_task(self._bus.until_changed())
        happened = asyncio.create_task(first_event(stop, self._ended))
        try:
            await asyncio.wait([changed, happened], return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
            happened.cancel()

    async def _opened(self, stop: asyncio.Event) -> bool:
        while not stop.is_set():
            try:
                await self._bus.open()
            except OSError as error:
                if self._trouble != str(error):
                    log.warning("no bus: %s", error)
                self._trouble = str(error)
            else:
                return True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await stop.wait()
        return False

    async def _look(self) -> None:
        self._ended.clear()
        try:
            assigned = await self._bus.partitions()
            self._trouble = ""
        except OSError as error:
            self._trouble = str(error)
            return
        for partition in assigned:
            if partition not in self.workers and not partition.leaving.is_set():
                self._start(partition)
        for partition, task in list(self._tasks.items()):
            if task.done():
                task.result()
                partition.released()
                if partition not in assigned:
                    self._forget(partition)

    async def _look_at_lag(self) -> None:
        for worker in list(self.workers.values()):
            lag = None
            # A broker that is away must not keep partitions from being looked after.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAG_S):
                    lag = await worker.partition.lag()
            worker.lag = lag

    async def _watch_disk(self) -> None:
        while True:
            with contextlib.suppress(Away):
                await self.writer.call(self.space.look_closely)
            await asyncio.sleep(DISK_S)

    async def _write_log(self) -> None:
        while True:
            if self.log:
                # Away: the partitions say so, and wait for it.
                with contextlib.suppress(Away):
                    await self.writer.call(self.log.flush)
            await asyncio.sleep(LOG_S)

    def _start(self, partition: Partition) -> None:
        worker = PartitionWorker(
            partition,
            self.writer,
            self.log,
            self.space,
            self._clock,
            self._bus.session_timeout_s,
            self._checkpoint,
            self._clear_all,
            self._tracer,
        )
        self.workers[partition] = worker
        self._tasks[partition] = asyncio.create_task(worker.run())
        self._tasks[partition].add_done_callback(lambda _: self._ended.set())

    def _forget(self, partition: Partition) -> None:
        worker = self.workers.pop(partition)
        del self._tasks[partition]
        self._gone.add(worker.metrics)

    async def _let_go(self) -> None:
        for partition in self.workers:
            partition.leaving.set()
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        for partition, task in self._tasks.items():
            partition.released()
            task.result()

    def restart(self, number: int) -> None:
        """Follows a stopped partition again, from where the bus says that it stands."""
        for partition, worker in list(self.workers.items()):
            if partition.id.number == number and worker.state == State.STOPPED:
                # Those set aside are counted anew by whoever follows it now.
                worker.metrics.dead_letters = 0
                self._forget(partition)
                self._start(partition)

    async def between(self, work: Callable[[Client], T]) -> T:
        """Runs `work` in the warehouse's thread while no batch is declared and nothing is inserted, here or by
        another process. Waits for its turn, and for partitions that are being recovered (on a shared bus
        also for one to be assigned); raises Away, and what `work` raises."""
        while True:
            async with self.writer.turn:
                still, holder = await self._hold_everyone()
                try:
                    if still:
                        return await self.writer.call(self._with_room, work)
                finally:
                    if holder is not None:
                        with contextlib.suppress(Leaving, Lost):
                            await holder.release_hold()
            await asyncio.sleep(LOOK_S)

    def _with_room(self, client: Client, work: Callable[[Client], T]) -> T:
        self.space.require(client)
        return work(client)

    async def _hold_everyone(self) -> tuple[bool, PartitionWorker | None]:
        """Whether nothing is inserted from now on, and the worker whose partition tells other processes."""
        workers = [worker for worker in self.workers.values() if worker.active]
        if any(worker.declared == Declared.IN_DOUBT or worker.state == State.RECOVERING for worker in workers):
            return False, None
        await self._clear_all()
        if any(worker.declared != Declared.NOTHING for worker in workers):
            return False, None
        if not self._bus.shared:
            return True, None
        if not workers:
            return False, None
        try:
            await workers[0].partition.hold(workers[0].position, None)
        except (Held, Lost, OSError):
            return False, workers[0]
        return True, workers[0]

    async def _clear_all(self) -> None:
        for worker in list(self.workers.values()):
            await self._clear(worker)

    async def _clear(self, worker: PartitionWorker) -> None:
        # A partition that is leaving or lost is its next owner's, with what is declared on it.
        with contextlib.suppress(Leaving, Lost):
            await worker.clear()

    async def ask(self, work: Callable[[Client], T]) -> T:
        """Runs `work` in the warehouse's thread between two inserts, whatever is declared: to read."""
        return await self.writer.call(work)

    def metrics(self) -> PartitionMetrics:
        """What has been counted since the start, over all partitions."""
        found = PartitionMetrics()
        for one in (self._gone, *(worker.metrics for worker in self.workers.values())):
            found.add(one)
        return found

    def status(self) -> dict[str, object]:
        """How far it is. `state` of a partition: recovering, following, retrying (`reason` says what it waits
        for), stopped (an alarm: `reason`, and `bad_offset` when a record is unreadable), ended, left."""
        workers = sorted(self.workers.values(), key=lambda worker: worker.partition.id.number)
        metrics = self.metrics()
        return {
            "bus": workers[0].partition.id.bus if workers else None,
            "trouble": self._trouble,
            "inserted": metrics.inserted,
            "dropped": metrics.dropped,
            "lag": sum(worker.lag or 0 for worker in workers),
            "alarms": sum(worker.state == State.STOPPED for worker in workers),
            "partitions": [_described(worker) for worker in workers],
        }


def _described(worker: PartitionWorker) -> dict[str, object]:
    told: dict[str, object] = {
        "partition": worker.partition.id.number,
        "state": worker.state,
        "position": worker.position,
        "lag": worker.lag,
        "reason": worker.reason,
    }
    if worker.bad is not None and worker.state == State.STOPPED:
        told["bad_offset"] = worker.bad.offset
    return told


__all__ = ["Aggregator", "Away", "uptime"]
