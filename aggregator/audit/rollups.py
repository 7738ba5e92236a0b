"""Compare the rollups with the raw rows (those by month with those by day).

Both sides are brought into the rollup's own form and compared entry by entry, a slice of the table at a time; they
must be equal. A month that was proven before and has not changed since is not compared again.

A fingerprint recognizes such a month: the engine's own checksums of the parts that hold its scans, and sums over its
entries in the rollups, hashed with a key that only the memory file has. The same fingerprint means the same rows,
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
from aggregator.differences import differences
from aggregator.slices import SPILL, Slice, scans_by_day, slices_of
from infra.durable_files import replace_file
from infra.progress import Progress, silent
from infra.rollups import ROLLUPS, Rollup, rollup_select


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
    parts = (
        "SELECT toUInt32(partition), groupBitXor(sipHash64(name, hash_of_all_files)), sum(rows) FROM system.parts"
        " WHERE active AND database = currentDatabase() AND table = 'scans' GROUP BY partition"
    )
    queries = (parts, *(_sum_of_entries(rollup, hashed) for rollup in ROLLUPS.values()))
    lie, *sums = ({row[0]: row[1:] for row in client.query(query).result_rows} for query in queries)
    return {month: _digest(found, [one.get(month) for one in sums]) for month, found in lie.items()}


def _sum_of_entries(rollup: Rollup, hashed: str) -> str:
    """What counts only is the same sum before and after a merge; what holds states is not, and is compared again."""
    key = ", ".join((*rollup.owner, *rollup.key)).replace("dimension", "toString(dimension)")
    which = ", fingerprint" if rollup.fingerprint else ""
    one = f"{hashed}{key}, n, last, sipHash64(visitors){which})" if rollup.people else f"n * {hashed}{key})"
    return f"SELECT toYYYYMM({rollup.day}) AS of_month, sum({one}) FROM {rollup.table} GROUP BY of_month"  # noqa: S608


def _digest(*what: object) -> str:
    # What was proven by another rule is not proven by this one.
    rules = [rollup_select(rollup) for rollup in ROLLUPS]
    return blake2b(repr((rules, what)).encode(), digest_size=16).hexdigest()


def _words(key: str) -> tuple[int, int]:
    raw = bytes.fromhex(key)
    if len(raw) != 16:
        raise ValueError("a key has 16 bytes")
    return int.from_bytes(raw[:8]), int.from_bytes(raw[8:])


# Codes (or workspaces) named for each day on which a rollup is wrong; and how many workspaces, for the proof of each.
NAMED_OWNERS = 5
NAMED_WORKSPACES = 1000


class DayDifference(msgspec.Struct, frozen=True):
    """A UTC day on which a rollup does not follow from `scans`."""

    rollup: str
    day: date
    # Entries (a quarter of an hour or a value, of one kind of one owner) that are wrong, and what
    # they count too much (or, below 0, too little) in all.
    entries: int
    excess: int
    # Some of the codes (of a workspace's rollup: workspaces) concerned.
    owners: tuple[int, ...]
    # The workspaces concerned, or some of them.
    workspaces: tuple[int, ...] = ()


def days_to_compare(client: Client) -> dict[date, int]:
    """Every UTC day that `scans` or a rollup knows, with its number of raw rows."""
    days = scans_by_day(client)
    for rollup in ROLLUPS.values():
        if rollup.period == "month":
            query = f"SELECT DISTINCT month FROM {rollup.table}"  # noqa: S608 (our names)
            months = {_month(day) for day in days}
            days |= {row[0]: 0 for row in client.query(query).result_rows if _month(row[0]) not in months}
            continue
        for row in client.query(f"SELECT DISTINCT {rollup.day} FROM {rollup.table}").result_rows:  # noqa: S608
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
    work = [(rollup, part) for rollup in ROLLUPS.values() for part in slices_of(rollup, left)]
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
            found[key] = together(found[key], one) if key in found else one
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


def compare(client: Client, rollup: Rollup, part: Slice) -> list[DayDifference]:
    """The days of one slice on which the rollup is wrong."""
    wrong = differences(rollup, part.rows(rollup), part.entries(rollup))
    owner = rollup.owner[-1]
    result = client.query(
        f"SELECT on_day, count(), sum(excess), arraySort(groupUniqArray({NAMED_OWNERS})({owner})),"  # noqa: S608 (our SQL)
        f" arraySort(groupUniqArray({NAMED_WORKSPACES})(workspace))"
        f" FROM ({wrong}) GROUP BY on_day",
        settings=SPILL,
    )
    return [
        DayDifference(rollup.table, day, entries, excess, tuple(owners), tuple(workspaces))
        for day, entries, excess, owners, workspaces in result.result_rows
    ]


def together(a: DayDifference, b: DayDifference) -> DayDifference:
    return DayDifference(
        a.rollup,
        a.day,
        a.entries + b.entries,
        a.excess + b.excess,
        tuple(sorted({*a.owners, *b.owners})[:NAMED_OWNERS]),
        tuple(sorted({*a.workspaces, *b.workspaces})[:NAMED_WORKSPACES]),
    )
