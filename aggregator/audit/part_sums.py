"""What is in `scans`, as sums by source and by day, kept for each part of the table.

A part never changes: whatever is done to a row, by an insert, a merge, an erasure or by hand, makes another part. So
each is read once, and the sums of all parts that are active at one moment tell the content of the table at that
moment. The checks of the lines (`schemas.event`) are what is added up: rows that were lost, doubled or altered change a
sum, while rows that were merged do not.

A server with tables of its own lists its parts. Where it lists none though there are rows (tables spread over
servers), months take their place, and are read each time.
"""

# ruff: noqa: S608 (what is put into a query is numbers, and names of the engine's own making)

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.event import LINE_CHECK, LINE_CHECK_SETTINGS, digest_of

# Rows read at a time: about a second.
ROWS = 1_000_000
# A part of fewer rows is read without a pause: it is merged away before long.
FEW = 100_000
# How often parts that vanish while they are read are looked for again.
TURNS = 5

# Called between two pieces of work.
Rest = Callable[[], None]


class Sum(msgspec.Struct, frozen=True, array_like=True):
    """Of some rows: how many, the sum of their checks, and the highest seq (of a source's)."""

    rows: int = 0
    checks: int = 0
    highest: int = 0

    def plus(self, other: "Sum") -> "Sum":
        checks = digest_of(self.checks + other.checks)
        return Sum(self.rows + other.rows, checks, max(self.highest, other.highest))


class Part(msgspec.Struct, frozen=True):
    """A part as the engine lists it; its `content` is the engine's checksum of all of its files."""

    name: str
    content: str
    rows: int

    @property
    def key(self) -> str:
        return f"{self.name} {self.content}"


class PartSums(msgspec.Struct, array_like=True):
    """Source and UTC day → the sum of their rows."""

    sums: list[tuple[int, date, Sum]] = []


class Content(msgspec.Struct, frozen=True):
    """All of `scans` at one moment."""

    by_source: dict[int, Sum]
    by_day: dict[date, Sum]
    rows: int


class Vanished(Exception):
    """A part was merged away while it was read."""


def read_content(client: Client, known: dict[str, PartSums], rest: Rest) -> Content:
    """Reads what is not `known` yet, and brings that up to date. `rest` is called after each million rows. Raises
    Vanished when parts are merged faster than they are read, and what the client raises."""
    for _ in range(TURNS):
        parts = list_parts(client)
        if not parts:
            return _total(_months(client, rest))
        try:
            # The large ones first: those are still there when the small ones are read.
            for part in sorted(parts, key=lambda part: -part.rows):
                if part.key not in known:
                    known[part.key] = _read(client, part, rest)
        except Vanished:
            continue
        kept = {part.key: known[part.key] for part in parts}
        for key in known.keys() - kept.keys():
            del known[key]
        return _total(kept.values())
    raise Vanished


def list_parts(client: Client, table: str = "scans") -> list[Part]:
    rows = client.query(
        "SELECT name, hash_of_all_files, rows FROM system.parts"
        " WHERE active AND database = currentDatabase() AND table = {table:String}",
        parameters={"table": table},
    ).result_rows
    return [Part(*row) for row in rows]


def _read(client: Client, part: Part, rest: Rest) -> PartSums:
    found: dict[tuple[int, date], Sum] = defaultdict(Sum)
    for first in range(0, part.rows, ROWS):
        _add(found, client, f"_part = '{part.name}' AND _part_offset >= {first} AND _part_offset < {first + ROWS}")
        if part.rows > FEW:
            rest()
    # Rows that are masked are listed and not read, so only this tells whether all were there.
    still = client.query(
        "SELECT count() FROM system.parts WHERE active AND database = currentDatabase() AND table = 'scans'"
        " AND name = {name:String}",
        parameters={"name": part.name},
    ).result_rows
    if not still[0][0]:
        raise Vanished
    return PartSums([(*key, found[key]) for key in sorted(found)])


def _months(client: Client, rest: Rest) -> list[PartSums]:
    found = []
    for (month,) in client.query("SELECT DISTINCT toYYYYMM(ts) AS month FROM scans ORDER BY month").result_rows:
        sums: dict[tuple[int, date], Sum] = defaultdict(Sum)
        _add(sums, client, f"toYYYYMM(ts) = {month}")
        found.append(PartSums([(*key, each) for key, each in sums.items()]))
        rest()
    return found


def _add(found: dict[tuple[int, date], Sum], client: Client, condition: str) -> None:
    rows = client.query(
        f"SELECT source, toDate(ts, 'UTC') AS day, count(), sum({LINE_CHECK}), max(seq) FROM scans WHERE {condition}"
        " GROUP BY source, day",
        settings=LINE_CHECK_SETTINGS,
    ).result_rows
    for source, day, count, checks, highest in rows:
        found[source, day] = found[source, day].plus(Sum(count, checks, highest))


def _total(parts: Iterable[PartSums]) -> Content:
    by_source: dict[int, Sum] = defaultdict(Sum)
    by_day: dict[date, Sum] = defaultdict(Sum)
    rows = 0
    for part in parts:
        for source, day, each in part.sums:
            by_source[source] = by_source[source].plus(each)
            by_day[day] = by_day[day].plus(each)
            rows += each.rows
    return Content(dict(by_source), dict(by_day), rows)


def read_ledger(client: Client) -> dict[int, Sum]:
    """What was erased of each source."""
    rows = client.query(
        "SELECT source, count(), sum(check), max(seq) FROM ledger FINAL GROUP BY source",
    ).result_rows
    return {source: Sum(count, digest_of(checks), highest) for source, count, checks, highest in rows}
