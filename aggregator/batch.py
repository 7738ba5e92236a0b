"""A batch: the rows of one contiguous range of offsets of one partition."""

from collections.abc import Collection, Sequence

import msgspec

from aggregator.bus import PartitionId, Range
from aggregator.columns import Columns, concatenate
from aggregator.decoding import Decoded, Key
from schemas.event import SourceNote

MAX_EVENTS = 100_000
MAX_BYTES = 16_000_000


class Block(msgspec.Struct, frozen=True):
    """Rows of `scans` from one partition, with their offsets there."""

    partition_id: PartitionId
    columns: Columns
    offsets: Sequence[int]

    def rows(self, at: Sequence[int]) -> "Block":
        return Block(self.partition_id, concatenate([self.columns.rows(at)]), [self.offsets[each] for each in at])


class Batch:
    """One contiguous range of offsets of one partition, growing until it is closed. What a source
    has at or below its highest seq is left out; `highest` moves with what is taken in."""

    def __init__(self, partition_id: PartitionId, first: int, highest: dict[int, int]) -> None:
        self.partition_id = partition_id
        self.first = first
        self.last = first - 1
        # Of the events that are kept.
        self.lines: list[bytes] = []
        self.size = 0
        self.dropped = 0
        self.notes: list[SourceNote] = []
        self.passed: list[Key] = []
        self._highest = highest
        self._parts: list[tuple[Columns, list[int]]] = []

    def take(self, decoded: Decoded, erased: Collection[Key] = ()) -> None:
        """Every source in it must be in `highest`."""
        columns, lines, offsets = decoded.columns, decoded.lines, decoded.offsets
        if lines and (erased or not self._all_new(columns)):
            kept = self._new(columns, erased)
            columns, lines, offsets = columns.rows(kept), [lines[at] for at in kept], [offsets[at] for at in kept]
        if lines:
            self._parts.append((columns, offsets))
            self.lines += lines
            self.size += sum(map(len, lines))
        self.dropped += len(decoded.lines) - len(lines)
        self.notes += [note for _, note in decoded.notes]
        self.passed += decoded.passed
        self.last = max(self.last, decoded.last)

    def _all_new(self, columns: Columns) -> bool:
        """What a journal brings: one source, whose numbers only grow. Moves its highest seq if so."""
        sources, seqs = columns.numbers["source"], columns.numbers["seq"]
        source = int(sources[0])
        if int(seqs[0]) <= self._highest[source] or (sources != source).any() or (seqs[1:] <= seqs[:-1]).any():
            return False
        self._highest[source] = int(seqs[-1])
        return True

    def _new(self, columns: Columns, erased: Collection[Key]) -> list[int]:
        """Where the events are that are kept."""
        kept, highest = [], self._highest
        for at, (source, seq) in enumerate(columns.keys()):
            if seq <= highest[source]:
                continue
            highest[source] = seq
            if not erased or (source, seq) not in erased:
                kept.append(at)
        return kept

    def block(self) -> Block:
        """Its rows, as they are inserted. At least one must be there."""
        offsets = [offset for _, found in self._parts for offset in found]
        return Block(self.partition_id, concatenate([columns for columns, _ in self._parts]), offsets)

    @property
    def span(self) -> tuple[int, int]:
        """When its first and its last row were scanned, in ms. At least one row must be there."""
        times = [columns.numbers["ts_ms"] for columns, _ in self._parts]
        return min(int(one.min()) for one in times), max(int(one.max()) for one in times)

    @property
    def range(self) -> Range:
        return Range(self.first, self.last)

    @property
    def empty(self) -> bool:
        return self.last < self.first

    @property
    def full(self) -> bool:
        return len(self.lines) >= MAX_EVENTS or self.size >= MAX_BYTES

    @property
    def token(self) -> str:
        return self.partition_id.token(self.range)
