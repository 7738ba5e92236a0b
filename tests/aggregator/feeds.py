"""The two buses as a test fills them: the same calls put the same events on either."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from aiokafka import AIOKafkaProducer

from aggregator.aggregator import uptime
from aggregator.bus import Bus
from aggregator.journal_bus import JournalBus
from aggregator.kafka_bus import KafkaBus
from ingest.journal import Journal
from schemas.event import SourceClosed, SourceOpened, encode_line, seal
from tests.aggregator import sample


class Feed(Protocol):
    def bus(self) -> Bus:
        """Every one is a process that reads this feed, one after another."""

    async def put(self, source: int, count: int) -> None:
        """The source's next events."""

    async def close(self, source: int) -> None:
        """The source ends in order."""

    async def spoiled(self, source: int) -> None:
        """Its next record is one that nobody can read. Its events, if any, are not among those put."""

    async def again(self, source: int, first: int, last: int) -> None:
        """Old events once more, as somebody might put them there by hand."""


def line(source: int, seq: int) -> bytes:
    return seal(b"[%d,%d,%b" % (source, seq, sample.rest(source, seq)))


class JournalFeed:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._journals: dict[int, Journal] = {}

    def bus(self) -> Bus:
        return JournalBus(self._folder / "journal", self._folder / "aggregator" / "intents", uptime)

    def _journal(self, source: int) -> Journal:
        if source not in self._journals:
            self._journals[source] = Journal.open(
                self._folder / "journal", source=source, now_ms=lambda: sample.START_MS, max_bytes=1 << 30
            )
        return self._journals[source]

    async def put(self, source: int, count: int) -> None:
        journal = self._journal(source)
        for seq in range(journal.seq + 1, journal.seq + count + 1):
            assert journal.append(sample.rest(source, seq)) == seq

    async def close(self, source: int) -> None:
        self._journal(source).close()

    async def spoiled(self, source: int) -> None:
        self._journal(source).append(b"what is this?")

    async def again(self, source: int, first: int, last: int) -> None:
        newest = max((self._folder / "journal" / str(source)).glob("*.log"))
        with newest.open("ab") as segment:
            for seq in range(first, last + 1):
                segment.write(line(source, seq))


class KafkaFeed:
    def __init__(self, bootstrap: str, topic: str, producer: AIOKafkaProducer) -> None:
        self._bootstrap, self._topic, self._producer = bootstrap, topic, producer
        self._seqs: dict[int, int] = {}

    def bus(self) -> Bus:
        return KafkaBus(self._bootstrap, self._topic, "group-" + self._topic, uptime, session_timeout_s=3.0)

    async def _send(self, source: int, value: bytes) -> None:
        await self._producer.send_and_wait(self._topic, value, partition=source % 3)

    async def put(self, source: int, count: int) -> None:
        if source not in self._seqs:
            self._seqs[source] = 0
            await self._send(source, encode_line(SourceOpened(source=source, at_ms=sample.START_MS)))
        end = self._seqs[source] + count
        while self._seqs[source] < end:
            first = self._seqs[source] + 1
            last = self._seqs[source] = min(first + 49, end)
            await self._send(source, b"".join(line(source, seq) for seq in range(first, last + 1)))

    async def close(self, source: int) -> None:
        note = SourceClosed(source=source, at_ms=sample.START_MS, last_seq=self._seqs[source])
        await self._send(source, encode_line(note))

    async def spoiled(self, source: int) -> None:
        self._seqs[source] += 1
        await self._send(source, b"[%d,%d,what is this?]\n" % (source, self._seqs[source]))

    async def again(self, source: int, first: int, last: int) -> None:
        await self._send(source, b"".join(line(source, seq) for seq in range(first, last + 1)))


@asynccontextmanager
async def kafka_feed(bootstrap: str, topic: str) -> AsyncIterator[KafkaFeed]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        yield KafkaFeed(bootstrap, topic, producer)
    finally:
        await producer.stop()
