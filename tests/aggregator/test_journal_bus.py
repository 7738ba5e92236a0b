"""The loop on the journal folder and chDB."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aggregator.journal_bus import JournalBus
from aggregator.loop import Aggregator, uptime
from infra.migrate import migrate
from infra.warehouse import Warehouse
from ingest.journal import Journal
from tests.aggregator import sample
from tests.aggregator.exact import problems


def journal(folder: Path, source: int) -> Journal:
    return Journal.open(folder / "journal", source=source, now_ms=lambda: sample.START_MS, max_bytes=1 << 30)


def append(to: Journal, count: int) -> None:
    for seq in range(to.seq + 1, to.seq + count + 1):
        assert to.append(sample.rest(to.source, seq)) == seq


def aggregator(folder: Path) -> Aggregator:
    bus = JournalBus(folder / "journal", folder / "aggregator" / "intents", uptime)
    return Aggregator(bus, Warehouse(folder=folder / "warehouse").connect)


@contextlib.asynccontextmanager
async def running(loop: Aggregator) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


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
