"""Processes that stop and wake up, owners that die in the middle, brokers that die and come back."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from clickhouse_connect.driver.client import Client

from aggregator.aggregator import Aggregator, uptime
from aggregator.bus import Range
from aggregator.kafka_bus import KafkaBus
from aggregator.kafka_partition import CommitMetadata
from drill.kafka import KafkaServer
from infra.warehouse import Warehouse
from tests.aggregator.exact import problems
from tests.aggregator.on_kafka import aggregator, lines
from tests.aggregator.running import running, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(150)]


def count(client: Client) -> int:
    return int(client.query("SELECT count() FROM scans").result_rows[0][0])


class Process:
    """An aggregator with an event loop of its own, which can be stopped as SIGSTOP stops a process: no
    heartbeat, no answer, whichever thread comes to the checkpoint. (A process of its own could not open the same
    chDB.)"""

    def __init__(self, kafka: KafkaServer, topic: str, folder: Path, freeze_at: str) -> None:
        self.frozen = threading.Event()
        self.thaw = threading.Event()
        bus = KafkaBus(kafka.bootstrap, topic, "aggregators-" + topic, uptime, session_timeout_s=3.0)
        self.aggregator = Aggregator(bus, Warehouse(folder=folder / "warehouse").connect, checkpoint=self._checkpoint)
        self.passed: list[str] = []
        self._freeze_at = freeze_at
        self._stop: Callable[[], object] = lambda: None
        self._freeze_loop: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def _checkpoint(self, name: str) -> None:
        self.passed.append(name)
        if name == self._freeze_at and not self.frozen.is_set():
            if threading.current_thread() is not self._thread:
                self._freeze_loop()
            self.frozen.set()
            self.thaw.wait(60)

    async def _run(self) -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        self._freeze_loop = lambda: loop.call_soon_threadsafe(self.thaw.wait, 60)
        self._stop = lambda: loop.call_soon_threadsafe(stop.set)
        await self.aggregator.run(stop)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.thaw.set()
        self._stop()
        self._thread.join(60)
        assert not self._thread.is_alive()


@pytest.mark.parametrize("freeze_at", ["gathered", "declared", "rows inserted", "inserted"])
async def test_who_was_stopped_and_wakes_up_doubles_nothing(
    kafka: KafkaServer, topic: str, warehouse: Client, producer: AIOKafkaProducer, tmp_path: Path, freeze_at: str
) -> None:
    zombie = Process(kafka, topic, tmp_path, freeze_at)
    zombie.start()
    try:
        await producer.send_and_wait(topic, lines(1, 1, 100), partition=0)
        await until(zombie.frozen.is_set)
        successor = aggregator(kafka, topic, tmp_path)
        async with running(successor):
            await until(lambda: len(successor.workers) == 3, seconds=90)
            await until(lambda: count(warehouse) == 100, seconds=90)
            await producer.send_and_wait(topic, lines(1, 101, 150), partition=0)
            await until(lambda: count(warehouse) == 150)
            zombie.thaw.set()
            await asyncio.sleep(3)
            await producer.send_and_wait(topic, lines(1, 151, 200), partition=0)
            # Whoever owns the partition by now: its rows are seen a moment before their sums.
            await until(lambda: count(warehouse) == 200 and problems(warehouse, {1: 200}) == [], seconds=90)
    finally:
        zombie.end()
    assert problems(warehouse, {1: 200}) == []


async def test_who_was_stopped_before_a_deletion_and_wakes_up_deletes_nothing(
    kafka: KafkaServer, topic: str, warehouse: Client, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    await producer.send_and_wait(topic, lines(1, 1, 100), partition=0)
    first = aggregator(kafka, topic, tmp_path)
    async with running(first):
        await until(lambda: count(warehouse) == 100 and problems(warehouse, {1: 100}) == [], seconds=90)
    await declare_again(kafka, topic)
    # Its rows twice, so that the repair has something to delete.
    warehouse.command("INSERT INTO scans SELECT * FROM scans", settings={"deduplicate_insert": "disable"})
    zombie = Process(kafka, topic, tmp_path, "repairing")
    zombie.start()
    try:
        await until(zombie.frozen.is_set, seconds=90)
        async with running(aggregator(kafka, topic, tmp_path)):
            await until(lambda: problems(warehouse, {1: 100}) == [], seconds=90)
            zombie.thaw.set()
            await asyncio.sleep(2)
    finally:
        zombie.end()
    assert zombie.passed.count("surplus deleted") == 0
    assert problems(warehouse, {1: 100}) == []


async def declare_again(kafka: KafkaServer, topic: str) -> None:
    """As a process that died before it had told the bus that its batch was done with."""
    bus = KafkaBus(kafka.bootstrap, topic, "aggregators-" + topic, uptime, session_timeout_s=3.0)
    await bus.open()
    try:
        async with asyncio.timeout(30):
            while not (parts := await bus.partitions()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await next(part for part in parts if part.id.number == 0).declare(Range(0, 0))
        for part in parts:
            part.released()
    finally:
        await bus.close()


async def test_the_broker_dies_and_comes_back(
    kafka: KafkaServer, topic: str, warehouse: Client, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    loop = aggregator(kafka, topic, tmp_path)
    async with running(loop):
        await producer.send_and_wait(topic, lines(1, 1, 100), partition=0)
        await until(lambda: loop.status()["inserted"] == 100)
        await producer.send_and_wait(topic, lines(1, 101, 200), partition=0)
        kafka.kill()
        await asyncio.sleep(2)
        await asyncio.to_thread(kafka.start)
        await producer.send_and_wait(topic, lines(1, 201, 300), partition=0)
        await until(lambda: count(warehouse) == 300, seconds=60)
    assert problems(warehouse, {1: 300}) == []


async def test_work_between_batches_holds_other_processes(
    kafka: KafkaServer, topic: str, warehouse: Client, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    one, two = aggregator(kafka, topic, tmp_path), aggregator(kafka, topic, tmp_path)
    working, go_on = threading.Event(), threading.Event()

    def work(_: Client) -> int:
        working.set()
        go_on.wait(30)
        return count(warehouse)

    async with running(one), running(two):
        await until(
            lambda: len(one.workers) + len(two.workers) == 3 and bool(one.workers) and bool(two.workers), seconds=30
        )
        await until(lambda: all(worker.state == "following" for each in (one, two) for worker in each.workers.values()))
        between = asyncio.create_task(one.between(work))
        await until(working.is_set)
        for partition in range(3):
            await producer.send_and_wait(topic, lines(partition + 1, 1, 20), partition=partition)
        await asyncio.sleep(2)
        go_on.set()
        assert await between == 0
        await until(lambda: count(warehouse) == 60, seconds=90)
    assert problems(warehouse, {1: 20, 2: 20, 3: 20}) == []


async def test_an_intent_is_kept_with_the_commit(
    kafka: KafkaServer, topic: str, warehouse: Client, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    await producer.send_and_wait(topic, lines(1, 1, 5), partition=0)
    bus = KafkaBus(kafka.bootstrap, topic, "aggregators-" + topic, uptime, session_timeout_s=3.0)
    await bus.open()
    try:
        async with asyncio.timeout(30):
            while not (parts := await bus.partitions()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        first = next(part for part in parts if part.id.number == 0)
        assert (await first.resume()).intent is None
        await first.declare(Range(0, 41))
        await first.declare(Range(0, 41))
        resumed = await first.resume()
        assert (resumed.position, resumed.intent) == (0, Range(0, 41))
        await first.done(1)
        assert (await first.resume()).intent is None
        for part in parts:
            part.released()
    finally:
        await bus.close()


@pytest.mark.parametrize(
    "mark", [CommitMetadata(), CommitMetadata(7), CommitMetadata(None, True), CommitMetadata(0, True)]
)
def test_marks_read_back(mark: CommitMetadata) -> None:
    assert CommitMetadata.read(str(mark)) == mark
