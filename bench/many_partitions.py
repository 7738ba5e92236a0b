"""What the number of Kafka partitions costs: the same journals shipped to topics of few and of many, and from there
through one aggregator."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import uvloop

from aggregator.aggregator import uptime
from aggregator.kafka_bus import KafkaBus
from bench import scans
from bench.aggregator import moved
from bench.figures import Figure, Say, figure
from drill import kafka
from ingest.journal_files import sources
from ingest.shipper import ShipSettings, ship

NAME = "partitions"
LOOK_S = 0.05


class Size(msgspec.Struct, frozen=True):
    """Topics of so many partitions; so many journals for each, with so many scans between them."""

    steps: tuple[int, ...]
    journals: int
    scans: int
    patience_s: float


FULL = Size(steps=(1, 3, 12, 48), journals=48, scans=480_000, patience_s=300)
TINY = Size(steps=(2,), journals=3, scans=3_000, patience_s=60)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="wm-bench-") as top:
        say("starting Kafka")
        with kafka.running(Path(top) / "kafka") as broker:
            for partitions in size.steps:
                folder = Path(top) / str(partitions)
                say(f"writing {size.journals} journals of {size.scans // size.journals:,} scans")
                until_ms = time.time_ns() // 1_000_000
                total = scans.spread(folder / "journal", size.scans, sources=size.journals, until_ms=until_ms)
                topic = f"scans-{partitions}"
                say(f"shipping them to {_named(partitions)}")
                settings = ShipSettings(folder / "journal", broker.bootstrap, topic, partitions)
                took_s = uvloop.run(_shipped(settings, size.patience_s))
                yield figure(NAME, f"from journals to {_named(partitions)}", [total / took_s], "scans/s")
                bus = KafkaBus(broker.bootstrap, topic, "bench", uptime)
                overall, _ = moved(bus, folder, total, size.patience_s, say)
                yield figure(NAME, f"from {_named(partitions)} to rows and rollups", [overall], "scans/s")


def _named(partitions: int) -> str:
    return f"{partitions} partition{'s' * (partitions > 1)}"


async def _shipped(settings: ShipSettings, patience_s: float) -> float:
    """How long it took until all journals were on the bus, and gone. Raises TimeoutError."""
    stop = asyncio.Event()
    shipping = asyncio.create_task(ship(settings, stop))
    began = time.perf_counter()
    try:
        async with asyncio.timeout(patience_s):
            while sources(settings.journal):
                if shipping.done():
                    shipping.result()
                    raise RuntimeError("shipping ended early")
                await asyncio.sleep(LOOK_S)
        return time.perf_counter() - began
    finally:
        stop.set()
        await shipping
