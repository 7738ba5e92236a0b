"""Throughput from a journal to rows and rollups, with the aggregator as `waymark up` runs it."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import uvloop
from clickhouse_connect.driver.client import Client

from aggregator.aggregator import Aggregator, uptime
from aggregator.bus import Bus
from aggregator.journal_bus import JournalBus
from bench import scans
from bench.figures import Figure, Say, figure
from infra.migrate import migrate
from infra.warehouse import Warehouse

NAME = "aggregator"
SOURCE = 7
LOOK_S = 0.005


class Size(msgspec.Struct, frozen=True):
    scans: int
    patience_s: float


FULL = Size(scans=1_000_000, patience_s=300)
TINY = Size(scans=2_000, patience_s=60)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="wm-bench-") as folder:
        say(f"writing a journal of {size.scans:,} scans")
        scans.write(Path(folder) / "journal", size.scans, source=SOURCE, until_ms=time.time_ns() // 1_000_000)
        overall, rates = moved(journals(Path(folder)), Path(folder), size.scans, size.patience_s, say)
    yield figure(NAME, "from a journal to rows and rollups", rates, "scans/s", pick=lambda _: overall, at_least=100_000)


def journals(folder: Path) -> Bus:
    return JournalBus(folder / "journal", folder / "bus", uptime)


def moved(bus: Bus, folder: Path, total: int, patience_s: float, say: Say) -> tuple[float, list[float]]:
    """Moves the `total` scans on the bus into a warehouse in `folder`. How many a second, over all and batch by batch.
    Raises TimeoutError, and RuntimeError when not all are there."""
    warehouse = Warehouse(folder=folder / "warehouse")
    keeper = warehouse.connect(max_threads=1)
    try:
        migrate(keeper)
        moving = Aggregator(bus, lambda: warehouse.connect(max_threads=1))
        stored = uvloop.run(_run(moving, total, patience_s, say))
        _check(keeper, total)
    finally:
        keeper.close()
    # The first batch pays for opening everything, and is left out where there are others.
    stored = stored[1:] if len(stored) > 2 else stored
    rates = [(many - few) / (later - sooner) for (sooner, few), (later, many) in pairwise(stored)]
    (began, first), (ended, last) = stored[0], stored[-1]
    return (last - first) / (ended - began), rates


async def _run(moving: Aggregator, total: int, patience_s: float, say: Say) -> list[tuple[float, int]]:
    """When how many scans were stored: none at the start, and then at each change. Raises TimeoutError."""
    stop = asyncio.Event()
    running = asyncio.create_task(moving.run(stop))
    stored = [(time.perf_counter(), 0)]
    try:
        async with asyncio.timeout(patience_s):
            while stored[-1][1] < total:
                inserted = int(str(moving.status()["inserted"]))
                if inserted > stored[-1][1]:
                    stored.append((time.perf_counter(), inserted))
                    say(f"{inserted:,} of {total:,} scans stored")
                if running.done():
                    running.result()
                    raise RuntimeError("the aggregator ended early")
                await asyncio.sleep(LOOK_S)
    finally:
        stop.set()
        await running
    return stored


def _check(client: Client, scans_written: int) -> None:
    """Speed counts only when all of it is there. Raises RuntimeError."""
    rows = client.query("SELECT count() FROM scans").result_rows[0][0]
    counted = client.query("SELECT count() FROM scans WHERE outcome IN ('redirect', 'page')").result_rows[0][0]
    by_time = client.query("SELECT sum(n) FROM scans_by_time").result_rows[0][0]
    by_value = client.query("SELECT sum(n) FROM scans_by_value WHERE dimension = 'device'").result_rows[0][0]
    if (rows, by_time, by_value) != (scans_written, counted, counted):
        raise RuntimeError(f"{scans_written} scans written: {rows} rows, rollups {by_time} and {by_value} of {counted}")
