"""How the scans of other codes affect one code's analytics: the same question to a warehouse that grows."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench import year
from bench.analytics import ask, settle
from bench.figures import Figure, Say, figure, percentile
from infra.migrate import migrate
from infra.warehouse import Warehouse

NAME = "scans"
OURS, OTHERS = 1, 1_000


class Size(msgspec.Struct, frozen=True):
    """Scans of the code that is asked about, of all codes together at each step, and questions at each step."""

    ours: int
    steps: tuple[int, ...]
    codes: int
    questions: int
    calm_s: float


FULL = Size(ours=50_000, steps=(100_000, 1_000_000, 10_000_000, 100_000_000), codes=20_000, questions=100, calm_s=3)
TINY = Size(ours=1_000, steps=(2_000, 4_000), codes=20, questions=3, calm_s=0)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="wm-bench-") as folder:
        client = Warehouse(folder=Path(folder) / "warehouse").connect(max_threads=1)
        try:
            migrate(client)
            written = sum(year.fill(client, year.Share(first=OURS, rows=size.ours), until=now, source=1))
            for source, total in enumerate(size.steps, start=2):
                others = year.Share(first=OTHERS, rows=total - written, codes=size.codes)
                for rows in year.fill(client, others, until=now, source=source):
                    written += rows
                    say(f"{written:,} of {size.steps[-1]:,} scans written")
                settle(client, say, calm_s=size.calm_s)
                times = [1000 * seconds for seconds in ask(client, [OURS], size.questions, now)[OURS]]
                yield figure(
                    NAME,
                    f"365-day answer, a code of {size.ours:,} among {total:,} scans, p95",
                    times,
                    "ms",
                    pick=lambda samples: percentile(samples, 0.95),
                )
        finally:
            client.close()
