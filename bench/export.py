"""A file of raw scans: how fast it is written, and how much memory that takes.

The scans are made in a process of their own, so that what it holds is not taken for what a core holds when it is idle.
"""

import multiprocessing
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from analytics.query.grammar import parse
from analytics.scan_rows import Selection, contents
from bench import year
from bench.figures import Figure, Say, figure
from bench.machine import resident_mb
from infra.migrate import migrate
from infra.raw_output import FORMATS, raw_output
from infra.warehouse import Warehouse

NAME = "export"
WORKSPACE = 1


class Size(msgspec.Struct, frozen=True):
    """`formats` are measured in this order; the first has the budgets."""

    rows: int
    codes: int
    rounds: int
    formats: tuple[str, ...]


FULL = Size(rows=10_000_000, codes=100_000, rounds=3, formats=("parquet", "arrow", "csv", "ndjson"))
TINY = Size(rows=2_000, codes=20, rounds=1, formats=("parquet", "csv"))


class Codes:
    """Ids for numbers, as the codes of a workspace have them."""

    def groups(self, dimension: str) -> Mapping[str, Collection[int]]:
        return {}

    def id_of(self, number: int) -> str | None:
        return str(uuid.UUID(int=number))


class _Written(msgspec.Struct, frozen=True):
    rows_per_s: float
    memory_mb: float


def measure(size: Size, say: Say) -> Iterator[Figure]:
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="wm-bench-") as folder:
        warehouse = Warehouse(folder=Path(folder) / "warehouse")
        say(f"{size.rows:,} scans")
        making = multiprocessing.get_context("spawn").Process(target=make, args=(folder, size.rows, size.codes, now))
        making.start()
        making.join()
        if making.exitcode:
            raise RuntimeError("the scans could not be made")
        # Opened once and kept, as a core does.
        client = warehouse.connect(max_threads=1)
        try:
            client.query("SELECT count() FROM scans")
            for at, format in enumerate(size.formats):
                say(format)
                rounds = [_written(warehouse, format, now, Path(folder)) for _ in range(size.rounds)]
                yield figure(
                    NAME,
                    f"{size.rows:,} raw scans of {size.codes:,} codes to {format}",
                    [one.rows_per_s for one in rounds],
                    "rows/s",
                    at_least=500_000 if at == 0 else None,
                )
                yield figure(
                    NAME,
                    f"memory above idle meanwhile, {format}",
                    [one.memory_mb for one in rounds],
                    "MB",
                    pick=max,
                    at_most=300 if at == 0 else None,
                )
        finally:
            client.close()


def make(folder: str, rows: int, codes: int, now: datetime) -> None:
    client = Warehouse(folder=Path(folder) / "warehouse").connect(max_threads=2)
    try:
        migrate(client)
        # Files are made of the rows alone.
        views = client.query("SELECT name FROM system.tables WHERE engine = 'MaterializedView'").result_rows
        for (view,) in views:
            client.command(f"DROP VIEW {view}")
        for _ in year.raw_rows(client, year.Share(first=1000, rows=rows, codes=codes), until=now, source=1):
            pass
    finally:
        client.close()


def _written(warehouse: Warehouse, format: str, now: datetime, folder: Path) -> _Written:
    """From the question to the last byte on the disk."""
    idle = resident_mb(os.getpid())
    highest = [idle]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            highest.append(resident_mb(os.getpid()))

    watching = threading.Thread(target=watch)
    watching.start()
    began = time.perf_counter()
    try:
        query = parse({"metrics": ["scans"], "date_range": "all"})
        client = warehouse.connect(max_threads=1)
        selection = Selection(query, WORKSPACE, now, now + timedelta(days=1), Codes())
        found = contents(client, selection, most=1 << 62)
        client.close()
        with (
            raw_output(warehouse, found.sql, found.parameters, FORMATS[format], limit_s=600) as output,
            (folder / "rows").open("wb") as file,
        ):
            while part := output.read():
                file.write(part)
    finally:
        took = time.perf_counter() - began
        ended.set()
        watching.join()
    return _Written(found.rows / took, max(0.1, max(highest) - idle))
