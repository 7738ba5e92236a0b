"""Shipping to a real Kafka, which dies, stops answering and comes back; and so does the shipper."""

import asyncio
import os
import random
import secrets
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from drill.kafka import KafkaServer
from ingest import journal_shipper
from ingest.journal import Journal
from ingest.journal_files import read_header, segment_path
from ingest.line_format import readable
from ingest.reader import sources
from ingest.shipper import ShipSettings, ShipStatus, ship
from schemas.event import SourceHead, SourceNote, decode_note, is_note
from tests.ingest.bus import deduplicated, on_the_bus, records_on_the_bus
from tests.ingest.events import REST, event, open_journal, rest_of

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(kafka: KafkaServer, tmp_path: Path) -> ShipSettings:
    topic = f"scans-{secrets.token_hex(4)}"
    return ShipSettings(journal=tmp_path / "journal", bootstrap=kafka.bootstrap, topic=topic, timeout_ms=1500)


@asynccontextmanager
async def shipping(settings: ShipSettings) -> AsyncIterator[ShipStatus]:
    stop, status = asyncio.Event(), ShipStatus()
    task = asyncio.create_task(ship(settings, stop, status))
    try:
        yield status
    finally:
        stop.set()
        await task


async def until(true: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 (of files and processes, which set no event)
            await asyncio.sleep(0.02)


async def write(journals: list[Journal], seconds: float, stop: asyncio.Event) -> None:
    """Appends at some 5,000 events a second for so long, and until `stop`."""
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end or not stop.is_set():
        for journal in journals:
            for _ in range(random.randrange(100)):
                assert journal.append(REST)
        await asyncio.sleep(0.02)


async def check(settings: ShipSettings, journals: list[Journal]) -> None:
    found = await on_the_bus(settings.bootstrap, settings.topic)
    assert set(found) == {journal.source for journal in journals}
    for journal in journals:
        assert deduplicated(found[journal.source]) == list(range(journal.seq + 2))


async def through(settings: ShipSettings, trouble: Callable[[], Awaitable[None]]) -> list[Journal]:
    """Ships while there is trouble, until all journals are closed, shipped and gone."""
    journals = [open_journal(settings.journal, source, segment_bytes=100_000) for source in (11, 12, 13)]
    over = asyncio.Event()
    writing = asyncio.create_task(write(journals, 1.0, over))
    await trouble()
    over.set()
    await writing
    for journal in journals:
        journal.close()
    await until(lambda: sources(settings.journal) == [])
    await check(settings, journals)
    return journals


async def test_a_journal_ships_closes_and_goes(settings: ShipSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    # It is always time for a head note, so also between the close record and the end of the journal.
    monkeypatch.setattr(journal_shipper, "HEAD_S", 0.0)
    async with shipping(settings) as status:
        journal = open_journal(settings.journal, 5, segment_bytes=100_000)
        for _ in range(5000):
            journal.append(REST)
        await until(lambda: len(list((settings.journal / "5").glob("*.log"))) == 1)
        assert read_header(settings.journal / "5").partition == 2
        journal.append(REST)
        journal.close()
        await until(lambda: sources(settings.journal) == [])
        assert status.connected
        assert status.records >= 6
    assert await on_the_bus(settings.bootstrap, settings.topic) == {5: list(range(5003))}
    lines = [line for _, _, record in await records_on_the_bus(settings.bootstrap, settings.topic) for line in record]
    heads = [note.last_seq for line in lines if isinstance(note := noted(line), SourceHead)]
    assert max(heads) <= 5001, "the place of the close record is no event's"


async def test_a_damaged_journal_holds_up_no_other_and_its_damage_goes_out_alone(settings: ShipSettings) -> None:
    hurt, whole = (open_journal(settings.journal, source) for source in (5, 6))
    for journal in (hurt, whole):
        for _ in range(20):
            journal.append(REST)
        journal.close()
    shutil.copytree(settings.journal / "6", settings.journal / "8")
    path = segment_path(settings.journal / "5", 0)
    path.write_bytes(path.read_bytes().replace(b"[5,7,", b"[5,6,"))
    async with shipping(settings) as status:
        await until(lambda: sources(settings.journal) == [8])
        await until(lambda: "a copy of the journal of source 6" in status.troubles.get("8", ""))
    records = [lines for _, _, lines in await records_on_the_bus(settings.bootstrap, settings.topic)]
    lines = [[line for line in record if not isinstance(noted(line), SourceHead)] for record in records]
    (alone,) = [record for record in lines if any(readable(line) is None for line in record)]
    assert len(alone) == 1 and alone[0].startswith(b"[5,6,")
    shipped = [line for record in lines for line in record if readable(line) is not None]
    assert len(shipped) == 21 + 22
    heads = [note for record in records for line in record if isinstance(note := noted(line), SourceHead)]
    assert all(note.digest is None for note in heads if note.source == 5 and note.last_seq > 6)


async def test_what_a_broker_lost_with_its_power_is_shipped_again(kafka: KafkaServer, settings: ShipSettings) -> None:
    """One that had acknowledged it, and had not yet written it to its disk."""
    settings = msgspec.structs.replace(settings, keep_s=600.0, partitions=1)
    log = kafka.folder / "data" / f"{settings.topic}-0" / f"{0:020d}.log"
    async with shipping(settings) as status:
        journal = open_journal(settings.journal, 5, segment_bytes=20_000)
        for _ in range(100):
            journal.append(REST)
        await until(lambda: status.records > 0 and (journal.folder / "cursor.json").exists())
        await until(lambda: following(journal) == 101)
        kept = log.stat().st_size
        for _ in range(300):
            journal.append(REST)
        await until(lambda: following(journal) == 401)
        kafka.kill()
        os.truncate(log, kept)
        await asyncio.to_thread(kafka.start)
        for _ in range(100):
            journal.append(REST)
        await until(lambda: following(journal) == 501, 60)
        journal.close()
        await until(lambda: following(journal) == 502)
        # It is kept, closed as it is.
        assert sources(settings.journal) == [5]
    found = await on_the_bus(settings.bootstrap, settings.topic)
    assert deduplicated(found[5]) == list(range(502))


def noted(line: bytes) -> SourceNote | None:
    return decode_note(line) if is_note(line) else None


def following(journal: Journal) -> int:
    return int(msgspec.json.decode((journal.folder / "cursor.json").read_bytes())["following"])


async def test_the_journal_of_a_dead_owner_is_closed_and_shipped(settings: ShipSettings) -> None:
    code = f"""
import os, signal
from pathlib import Path
from tests.ingest.events import REST, open_journal
journal = open_journal(Path({str(settings.journal)!r}), 9)
for _ in range(100):
    journal.append(REST)
os.write(journal._fd, b"[9,101,torn")
os.kill(os.getpid(), signal.SIGKILL)
"""
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)
    async with shipping(settings):
        await until(lambda: sources(settings.journal) == [])
    assert await on_the_bus(settings.bootstrap, settings.topic) == {9: list(range(102))}


async def test_the_broker_dies_and_comes_back(kafka: KafkaServer, settings: ShipSettings) -> None:
    async def trouble() -> None:
        await asyncio.sleep(0.5)
        kafka.kill()
        await asyncio.sleep(2.5)
        await asyncio.to_thread(kafka.start)

    async with shipping(settings) as status:
        await through(settings, trouble)
        assert status.outages > 0


async def test_the_broker_stops_answering_and_goes_on(kafka: KafkaServer, settings: ShipSettings) -> None:
    async def trouble() -> None:
        for _ in range(2):
            await asyncio.sleep(0.5)
            kafka.suspend()
            try:
                await asyncio.sleep(4)
            finally:
                kafka.resume()

    async with shipping(settings) as status:
        await through(settings, trouble)
        assert status.outages > 0


async def test_the_shipper_is_killed_again_and_again(settings: ShipSettings) -> None:
    code = f"""
import asyncio
from pathlib import Path
from ingest.shipper import ShipSettings, ship
settings = ShipSettings(
    journal=Path({str(settings.journal)!r}), bootstrap={settings.bootstrap!r}, topic={settings.topic!r}
)
asyncio.run(ship(settings, asyncio.Event()))
"""

    async def trouble() -> None:
        for _ in range(6):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", code, cwd=Path(__file__).parents[2], stderr=asyncio.subprocess.DEVNULL
            )
            await asyncio.sleep(random.uniform(0.6, 2.0))
            process.kill()
            await process.wait()
        left.append(asyncio.create_task(ship(settings, stop)))

    stop, left = asyncio.Event(), list[asyncio.Task[None]]()
    try:
        await through(settings, trouble)
    finally:
        stop.set()
        await asyncio.gather(*left)


async def test_a_record_too_large_for_the_topic_holds_up_its_own_journal_only(settings: ShipSettings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        small = {"max.message.bytes": "2000"}
        await admin.create_topics([NewTopic(settings.topic, 3, 1, topic_configs=small)])
        async with shipping(settings) as status:
            large = open_journal(settings.journal, 1)
            # (More than the whole test's events of the other journal together.)
            large.append(rest_of(event(1, 1, referrer="https://example.org/" + "x" * 4000)))
            other = open_journal(settings.journal, 2)
            other.append(REST)
            other.close()
            large.close()
            await until(lambda: sources(settings.journal) == [1])
            await until(lambda: list(status.troubles) == ["1"])
            assert status.connected
            resource = ConfigResource(ConfigResourceType.TOPIC, settings.topic, {"max.message.bytes": "1000000"})
            await admin.alter_configs([resource])
            await until(lambda: sources(settings.journal) == [])
            assert status.troubles == {}
            assert status.outages == 0
    finally:
        await admin.close()
    assert await on_the_bus(settings.bootstrap, settings.topic) == {1: [0, 1, 2], 2: [0, 1, 2]}


async def test_a_topic_made_anew_gets_what_the_journal_still_holds(settings: ShipSettings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        async with shipping(settings) as status:
            journal = open_journal(settings.journal, 8)
            journal.append(REST)
            await until(lambda: status.records > 0)
            await admin.delete_topics([settings.topic])
            journal.append(REST)
            await until(lambda: status.outages > 0)
            journal.append(REST)
            journal.close()
            await until(lambda: sources(settings.journal) == [])
    finally:
        await admin.close()
    found = await on_the_bus(settings.bootstrap, settings.topic)
    assert deduplicated(found[8]) == [0, 1, 2, 3, 4]


async def test_a_second_shipper_waits_for_the_first(settings: ShipSettings) -> None:
    async with shipping(settings) as first, shipping(settings) as second:
        journal = open_journal(settings.journal, 3)
        journal.close()
        await until(lambda: sources(settings.journal) == [])
        assert (first.records, second.records) in {(1, 0), (0, 1)}


async def test_a_journal_without_kafka_only_grows(tmp_path: Path) -> None:
    settings = ShipSettings(journal=tmp_path, bootstrap="127.0.0.1:1", timeout_ms=500)
    journal = open_journal(tmp_path, 4)
    async with shipping(settings) as status:
        await until(lambda: status.outages > 1)
        for _ in range(100):
            assert journal.append(REST)
    assert not status.connected
    assert status.error
    journal.close()
    assert sources(tmp_path) == [4]
