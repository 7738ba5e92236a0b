"""Compare both rollups with the raw rows.

Both sides are brought into the rollup's own form and compared entry by entry, a slice of the table at a time; they
must be equal. A month that was proven before and has not changed since is not compared again.

A fingerprint recognizes such a month: the engine's own checksums of the parts that hold its scans, and sums over its
entries in both rollups, hashed with a key that only the memory file has. The same fingerprint means the same rows,
but for one chance in 2^64. Whatever touches a row, or merges parts anew, changes it. The memory lies in the data
folder, not in the warehouse; losing it costs one longer audit.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import partial
from hashlib import blake2b
from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client

from aggregator.audit.rechecks import Recheck
from aggregator.slices import SPILL, Slice, scans_by_day, slices
from infra.durable_files import replace_file
from infra.progress import Progress, silent
from infra.rollups import ROLLUPS, rollup_select


class Memory(msgspec.Struct):
    """`proven`: month (as 202712) → the fingerprint with which it was seen to be right."""

    key: str
    proven: dict[int, str] = {}


def read_memory(path: Path, make_key: Callable[[int], str] = secrets.token_hex) -> Memory:
    """An empty one when there is none, or none that can be read. Raises OSError."""
    try:
        memory = msgspec.json.decode(path.read_bytes(), type=Memory)
        _words(memory.key)
    except (FileNotFoundError, msgspec.DecodeError, ValueError):
        return Memory(make_key(16))
    return memory


def write_memory(path: Path, memory: Memory) -> None:
    """Raises OSError."""
    replace_file(path, msgspec.json.encode(memory) + b"\n", durable=False)


def fingerprints(client: Client, key: str) -> dict[int, str]:
    """Of each month whose scans lie in parts that this server has. Reads the rollups, and of the scans nothing."""
    first, second = _words(key)
    hashed = f"sipHash64Keyed((toUInt64({first}), toUInt64({second})), "
    queries = (
        "SELECT toUInt32(partition), groupBitXor(sipHash64(name, hash_of_all_files)), sum(rows) FROM system.parts"
        " WHERE active AND database = currentDatabase() AND table = 'scans' GROUP BY partition",
        # What is merged stays the same sum here; in the other one it does not, and is compared again.
        f"SELECT toYYYYMM(day) AS month, sum(n * {hashed}code, toString(dimension), day, value, kind))"  # noqa: S608
        " FROM scans_by_value GROUP BY month",
        f"SELECT toYYYYMM(bucket) AS month, sum({hashed}code, bucket, kind, n, last, sipHash64(visitors)))"  # noqa: S608
        " FROM scans_by_time GROUP BY month",
    )
    parts, *sums = ({row[0]: row[1:] for row in client.query(query).result_rows} for query in queries)
    return {month: _digest(found, [one.get(month) for one in sums]) for month, found in parts.items()}


def _digest(*what: object) -> str:
    # What was proven by another rule is not proven by this one.
    rules = [rollup_select(rollup) for rollup in ROLLUPS]
    return blake2b(repr((rules, what)).encode(), digest_size=16).hexdigest()


def _words(key: str) -> tuple[int, int]:
    raw = bytes.fromhex(key)
    if len(raw) != 16:
        raise ValueError("a key has 16 bytes")
    return int.from_bytes(raw[:8]), int.from_bytes(raw[8:])


# Codes named for each day on which a rollup is wrong.
NAMED_CODES = 5

DAYS = {"scans_by_time": "toDate(bucket, 'UTC')", "scans_by_value": "day"}


class DayDifference(msgspec.Struct, frozen=True):
    """A UTC day on which a rollup does not follow from `scans`."""

    rollup: str
    day: date
    # Entries (a quarter of an hour or a value, of one kind of one code) that are wrong, and what
    # they count too much (or, below 0, too little) in all.
    entries: int
    excess: int
    # Some of the codes concerned.
    codes: tuple[int, ...]


# `stored` tells the two sides apart. For the visitors the sizes of both sets and of their union must be the same.
_BY_TIME = """
SELECT toDate(bucket, 'UTC') AS day, code, toInt64(b) - toInt64(a) AS excess
FROM (
    SELECT code, bucket, kind,
        sumIf(n, NOT stored) AS a, sumIf(n, stored) AS b,
        uniqExactMergeIf(visitors, NOT stored) AS p, uniqExactMergeIf(visitors, stored) AS q,
        uniqExactMerge(visitors) AS either,
        maxIf(last, NOT stored) AS x, maxIf(last, stored) AS y
    FROM (
        SELECT code, bucket, kind, toUInt64(n) AS n, visitors, CAST(last, 'DateTime64(3, \\'UTC\\')') AS last,
               false AS stored
        FROM ({select})
        UNION ALL
        SELECT code, bucket, kind, toUInt64(n) AS n, visitors, CAST(last, 'DateTime64(3, \\'UTC\\')') AS last,
               true AS stored
        FROM scans_by_time WHERE {entries}
    )
    GROUP BY code, bucket, kind
    HAVING a != b OR p != q OR p != either OR x != y
)
"""

_BY_VALUE = """
SELECT day, code, toInt64(b) - toInt64(a) AS excess
FROM (
    SELECT code, dimension, day, value, kind, sumIf(n, NOT stored) AS a, sumIf(n, stored) AS b
    FROM (
        SELECT code, toString(dimension) AS dimension, day, value, kind, toUInt64(n) AS n, false AS stored
        FROM ({select})
        UNION ALL
        SELECT code, toString(dimension) AS dimension, day, value, kind, toUInt64(n) AS n, true AS stored
        FROM scans_by_value WHERE {entries}
    )
    GROUP BY code, dimension, day, value, kind
    HAVING a != b
)
"""

_COMPARE = {"scans_by_time": _BY_TIME, "scans_by_value": _BY_VALUE}


def days_to_compare(client: Client) -> dict[date, int]:
    """Every UTC day that `scans` or a rollup knows, with its number of raw rows."""
    days = scans_by_day(client)
    for rollup, day in DAYS.items():
        for row in client.query(f"SELECT DISTINCT {day} FROM {rollup}").result_rows:  # noqa: S608 (our names)
            days.setdefault(row[0], 0)
    return days


class Rollups(msgspec.Struct, frozen=True):
    """How many days there are, how many of them lie in months that are as they were when they were proven, and the days
    on which a rollup is wrong."""

    days: int
    known: int
    different: list[DayDifference]


def check_rollups(
    client: Client, progress: Progress = silent, rechecks: Iterable[Recheck] = (), memory: Memory | None = None
) -> Rollups:
    """A slice that differs is looked at again in each of these ways: while batches arrive, their rows reach the three
    tables one after the other. What is proven here goes into the memory."""
    rechecks = list(rechecks)
    days = days_to_compare(client)
    before = {} if memory is None else fingerprints(client, memory.key)
    known = set() if memory is None else {month for month, now in before.items() if memory.proven.get(month) == now}
    left = {day: rows for day, rows in days.items() if _month(day) not in known}
    work = [(rollup, part) for part in slices(left) for rollup in DAYS]
    found: dict[tuple[str, date], DayDifference] = {}
    for done, (rollup, part) in enumerate(work):
        progress("rollups", done, len(work))
        different = compare(client, rollup, part)
        for recheck in rechecks:
            if not different:
                break
            different = recheck(partial(compare, rollup=rollup, part=part))
        for one in different:
            key = (one.rollup, one.day)
            found[key] = _together(found[key], one) if key in found else one
    if memory is not None:
        proven = before.keys() - {_month(day) for _, day in found}
        _remember(client, memory, {month: before[month] for month in proven}, known)
    progress("rollups", len(work), len(work))
    wrong = sorted(found.values(), key=lambda one: (one.day, one.rollup))
    return Rollups(len(days), len(days) - len(left), wrong)


def _month(day: date) -> int:
    return day.year * 100 + day.month


def _remember(client: Client, memory: Memory, proven: Mapping[int, str], known: Collection[int]) -> None:
    """What has not changed while it was compared; the newest month does so all the time."""
    newest = max(proven, default=0)
    fresh = proven.keys() - {newest, *known}
    after = fingerprints(client, memory.key) if fresh else {}
    memory.proven = {
        month: now for month, now in proven.items() if month in known or (month in fresh and after.get(month) == now)
    }


def compare(client: Client, rollup: str, part: Slice) -> list[DayDifference]:
    """The days of one slice on which the rollup is wrong."""
    wrong = _COMPARE[rollup].format(select=rollup_select(rollup, part.rows), entries=part.entries(DAYS[rollup]))
    result = client.query(
        f"SELECT day, count(), sum(excess), arraySort(groupUniqArray({NAMED_CODES})(code))"  # noqa: S608 (our SQL)
        f" FROM ({wrong}) GROUP BY day",
        settings=SPILL,
    )
    return [
        DayDifference(rollup, day, entries, excess, tuple(codes)) for day, entries, excess, codes in result.result_rows
    ]


def _together(a: DayDifference, b: DayDifference) -> DayDifference:
    return DayDifference(
        a.rollup, a.day, a.entries + b.entries, a.excess + b.excess, tuple(sorted({*a.codes, *b.codes})[:NAMED_CODES])
    )
