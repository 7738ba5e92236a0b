"""An aggregator on journals and chDB, run beside a test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aggregator.aggregator import Aggregator, uptime
from aggregator.journal_bus import JournalBus
from infra.warehouse import Warehouse
from ingest.journal import Journal
from tests.aggregator import sample


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
