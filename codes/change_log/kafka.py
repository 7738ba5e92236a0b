"""The change log on Kafka: a compacted topic of one partition, each record under its element.

Several processes append, and nothing holds them apart. So whoever has appended reads again, and appends what was
changed meanwhile: the last record of an element is what stands there. It does so before its mark goes (`recorder`), so
that another process does it if this one is killed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from codes.change_log import records
from codes.change_log.recorder import ChangeLogAway, Read
from codes.change_log.records import Record, UnreadableRecord

APPEND_S = 5.0
# How often an element may be changed while it is being appended.
_TRIES = 20

# Makes the topic if it is missing, and returns its id. Raises KafkaError.
Ensure = Callable[[], Awaitable[str]]


class KafkaLog:
    def __init__(self, bootstrap: str, topic: str, ensure: Ensure, *, options: Mapping[str, Any]) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._ensure = ensure
        self._options = options
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def id(self) -> str:
        try:
            async with asyncio.timeout(APPEND_S):
                return await self._ensure()
        except (KafkaError, OSError, TimeoutError) as error:
            raise _away(error) from error

    async def append(self, read: Read) -> None:
        sent: dict[str, Record] = {}
        try:
            async with asyncio.timeout(APPEND_S):
                producer = await self._started()
                for _ in range(_TRIES):
                    now = await read()
                    changed = [
                        one for one in now if one.element not in sent or not one.says_the_same(sent[one.element])
                    ]
                    if not changed:
                        return
                    sent |= {one.element: one for one in changed}
                    await self._send(producer, changed)
        except (KafkaError, OSError, TimeoutError) as error:
            raise _away(error) from error
        raise ChangeLogAway("an element is changed by too many at once")

    async def _send(self, producer: AIOKafkaProducer, changed: list[Record]) -> None:
        sending = [
            await producer.send(self._topic, value_of(one), key=one.element.encode(), partition=0) for one in changed
        ]
        await asyncio.gather(*sending)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                await self._ensure()
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap, acks="all", enable_idempotence=True, **self._options
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def keep(self, kept_ms: int) -> None:
        """The brokers compact it, as the topic says."""

    async def close(self) -> None:
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None


def value_of(record: Record) -> bytes | None:
    """Of what is gone there is nothing, so that compaction forgets it."""
    if record.value is None and not record.route:
        return None
    return records.encode(record)


async def has_lines(bootstrap: str, topic: str, *, options: Mapping[str, Any]) -> bool:
    """Whether the topic is there and has records. Raises ChangeLogAway."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap, **options)
    try:
        await client.bootstrap()
        if topic not in (await client.fetch_all_metadata()).topics():
            return False
    except (KafkaError, OSError) as error:
        raise _away(error) from error
    finally:
        await client.close()
    lines = await open_lines(bootstrap, topic, options=options)
    await lines.close()
    return lines.end > 0


async def open_lines(bootstrap: str, topic: str, *, options: Mapping[str, Any]) -> "Lines":
    """Open the topic from its beginning. Raises ChangeLogAway."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest", **options
    )
    try:
        await consumer.start()
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        consumer.seek(partition, (await consumer.beginning_offsets([partition]))[partition])
    except (KafkaError, OSError) as error:
        await consumer.stop()
        raise _away(error) from error
    return Lines(consumer, partition, end)


class Lines:
    """What the topic held when it was opened. `end` is 0 for an empty one."""

    def __init__(self, consumer: AIOKafkaConsumer, partition: TopicPartition, end: int) -> None:
        self._consumer = consumer
        self._partition = partition
        self.end = end

    async def next(self) -> tuple[int, list[bytes]]:
        """Return the offset that is read next, and lines; none at the end. Raises ChangeLogAway."""
        try:
            at = await self._consumer.position(self._partition)
            if at >= self.end:
                return at, []
            found = await self._consumer.getmany(self._partition, timeout_ms=int(APPEND_S * 1000), max_records=5000)
            at = await self._consumer.position(self._partition)
        except (KafkaError, OSError) as error:
            raise _away(error) from error
        if not found and at < self.end:
            raise ChangeLogAway(f"the topic ends at {self.end}, and nothing comes after {at}")
        return at, [*_lines(found.get(self._partition, ()))]

    async def close(self) -> None:
        await self._consumer.stop()


def _lines(found: Any) -> Iterator[bytes]:
    for one in found:
        if one.value is None:
            yield records.encode(Record(one.timestamp, one.key.decode()))
        elif not one.value.endswith(b"\n"):
            raise UnreadableRecord(f"offset {one.offset}: {one.value[:60]!r}")
        else:
            yield one.value


def _away(error: BaseException) -> ChangeLogAway:
    return ChangeLogAway(f"the change log's topic takes nothing: {error or type(error).__name__}")
