"""The loop on the journal folder and chDB."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from aggregator import journal_bus
from aggregator.aggregator import uptime
from aggregator.bus import Partition, Record
from aggregator.journal_bus import JournalBus
from infra.migrate import migrate
from infra.warehouse import Warehouse
from tests.aggregator.exact import problems
from tests.aggregator.running import aggregator, append, journal, running, until


async def test_two_sources_are_counted_and_their_closed_journals_go(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate(client)
        one, two = journal(tmp_path, 7), journal(tmp_path, 2**63 - 8)
        loop = aggregator(tmp_path)
        async with running(loop):
            append(one, 1000)
            append(two, 300)
            await until(lambda: loop.status()["inserted"] == 1300)
            append(one, 500)
            one.close()
            two.close()
            await until(lambda: not list((tmp_path / "journal").glob("[0-9]*")))
        assert problems(client, {7: 1500, 2**63 - 8: 300}) == []
        closed = client.query("SELECT source, last_seq FROM sources FINAL WHERE state = 'closed' ORDER BY source")
        assert closed.result_rows == [(7, 1500), (2**63 - 8, 300)]
        assert list((tmp_path / "aggregator" / "intents").iterdir()) == []
    finally:
        client.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel tells nothing")
async def test_the_kernel_tells_of_quiet_journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bus would look again after an hour by itself."""
    monkeypatch.setattr(journal_bus, "QUIET_S", -1.0)
    monkeypatch.setattr(journal_bus, "QUIET_LOOK_S", 3600.0)
    monkeypatch.setattr(journal_bus, "QUIET_FOLDER_S", 3600.0)
    bus = JournalBus(tmp_path / "journal", tmp_path / "intents", uptime)
    await bus.open()
    assert await bus.partitions() == []

    async def read(partition: Partition) -> Sequence[Record]:
        while not (found := await partition.read(1 << 20)):
            pass
        return found

    async with asyncio.timeout(30):
        changed = asyncio.create_task(bus.until_changed())
        await asyncio.sleep(0)
        one = journal(tmp_path, 7)
        await changed
        while not (found := await bus.partitions()):
            await bus.until_changed()
        (partition,) = found
        await partition.resume()
        assert len(await read(partition)) == 1, "the open record"
        reading = asyncio.create_task(read(partition))
        await asyncio.sleep(0.05)
        append(one, 1)
        ((record,),) = [await reading]
        assert len(record.lines) == 1
        reading = asyncio.create_task(read(partition))
        await asyncio.sleep(0.05)
        one.close()
        await reading
        assert await partition.read(1 << 20) is None
    await bus.close()
