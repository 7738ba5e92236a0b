"""The feed: stored scans in the order of storing, from any position on, without a gap or a repeat.

The aggregator logs each batch once it is stored for certain (`aggregator.batch_log`). A read takes the entries that are
ahead of a position, and their rows out of `scans`. What a read costs depends on the batches that it covers, not on the
table: an entry says between which times its rows were scanned, which leaves out the parts before and after.

Rows come track by track within a read, and in the order of their offsets within a track. Erased ones are missing.
(docs/decisions/0508)
"""

# ruff: noqa: S608 (what is put into a query is numbers, and names of our own making)

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.feed_position import KEPT_MS, SETTLED_MS, Position, Track
from schemas.scan_record import FIELDS, RECORD_COLUMNS
from schemas.stored_batch import StoredBatch, decode_details

# Bounds of one read: entries of the log, and rows that it looks through for those of some workspaces.
ENTRIES = 1000
LOOKED_THROUGH = 200_000

NO_PARAMETERS: Mapping[str, Any] = MappingProxyType({})
# On a cluster: an entry may come to a replica before its rows do. A server with tables of its own passes over it.
_EVERYWHERE: dict[str, Any] = {"select_sequential_consistency": 1}


class Gone(Exception):
    """The position is too old: what came after it is not known any more."""


class StoredScan(msgspec.Struct, frozen=True):
    """`record` has the columns of `schemas.scan_record`; `met` says which of the conditions the row meets."""

    workspace: int
    source: int
    seq: int
    record: tuple[Any, ...]
    met: tuple[bool, ...]


class Chunk:
    """What one read found. `more`: reading on at `end` finds more at once."""

    def __init__(
        self, scans: list[StoredScan], start: Position, end: Position, steps: "list[_Step]", *, more: bool
    ) -> None:
        self.scans = scans
        self.end = end
        self.more = more
        self._start = start
        self._steps = steps
        self._ends = [step.upto for step in steps]

    def position(self, at: int) -> Position:
        """The position after the scan at this index."""
        if at == len(self.scans) - 1:
            return self.end
        place = bisect_left(self._ends, at + 1)
        step = self._steps[place]
        before = {each.track: each.whole for each in self._steps[:place]}
        here = Track(step.offsets[at - step.upto + len(step.offsets)], self.scans[at].seq, step.whole.at_ms)
        return self._start.moved({**before, step.track: here})


class _Step(msgspec.Struct):
    """The rows of one track in a chunk end before the index `upto`; `whole` is the track after all of them."""

    track: int
    whole: Track
    # Of the rows, as the order of the track counts.
    offsets: list[int]
    upto: int = 0


class _Stretch(msgspec.Struct):
    """Entries of one track, one after another."""

    bus: str
    bus_partition: int
    ranges: list[tuple[int, int]]
    oldest_ms: int
    newest_ms: int
    passed: list[tuple[int, int]]
    replayed: list[tuple[int, int]]
    whole: Track

    def condition(self, known: Track | None, last: Track | None) -> str:
        """Of its rows that are ahead of what is known of the track, and that `last` is not behind of."""
        offsets = " OR ".join(f"bus_offset BETWEEN {first} AND {last}" for first, last in self.ranges)
        parts = [
            f"bus = '{self.bus}' AND bus_partition = {self.bus_partition} AND ({offsets})",
            f"ts BETWEEN {_moment(self.oldest_ms)} AND {_moment(self.newest_ms)}",
            *(f"NOT bus_offset BETWEEN {first} AND {last}" for first, last in self.passed),
        ]
        if self.replayed:
            parts.append(f"(source, seq) IN ({', '.join(f'({source}, {seq})' for source, seq in self.replayed)})")
        if known is not None and known.seq:
            if not self.replayed:
                parts.append(_after(known))
            elif known.offset == self.whole.offset:
                parts.append(f"seq > {known.seq}")
        if last is not None and last.seq:
            if not self.replayed:
                parts.append(f"NOT {_after(last)}")
            elif last.offset == self.whole.offset:
                parts.append(f"seq <= {last.seq}")
        return f"({' AND '.join(parts)})"


def _after(known: Track) -> str:
    return f"(bus_offset > {known.offset} OR (bus_offset = {known.offset} AND seq > {known.seq}))"


def end(client: Client, now_ms: int) -> Position:
    """After everything that is logged now."""
    query = "SELECT toUnixTimestamp64Milli(max(at)) FROM stored_batches"
    floor = max(0, client.query(query).result_rows[0][0] - SETTLED_MS)
    found = client.query(
        f"SELECT track, max({_ORDER}), toUnixTimestamp64Milli(max(at)) FROM stored_batches"
        f" WHERE at > {_moment(floor)} GROUP BY track"
    ).result_rows
    return Position(now_ms, floor, {track: Track(offset, 0, at_ms) for track, offset, at_ms in found})


def after(
    client: Client,
    position: Position,
    limit: int,
    *,
    now_ms: int,
    workspaces: Collection[int] | None = None,
    conditions: Sequence[str] = (),
    parameters: Mapping[str, Any] = NO_PARAMETERS,
    upto: Position | None = None,
) -> Chunk:
    """The next scans, at most `limit`, of these workspaces or of all. `conditions` are SQL over the columns of `scans`,
    with `parameters`. `upto`: only scans that this position is behind of; it is the `end` when all are read. Raises
    Gone, and what the client raises."""
    check_age(position, now_ms)
    entries, all_read = _ahead(client, position, limit if workspaces is None else max(limit, LOOKED_THROUGH), upto)
    if not entries:
        return Chunk([], position, upto or position.looked(now_ms), [], more=False)
    stretches = _stretches(entries)
    rows = _rows(client, position, stretches, limit, workspaces, conditions, parameters, upto)
    scans, steps = _steps(rows[:limit], stretches)
    if len(rows) > limit:
        last = steps[-1]
        part = Track(last.offsets[-1], scans[-1].seq, last.whole.at_ms)
        stopped = position.moved({**{step.track: step.whole for step in steps[:-1]}, last.track: part})
        return Chunk(scans, position, stopped, steps, more=True)
    done = position.moved({track: stretch.whole for track, stretch in stretches.items()}).settled(entries[-1].at_ms)
    if not all_read:
        return Chunk(scans, position, done, steps, more=True)
    return Chunk(scans, position, upto or done.looked(now_ms), steps, more=False)


def check_age(position: Position, now_ms: int) -> None:
    """Raises Gone."""
    if now_ms - max(position.read_ms, position.floor_ms + SETTLED_MS) > KEPT_MS:
        raise Gone


_ORDER = "if(replay > 0, replay, last)"


def _ahead(client: Client, position: Position, rows: int, upto: Position | None) -> tuple[list[StoredBatch], bool]:
    """Entries ahead of the position, the oldest first, until they have so many rows; whether these are all. The replay
    of a dead letter comes alone."""
    known = ""
    if position.tracks:
        tracks, least = list(position.tracks), [track.offset + (not track.seq) for track in position.tracks.values()]
        known = f" AND {_ORDER} >= transform(track, {_numbers(tracks)}, {_numbers(least)}, toUInt64(0))"
    found = client.query(
        "SELECT bus, bus_partition, first, last, rows, toUnixTimestamp64Milli(oldest), toUnixTimestamp64Milli(newest),"
        " replay, details, track, toUnixTimestamp64Milli(at) FROM stored_batches"
        f" WHERE at > {_moment(position.floor_ms)}{known} ORDER BY at, track, {_ORDER} LIMIT {ENTRIES}",
        settings=_EVERYWHERE,
    ).result_rows
    taken: list[StoredBatch] = []
    total = 0
    for bus, partition, first, last, count, oldest_ms, newest_ms, replay, details, track, at_ms in found:
        keys = decode_details(details)
        entry = StoredBatch(
            bus=bus,
            bus_partition=partition,
            first=first,
            last=last,
            rows=count,
            oldest_ms=oldest_ms,
            newest_ms=newest_ms,
            passed=[] if replay else keys,
            replay=replay,
            replayed=keys if replay else [],
            at_ms=at_ms,
        )
        if not position.ahead(entry) or (upto is not None and not upto.reached(entry)):
            continue
        if taken and (total >= rows or replay or taken[0].replay):
            return taken, False
        # A batch that was logged twice is covered by now.
        position = position.moved({track: Track(entry.order, 0, at_ms)})
        taken.append(entry)
        total += count
    return taken, len(found) < ENTRIES


def _stretches(entries: Sequence[StoredBatch]) -> dict[int, _Stretch]:
    """By track, in the order of their first entries."""
    found: dict[int, _Stretch] = {}
    for entry in entries:
        whole, range_ = Track(entry.order, 0, entry.at_ms), (entry.first, entry.last)
        stretch = found.get(entry.track)
        if stretch is None:
            place = (entry.bus, entry.bus_partition, [range_], entry.oldest_ms, entry.newest_ms)
            found[entry.track] = _Stretch(*place, [*entry.passed], entry.replayed, whole)
            continue
        before = stretch.ranges[-1]
        # (What lies between two ranges may be a dead letter's.)
        if entry.first == before[1] + 1:
            stretch.ranges[-1] = (before[0], entry.last)
        else:
            stretch.ranges.append(range_)
        stretch.oldest_ms = min(stretch.oldest_ms, entry.oldest_ms)
        stretch.newest_ms = max(stretch.newest_ms, entry.newest_ms)
        stretch.passed += entry.passed
        stretch.whole = whole
    return found


def _rows(
    client: Client,
    position: Position,
    stretches: dict[int, _Stretch],
    limit: int,
    workspaces: Collection[int] | None,
    conditions: Sequence[str],
    parameters: Mapping[str, Any],
    upto: Position | None,
) -> list[tuple[Any, ...]]:
    """Of each: workspace, source, seq, the place of its track, offset, the record, and which conditions it meets. One
    more than the limit, when there are."""
    last = {} if upto is None else upto.tracks
    among = " OR ".join(
        stretch.condition(position.tracks.get(track), last.get(track)) for track, stretch in stretches.items()
    )
    of = "" if workspaces is None else f"workspace IN ({', '.join(map(str, sorted(workspaces)))}) AND "
    places = ", ".join(f"('{one.bus}', toUInt64({one.bus_partition}))" for one in stretches.values())
    met = "".join(f", toBool({condition})" for condition in conditions)
    found = client.query(
        f"SELECT workspace, source, seq, indexOf([{places}], (toString(bus), bus_partition)) AS place, bus_offset,"
        f" {RECORD_COLUMNS}{met} FROM scans WHERE {of}({among})"
        f" ORDER BY place, bus_offset, seq LIMIT {limit + 1}",
        parameters=dict(parameters),
        settings={
            **_EVERYWHERE,
            "max_query_size": 4_000_000,
            "max_ast_elements": 1_000_000,
            "max_expanded_ast_elements": 1_000_000,
        },
    ).result_rows
    return [tuple(row) for row in found]


# Columns before those of the record.
_BEFORE = 5


def _steps(rows: Sequence[tuple[Any, ...]], stretches: dict[int, _Stretch]) -> tuple[list[StoredScan], list[_Step]]:
    """The scans; and a step for each track, up to the last that has any."""
    steps = [_Step(track, stretch.whole, []) for track, stretch in stretches.items()]
    scans = []
    for row in rows:
        workspace, source, seq, place, offset = row[:_BEFORE]
        step = steps[place - 1]
        step.offsets.append(step.whole.offset if stretches[step.track].replayed else offset)
        record = row[_BEFORE : _BEFORE + len(FIELDS)]
        scans.append(StoredScan(workspace, source, seq, record, tuple(row[_BEFORE + len(FIELDS) :])))
    while steps and not steps[-1].offsets:
        steps.pop()
    for step, upto in zip(steps, accumulate(len(step.offsets) for step in steps), strict=True):
        step.upto = upto
    return scans, steps


def _moment(at_ms: int) -> str:
    return f"fromUnixTimestamp64Milli(toInt64({at_ms}), 'UTC')"


def _numbers(values: Sequence[int]) -> str:
    return f"CAST([{', '.join(map(str, values))}], 'Array(UInt64)')"
