"""What the number of journals costs the aggregator: the same scans from one redirector and from many."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench import scans
from bench.aggregator import moved
from bench.figures import Figure, Say, figure

NAME = "sources"


class Size(msgspec.Struct, frozen=True):
    """So many journals at each step, which have so many scans between them."""

    steps: tuple[int, ...]
    scans: int
    patience_s: float


FULL = Size(steps=(1, 4, 16, 64), scans=640_000, patience_s=300)
TINY = Size(steps=(1, 4), scans=2_000, patience_s=60)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    for sources in size.steps:
        with tempfile.TemporaryDirectory(prefix="wm-bench-") as folder:
            say(f"writing {sources} journals of {size.scans // sources:,} scans")
            for source in range(1, sources + 1):
                until_ms = time.time_ns() // 1_000_000
                scans.write(Path(folder) / "journal", size.scans // sources, source=source, until_ms=until_ms)
            total = size.scans // sources * sources
            overall, _ = moved(Path(folder), total, size.patience_s, say)
        yield figure(NAME, f"from {sources} journals to rows and rollups", [overall], "scans/s")
