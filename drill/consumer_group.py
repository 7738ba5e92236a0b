"""Disturb the aggregators' consumer group and topic: join as a guest, send records twice."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

# The smallest fetch that a broker answers at once.
POLL_MS = 200


@contextlib.asynccontextmanager
async def guest(bootstrap: str, group: str) -> AsyncIterator[None]:
    """Join as a member that takes partitions and reads, but neither stores nor commits. `group` is the topic, too."""
    consumer = AIOKafkaConsumer(
        group,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=10_000,
        rebalance_timeout_ms=30_000,
    )
    await consumer.start()
    reading = asyncio.create_task(_read(consumer))
    try:
        yield
    finally:
        reading.cancel()
        await asyncio.wait({reading})
        await consumer.stop()


async def _read(consumer: AIOKafkaConsumer) -> None:
    while True:
        with contextlib.suppress(KafkaError):
            await consumer.getmany(timeout_ms=POLL_MS)
        await asyncio.sleep(0.05)


async def send_again(bootstrap: str, topic: str, dice: random.Random) -> int:
    """Append copies of some records that are on the topic already; return how many."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await consumer.start()
    try:
        await producer.start()
        partitions = [TopicPartition(topic, 0), TopicPartition(topic, 1), TopicPartition(topic, 2)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        found = [record for part in (await consumer.getmany(timeout_ms=2000)).values() for record in part]
        chosen = dice.sample(found, min(len(found), 20))
        for record in chosen:
            await producer.send_and_wait(topic, record.value, key=record.key, partition=record.partition)
        return len(chosen)
    finally:
        await consumer.stop()
        await producer.stop()
