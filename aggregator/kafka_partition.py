"""One partition of the topic, as long as this process is assigned to it."""

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from aggregator.bus import Gone, Held, Lost, PartitionId, Range, Record, Resume
from aggregator.kafka_commit import Membership, commit

if TYPE_CHECKING:
    from aggregator.kafka_bus import KafkaBus

READ_S = 0.1
# What is kept of a partition before it is paused.
BUFFER_BYTES = 16_000_000


class CommitMetadata(msgspec.Struct, frozen=True):
    """The metadata of a commit: `v1:Y` declares the offsets up to Y, `:hold` asks all others to pause."""

    last: int | None = None
    hold: bool = False

    def __str__(self) -> str:
        if self.last is None and not self.hold:
            return ""
        return f"v1:{'' if self.last is None else self.last}{':hold' if self.hold else ''}"

    @classmethod
    def read(cls, metadata: str) -> Self:
        found = re.fullmatch(r"v1:(\d*)(:hold)?", metadata)
        return cls(int(found[1]) if found[1] else None, bool(found[2])) if found else cls()


def ends_below(tp: TopicPartition, offset: int, newest: int | None) -> str:
    return (
        f"partition {tp.partition} was read up to offset {offset} and ends at {newest}: a broker has lost records;"
        " they are waited for, `ingest` ships them again"
    )


class KafkaPartition:
    """One partition as long as this assignment of it lasts; a new assignment is a new object."""

    def __init__(self, bus: "KafkaBus", number: int, member: Membership) -> None:
        self.id = PartitionId(bus.id, bus.topic, number)
        self.leaving = asyncio.Event()
        self.let_go = asyncio.Event()
        self.tp = TopicPartition(bus.topic, number)
        self.paused = True
        self.positioned = False
        self.seek_to: int | None = None
        self._bus = bus
        self._member = member
        self._buffer: deque[tuple[int, int | None, bytes]] = deque()
        self._size = 0
        self._news = asyncio.Event()
        self._gone: str | None = None
        self._read_to = -1

    async def resume(self) -> Resume:
        offset, metadata, oldest, newest = await self._bus.committed(self.tp)
        if offset < 0:
            # Its first start, explicitly: never a reset that somebody else decides on.
            await self.seek(oldest)
            return Resume(oldest)
        if offset > newest:
            raise OSError(ends_below(self.tp, offset, newest))
        if offset < oldest:
            raise Gone(f"the group stands at offset {offset}, and the topic holds {oldest} to {newest - 1}")
        await self.seek(offset)
        mark = CommitMetadata.read(metadata)
        if mark.hold and mark.last is None:
            # Its owner died while it held the others.
            await self.done(offset)
        return Resume(offset, None if mark.last is None else Range(offset, mark.last))

    async def seek(self, offset: int) -> None:
        """Done by the polling task, between two polls, so that nothing read before can come after."""
        self.seek_to = offset
        while self.seek_to is not None:
            if self.leaving.is_set():
                raise Lost
            await asyncio.sleep(0.01)

    def begin_at(self, offset: int) -> None:
        self._buffer.clear()
        self._size = 0
        self._read_to = offset - 1
        self._gone = None
        self._news.clear()
        self.positioned = True
        self.seek_to = None

    def put(self, records: Sequence[tuple[int, int | None, bytes]]) -> None:
        self._buffer.extend(records)
        self._size += sum(len(body) for _, _, body in records)
        self._news.set()

    def fail(self, reason: str) -> None:
        self._gone = reason
        self._news.set()

    @property
    def full(self) -> bool:
        return self._size >= BUFFER_BYTES

    async def read(self, max_bytes: int) -> Sequence[Record] | None:
        if not self._buffer:
            if self._gone is not None:
                raise Gone(self._gone)
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READ_S):
                    await self._news.wait()
        records = []
        while self._buffer and max_bytes > 0:
            offset, source, body = self._buffer.popleft()
            self._size -= len(body)
            max_bytes -= len(body)
            records.append(Record(offset, body.removesuffix(b"\n").split(b"\n"), source))
            self._read_to = offset
        return records

    async def declare(self, batch: Range) -> float:
        # Commits of the whole group are in one order: whoever declares and whoever holds write first and
        # look then, so at least one of the two sees the other.
        await self._commit(batch.first, CommitMetadata(batch.last))
        acknowledged = self._bus.clock()
        for number, mark in (await self._bus.others()).items():
            if mark.hold:
                await self.done(batch.first)
                raise Held(f"partition {number} is being repaired")
        return acknowledged

    async def hold(self, position: int, intent: Range | None) -> float:
        await self._commit(position, CommitMetadata(None if intent is None else intent.last, hold=True))
        acknowledged = self._bus.clock()
        for number, mark in (await self._bus.others()).items():
            # Of several that hold, the lowest number goes first.
            if number < self.id.number if mark.hold else mark.last is not None:
                raise Held(f"partition {number} is being inserted or repaired")
        return acknowledged

    async def done(self, position: int) -> None:
        await self._commit(position, CommitMetadata())

    async def _commit(self, offset: int, mark: CommitMetadata) -> None:
        try:
            await commit(self._bus.consumer, self._member, self.tp, offset, str(mark))
        except Lost:
            self.leaving.set()
            raise
        except KafkaError as error:
            raise OSError(f"Kafka: {error!r}") from error

    async def retire(self) -> None:
        """A Kafka partition has no end."""

    async def lag(self) -> int | None:
        newest = await self._bus.newest(self.tp)
        return None if newest is None else max(0, newest - 1 - self._read_to)

    def released(self) -> None:
        self.let_go.set()
