"""Latency of a workspace's questions: 100,000 codes, 50 million scans in a year, one of the codes with 10 million.

The data takes some ten minutes to make. With `--data FOLDER` it is made there once and used again.
"""

import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query.answer import answer
from analytics.query.grammar import parse
from bench import year
from bench.analytics import settle
from bench.figures import Figure, Say, figure, percentile
from infra.migrate import migrate
from infra.warehouse import Warehouse

NAME = "questions"
WORKSPACE = 1
BIG, OTHERS = 1, 1000
# The end of the data, so that it can be used again another day.
UNTIL = datetime(2028, 3, 1, tzinfo=UTC)
# As many as a core has for all dashboards, each with one thread of the engine.
THREADS = 3

DAYS = {"metrics": ["scans"], "dimensions": ["time:day"]}
FIVE = ("scan:country", "scan:device", "scan:browser", "scan:referrer_host", "code")
TOP = {"metrics": ["scans"], "order_by": [["scans", "desc"]], "pagination": {"limit": 10}}


class Size(msgspec.Struct, frozen=True):
    big: int
    others: int
    codes: int
    rounds: int
    calm_s: float
    data: str = ""


FULL = Size(big=10_000_000, others=40_000_000, codes=100_000, rounds=40, calm_s=3)
TINY = Size(big=2_000, others=5_000, codes=500, rounds=2, calm_s=0)


class Asked(msgspec.Struct, frozen=True):
    """Questions that are asked at once, as a page does, and how long all of them may take."""

    name: str
    questions: Sequence[Mapping[str, Any]]
    at_most_ms: float


def _asked() -> list[Asked]:
    mobile = ["is", "scan:device", ["mobile"]]
    return [
        Asked(
            "a year by day and the top 10 of five dimensions",
            [DAYS, *(TOP | {"dimensions": [name]} for name in FIVE)],
            200,
        ),
        Asked("a year by day, filtered by device", [DAYS | {"filters": [mobile]}], 1000),
        Asked("the top 10 countries of a year, filtered by device", [_top("scan:country", mobile)], 1000),
        Asked("the top 10 of two dimensions of a year", [TOP | {"dimensions": ["scan:country", "scan:browser"]}], 1000),
        Asked(
            "a year of one code by country, filtered by device",
            [_top("scan:country", mobile, ["is", "code", [str(BIG)]])],
            300,
        ),
    ]


def _top(dimension: str, *filters: Any) -> dict[str, Any]:
    return TOP | {"dimensions": [dimension], "filters": list(filters)}


class _Codes:
    """Codes that are called by their numbers."""

    def groups(self, dimension: str) -> Mapping[str, Collection[int]]:
        return {str(BIG): [BIG]} if dimension == "code" else {}

    def id_of(self, number: int) -> str | None:
        return str(number)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    with ExitStack() as entered:
        folder = Path(size.data or entered.enter_context(tempfile.TemporaryDirectory(prefix="wm-bench-")))
        warehouse = Warehouse(folder=folder / "warehouse")
        client = warehouse.connect(max_threads=1)
        entered.callback(client.close)
        _fill(client, size, say)
        settle(client, say, calm_s=size.calm_s)
        askers = [warehouse.connect(max_threads=1) for _ in range(THREADS)]
        for one in askers:
            entered.callback(one.close)
        for asked in _asked():
            say(asked.name)
            times = _times(askers, asked, size.rounds)
            yield figure(
                NAME,
                f"{asked.name}, p95",
                [1000 * seconds for seconds in times],
                "ms",
                pick=lambda samples: percentile(samples, 0.95),
                at_most=asked.at_most_ms,
            )


def _fill(client: Client, size: Size, say: Say) -> None:
    migrate(client)
    shares = [
        year.Share(first=BIG, rows=size.big),
        # Workspaces ask for their own sums; those of so many codes would take an hour to make.
        year.Share(first=OTHERS, rows=size.others, codes=size.codes, code_sums=False),
    ]
    there: int = client.query("SELECT count() FROM scans").result_rows[0][0]
    total, written = sum(share.rows for share in shares), 0
    if there == total:
        return
    if there:
        raise RuntimeError(f"{there:,} scans are there, which are neither none nor {total:,}: remove the folder")
    for source, share in enumerate(shares, start=1):
        for rows in year.fill(client, share, until=UNTIL, source=source):
            written += rows
            say(f"{written:,} of {total:,} scans written")


def _times(askers: Sequence[Client], asked: Asked, rounds: int) -> list[float]:
    """Seconds until all of them are answered, each round. The first, which opens files, is left out."""
    free = list(askers)
    times = []

    def ask(question: Mapping[str, Any]) -> None:
        client = free.pop()
        try:
            found = answer(
                client,
                parse({"date_range": _YEAR} | dict(question)),
                workspace=WORKSPACE,
                now=UNTIL,
                complete_until=UNTIL,
                codes=_Codes(),
            )
        finally:
            free.append(client)
        if not found.results:
            raise RuntimeError(f"{asked.name}: no rows")

    with ThreadPoolExecutor(len(askers)) as threads:
        for turn in range(rounds + 1):
            began = time.perf_counter()
            list(threads.map(ask, asked.questions))
            if turn:
                times.append(time.perf_counter() - began)
    return times


# It begins and ends within a month.
_YEAR = [str((UNTIL - timedelta(days=ago)).date()) for ago in (365 + 14, 15)]
