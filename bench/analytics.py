"""Latency of a full year's analytics for a code of ten million scans, and of one million."""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.summary import summary
from bench import year
from bench.figures import Figure, Say, figure, percentile
from infra.migrate import migrate
from infra.warehouse import Warehouse

NAME = "analytics"
SMALL, BIG, NOISE = 1, 2, 1000

# What OpenQR's answer breaks down by, and how it names what is missing.
DIMENSIONS = {"country": "Unknown", "device": "Unknown", "referrer_host": "Direct"}


class Size(msgspec.Struct, frozen=True):
    """Rows of the two codes and of all others together, how often each code is asked for, and for how many
    seconds no merge may run before."""

    small: int
    big: int
    noise: int
    questions: int
    calm_s: float


FULL = Size(small=1_000_000, big=10_000_000, noise=4_000_000, questions=200, calm_s=3)
TINY = Size(small=2_000, big=20_000, noise=3_000, questions=5, calm_s=0)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="wm-bench-") as folder:
        client = Warehouse(folder=Path(folder) / "warehouse").connect(max_threads=1)
        try:
            migrate(client)
            _fill(client, size, now, say)
            settle(client, say, calm_s=size.calm_s)
            times = ask(client, [SMALL, BIG], size.questions, now)
        finally:
            client.close()
    # From pairs that were measured one after the other.
    ratios = [big / small for small, big in zip(times[SMALL], times[BIG], strict=True)]
    p95 = {code: percentile(found, 0.95) for code, found in times.items()}
    for code, rows in ((SMALL, size.small), (BIG, size.big)):
        yield figure(
            NAME,
            f"365-day answer, a code of {rows:,} scans, p95",
            [1000 * seconds for seconds in times[code]],
            "ms",
            pick=lambda samples: percentile(samples, 0.95),
            at_most=50 if code == BIG else None,
        )
    yield figure(
        NAME,
        f"p95 of {size.big:,} scans ÷ p95 of {size.small:,}",
        ratios,
        "×",
        pick=lambda _: p95[BIG] / p95[SMALL],
        at_most=1.5,
    )


def _fill(client: Client, size: Size, now: datetime, say: Say) -> None:
    shares = [
        year.Share(first=SMALL, rows=size.small),
        year.Share(first=BIG, rows=size.big),
        year.Share(first=NOISE, rows=size.noise, codes=2000),
    ]
    total, written = sum(share.rows for share in shares), 0
    for source, share in enumerate(shares, start=1):
        for rows in year.fill(client, share, until=now, source=source):
            written += rows
            say(f"{written:,} of {total:,} scans written")


def settle(client: Client, say: Say, *, calm_s: float, patience_s: float = 120) -> None:
    """Waits until the engine has merged what it means to merge: a warehouse at rest, as it is between
    bursts, and not one that was forced into its best shape."""
    deadline = time.monotonic() + patience_s
    calm_since = time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - calm_since < calm_s:
        merging = int(client.query("SELECT count() FROM system.merges").result_rows[0][0])
        if merging:
            calm_since = time.monotonic()
            say(f"waiting for {merging} merges")
        time.sleep(0.2)


def ask(client: Client, codes: list[int], questions: int, now: datetime) -> dict[int, list[float]]:
    """Seconds of each answer by code, asked for in turns. The first few, which open files, are left out."""
    times: dict[int, list[float]] = {code: [] for code in codes}
    for turn in range(questions + 3):
        for code, found in times.items():
            began = time.perf_counter()
            answer = summary(client, 1, code, days=365, now=now, kinds=["human"], dimensions=DIMENSIONS)
            took = time.perf_counter() - began
            if not answer.window_total or len(answer.daily) != 365:
                raise RuntimeError(f"the answer for code {code} is not that of a year of scans")
            if turn >= 3:
                found.append(took)
    return times
