"""How the number of journals affects the aggregator: the same scans from one redirector and from many."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench import scans
from bench.aggregator import journals, moved
from bench.figures import Figure, Say, figure

NAME = "sources"


class Size(msgspec.Struct, frozen=True):
    """So many journals at each step, which have so many scans between them; all steps so often, in turns."""

    steps: tuple[int, ...]
    scans: int
    rounds: int
    patience_s: float


FULL = Size(steps=(1, 4, 16, 64), scans=640_000, rounds=3, patience_s=300)
TINY = Size(steps=(1, 4), scans=2_000, rounds=1, patience_s=60)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    rates: dict[int, list[float]] = {count: [] for count in size.steps}
    for turn in range(1, size.rounds + 1):
        for count in size.steps:
            say(f"round {turn} of {size.rounds}: {count} journals of {size.scans // count:,} scans")
            rates[count].append(_rate(count, size, say))
    for count, found in rates.items():
        yield figure(NAME, f"from {count} journal{'s' * (count > 1)} to rows and rollups", found, "scans/s")


def _rate(count: int, size: Size, say: Say) -> float:
    with tempfile.TemporaryDirectory(prefix="wm-bench-") as folder:
        until_ms = time.time_ns() // 1_000_000
        total = scans.spread(Path(folder) / "journal", size.scans, sources=count, until_ms=until_ms)
        overall, _ = moved(journals(Path(folder)), Path(folder), total, size.patience_s, say)
    return overall
