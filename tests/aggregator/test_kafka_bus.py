"""The loop on a real Kafka and chDB."""

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from clickhouse_connect.driver.client import Client

from drill.kafka import KafkaServer
from schemas.event import SourceClosed, SourceOpened, encode_line
from tests.aggregator.exact import problems
from tests.aggregator.on_kafka import aggregator, lines
from tests.aggregator.running import running, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


async def test_records_of_three_partitions_are_counted_once(
    kafka: KafkaServer, topic: str, warehouse: Client, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    for source in range(3):
        opened = encode_line(SourceOpened(source=source + 1, at_ms=1))
        await producer.send_and_wait(topic, opened + lines(source + 1, 1, 50), partition=source)
        await producer.send_and_wait(topic, lines(source + 1, 51, 60), partition=source)
    loop = aggregator(kafka, topic, tmp_path)
    async with running(loop):
        await until(lambda: loop.status()["inserted"] == 180)
        # By hand: an old record once more, and the end of one that overlaps what is new.
        await producer.send_and_wait(topic, lines(1, 1, 50), partition=0)
        await producer.send_and_wait(topic, lines(1, 40, 70), partition=0)
        closed = encode_line(SourceClosed(source=1, at_ms=2, last_seq=70))
        await producer.send_and_wait(topic, closed, partition=0)
        await until(lambda: loop.status()["inserted"] == 190)
    assert problems(warehouse, {1: 70, 2: 60, 3: 60}) == []
    again = aggregator(kafka, topic, tmp_path)
    async with running(again):
        await producer.send_and_wait(topic, lines(2, 1, 61), partition=1)
        await until(lambda: again.status()["inserted"] == 1)
    assert problems(warehouse, {1: 70, 2: 61, 3: 60}) == []


async def test_nothing_is_lost_when_members_join_and_leave_under_load(
    kafka: KafkaServer, topic: str, warehouse: Client, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    last = 2000

    async def produce() -> None:
        for seq in range(1, last + 1, 20):
            for source in range(3):
                await producer.send_and_wait(topic, lines(source + 1, seq, seq + 19), partition=source)
            await asyncio.sleep(0.03)

    producing = asyncio.create_task(produce())
    async with running(aggregator(kafka, topic, tmp_path)):
        for _ in range(2):
            async with running(aggregator(kafka, topic, tmp_path)):
                await asyncio.sleep(1.5)
        await producing
    final = aggregator(kafka, topic, tmp_path)
    async with running(final):
        await until(lambda: warehouse.query("SELECT count() FROM scans").result_rows[0][0] == 3 * last, seconds=90)
    assert problems(warehouse, {1: last, 2: last, 3: last}) == []
