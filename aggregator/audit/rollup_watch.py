"""Compare the rollups round by round: a day is compared once, and again when it is no longer what it was.

What a day was is a fingerprint of both sides: what its scans come to (`part_sums`), and a keyed hash over the entries
of the rollup that stays the same when parts are merged. Partitions of a rollup whose parts are as they were are not
read. For the people of an entry the hash knows how many they are, and not who; the comparison knows both.

The newest day changes all the time: it is compared every ten minutes. The comparison is the same as that of
`waymark audit`, in slices of about a second, the newest days first; a round does so many of them, and the next one
goes on.
"""

# ruff: noqa: S608 (our names and numbers)

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from hashlib import blake2b

import msgspec
from clickhouse_connect.driver.client import Client

from aggregator.audit.part_sums import Content
from aggregator.audit.rechecks import Recheck
from aggregator.audit.rollups import DayDifference, compare, together
from aggregator.slices import Slice, slices, slices_of
from infra.rollups import ROLLUPS, Rollup, rollup_select
from schemas.event import digest_of
from schemas.proof import RedDay

# Scans compared at a time.
ROWS = 250_000
# How long a round may compare (without its rests), and how often the newest day is compared.
WORK_S = 20.0
NEWEST_MS = 600_000

# Day (of a rollup by month: its first) → what its entries come to.
DaySums = dict[date, int]


class YearSums(msgspec.Struct, array_like=True):
    """Of one partition: the engine's checksum of its parts, and its days."""

    content: str
    days: DaySums


class RollupMemory(msgspec.Struct):
    """`proven`: rollup → day → the fingerprint with which it was compared and found right. `newest_ms`: when the newest
    day was."""

    key: str = msgspec.field(default_factory=lambda: secrets.token_hex(16))
    sums: dict[str, dict[str, YearSums]] = {}
    proven: dict[str, dict[date, str]] = {}
    newest_ms: int = 0


class WatchedRollups(msgspec.Struct, frozen=True):
    """`red`: where a rollup is wrong; `waiting`: how many days of rollups are not compared as they are now; `at_ms`:
    as of when everything was compared, without those."""

    red: list[RedDay]
    waiting: int
    at_ms: int
    newest: date | None


class _Work(msgspec.Struct, frozen=True):
    rollup: Rollup
    day: date
    rows: int
    fingerprint: str


def watch_rollups(
    client: Client,
    content: Content,
    memory: RollupMemory,
    red: Iterable[RedDay],
    now_ms: int,
    clock: Callable[[], float],
    rest: Callable[[], None] = lambda: None,
    rechecks: Sequence[Recheck] = (),
) -> WatchedRollups:
    """`red` is what was wrong in the round before: that is looked at first. Brings `memory` up to date. Raises what the
    client raises."""
    sums = {rollup.table: _sums(client, rollup, memory) for rollup in ROLLUPS.values()}
    rest()
    newest = max(content.by_day, default=None)
    before = {(one.rollup, one.day) for one in red}
    work: list[_Work] = []
    newest_waits = newest is not None and now_ms - memory.newest_ms < NEWEST_MS
    for rollup in ROLLUPS.values():
        source = _source(rollup, content, sums)
        known = memory.proven.setdefault(rollup.table, {})
        for day in known.keys() - (source.keys() | sums[rollup.table]):
            del known[day]
        for day in source.keys() | sums[rollup.table].keys():
            fingerprint = _fingerprint(rollup, source.get(day), sums[rollup.table].get(day, 0))
            wrong = (rollup.table, day) in before
            waits = newest_waits and _is_newest(rollup, day, newest) and day in known and not wrong
            if known.get(day) != fingerprint and not waits:
                work.append(_Work(rollup, day, _rows(rollup, day, content), fingerprint))
    # What was wrong first, then the newest.
    work.sort(
        key=lambda one: (
            (one.rollup.table, one.day) in before,
            one.day == newest,
            one.day.year,
            one.day.month,
            one.rollup.table,
            one.day,
        ),
        reverse=True,
    )
    found: dict[tuple[str, date], DayDifference] = {}
    done, worked = 0, 0.0
    for rollup, days, parts in _batches(work, content):
        if worked > WORK_S:
            break
        different: list[DayDifference] = []
        for part in parts:
            began = clock()
            different += _compare(client, rollup, part, rechecks)
            worked += clock() - began
            rest()
        for one in different:
            key = (one.rollup, one.day)
            found[key] = together(found[key], one) if key in found else one
            memory.proven[rollup.table].pop(one.day, None)
        for one_day in days:
            known = memory.proven[rollup.table]
            if (rollup.table, one_day.day) not in found:
                known[one_day.day] = one_day.fingerprint
        done += len(days)
    if not newest_waits and done == len(work):
        memory.newest_ms = now_ms
    # What was wrong and was not reached again is still wrong.
    waiting = {(one.rollup.table, one.day) for one in work[done:]}
    left = [one for one in red if (one.rollup, one.day) in waiting and (one.rollup, one.day) not in found]
    return WatchedRollups(
        [*map(_red_day, sorted(found.values(), key=lambda one: (one.day, one.rollup))), *left],
        len(work) - done,
        memory.newest_ms if newest_waits else now_ms,
        newest,
    )


def _batches(work: Sequence[_Work], content: Content) -> Iterable[tuple[Rollup, list[_Work], list[Slice]]]:
    """Days of one rollup and year that are few rows together, with those between them, in one slice; the order
    stays."""
    at = 0
    while at < len(work):
        first = work[at]
        days, rows = [first], first.rows
        while first.rollup.period == "day" and at + len(days) < len(work):
            following = work[at + len(days)]
            if following.rollup is not first.rollup or following.day.year != first.day.year:
                break
            between = (days[-1].day - timedelta(n) for n in range(1, (days[-1].day - following.day).days + 1))
            rows += sum(_rows(first.rollup, day, content) for day in between)
            if following.day > days[-1].day or rows > ROWS:
                break
            days.append(following)
        at += len(days)
        if first.rollup.period == "month":
            parts = slices_of(first.rollup, {first.day: 0})
        elif len(days) == 1:
            parts = slices({first.day: first.rows}, ROWS)
        else:
            parts = [Slice(days[-1].day, first.day)]
        yield first.rollup, days, parts


def _compare(client: Client, rollup: Rollup, part: Slice, rechecks: Sequence[Recheck]) -> list[DayDifference]:
    different = compare(client, rollup, part)
    for recheck in rechecks:
        if not different:
            break
        different = recheck(partial(compare, rollup=rollup, part=part))
    return different


def _sums(client: Client, rollup: Rollup, memory: RollupMemory) -> DaySums:
    """What the entries of each day come to; only what has changed is read."""
    parts = client.query(
        "SELECT partition_id, hex(groupBitXor(sipHash64(name, hash_of_all_files))), count() FROM system.parts"
        " WHERE active AND database = currentDatabase() AND table = {table:String} GROUP BY partition_id",
        parameters={"table": rollup.table},
    ).result_rows
    known = memory.sums.get(rollup.table, {})
    kept: dict[str, YearSums] = {}
    for partition, checksum, count in parts:
        content = f"{checksum} {count}"
        before = known.get(partition)
        if before is None or before.content != content:
            days = client.query(_hashes(rollup, memory.key, f"_partition_id = '{partition}'"), settings=_IN_ORDER)
            before = YearSums(content, {day: digest_of(total) for day, total in days.result_rows})
        kept[partition] = before
    memory.sums[rollup.table] = kept
    if not parts:
        # Tables that are spread over servers have no parts here.
        days = client.query(_hashes(rollup, memory.key, "1"), settings=_IN_ORDER)
        return {day: digest_of(total) for day, total in days.result_rows}
    return {day: total for year in kept.values() for day, total in year.days.items()}


# Entries that are not merged yet lie beside each other.
_IN_ORDER: dict[str, object] = {"optimize_aggregation_in_order": 1, "max_bytes_before_external_group_by": 1 << 30}


def _hashes(rollup: Rollup, key: str, condition: str) -> str:
    first, second = int(key[:16], 16), int(key[16:], 16)
    columns = (*rollup.owner, *rollup.key)
    hashed = f"sipHash64Keyed((toUInt64({first}), toUInt64({second})), "
    hashed += ", ".join("toString(dimension)" if column == "dimension" else column for column in columns)
    if not rollup.people:
        return (
            f"SELECT {rollup.day} AS on_day, sum(n * {hashed})) FROM {rollup.table} WHERE {condition} GROUP BY on_day"
        )
    entries = (
        f"SELECT {', '.join(columns)}, sum(n) AS many, uniqExactMerge(visitors) AS people, max(last) AS latest,"
        f" {'sum(fingerprint)' if rollup.fingerprint else '0'} AS which"
        f" FROM {rollup.table} WHERE {condition} GROUP BY {', '.join(columns)}"
    )
    return (
        f"SELECT {rollup.day} AS on_day, sum({hashed}, many, people, latest, which)) FROM ({entries}) GROUP BY on_day"
    )


def _source(rollup: Rollup, content: Content, sums: Mapping[str, DaySums]) -> dict[date, object]:
    """What the source of the rollup comes to, on each of the rollup's days."""
    if rollup.source == "scans":
        return dict(content.by_day)
    months: dict[date, int] = {}
    for day, total in sums[rollup.source].items():
        month = day.replace(day=1)
        months[month] = digest_of(months.get(month, 0) + total)
    return dict(months)


def _fingerprint(rollup: Rollup, source: object, entries: int) -> str:
    # What was right by another rule need not be by this one.
    made = repr((rollup_select(rollup.table), source, entries))
    return blake2b(made.encode(), digest_size=16).hexdigest()


def _rows(rollup: Rollup, day: date, content: Content) -> int:
    found = content.by_day.get(day)
    return 0 if found is None or rollup.period == "month" else found.rows


def _is_newest(rollup: Rollup, day: date, newest: date | None) -> bool:
    return newest is not None and day == (newest.replace(day=1) if rollup.period == "month" else newest)


def _red_day(one: DayDifference) -> RedDay:
    return RedDay(
        one.rollup,
        one.day,
        "workspace" if ROLLUPS[one.rollup].owner[-1] == "workspace" else "code",
        one.owners,
        one.entries,
        one.excess,
        one.workspaces,
    )
