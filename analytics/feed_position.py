"""A position in the feed: how far somebody has read the stored scans.

Batches of one partition are stored in the order of their offsets, but nothing orders two partitions, of which several
aggregators may store at once. So a position is a vector: for each track (a partition, or the replays of a bus) how far
it was read. A track falls out when it was silent for `SETTLED_MS`: `floor_ms` says that every batch logged until then
was read. So a position stays short, however many journals there were.
"""

from collections.abc import Iterator, Mapping

import msgspec

from schemas.stored_batch import StoredBatch

# An entry becomes visible this long after its `at` was chosen, or sooner: longer than any insert may take.
SETTLED_MS = 600_000
# How old a position may be. Entries are kept a day longer, in case clocks differ.
KEPT_MS = 7 * 24 * 3_600_000

_VERSION = 1
_TRACK_BYTES = 8
_U64 = 1 << 64


class Track(msgspec.Struct, frozen=True):
    """Everything up to `offset` was read; with a `seq`, of the records at `offset` only the rows up to it."""

    offset: int
    seq: int = 0
    # When its last batch was logged, or later.
    at_ms: int = 0

    def covers(self, entry: StoredBatch) -> bool:
        return entry.order < self.offset or (entry.order == self.offset and not self.seq)


class Position(msgspec.Struct, frozen=True):
    """`read_ms` is the reader's clock at its last look."""

    read_ms: int
    floor_ms: int
    tracks: Mapping[int, Track]

    def ahead(self, entry: StoredBatch) -> bool:
        """Whether rows of the entry are still to be read."""
        track = self.tracks.get(entry.track)
        return entry.at_ms > self.floor_ms if track is None else not track.covers(entry)

    def reached(self, entry: StoredBatch) -> bool:
        """Whether some of the entry's rows, or all, were read."""
        track = self.tracks.get(entry.track)
        if track is None or track.covers(entry):
            return not self.ahead(entry)
        return bool(track.seq) and (track.offset == entry.order if entry.replay else track.offset >= entry.first)

    def moved(self, tracks: Mapping[int, Track]) -> "Position":
        return Position(self.read_ms, self.floor_ms, {**self.tracks, **tracks})

    def settled(self, newest_ms: int) -> "Position":
        """When every batch logged until `newest_ms` was read."""
        floor = max(self.floor_ms, newest_ms - SETTLED_MS)
        tracks = {name: track for name, track in self.tracks.items() if track.at_ms > floor}
        return Position(self.read_ms, floor, tracks)

    def looked(self, now_ms: int) -> "Position":
        return Position(max(self.read_ms, now_ms), self.floor_ms, self.tracks)


class Unreadable(ValueError):
    """These bytes are no position."""


def encode(position: Position) -> bytes:
    newest_ms = max((track.at_ms for track in position.tracks.values()), default=0)
    parts = [bytes([_VERSION]), *map(_varint, (position.read_ms, position.floor_ms, newest_ms))]
    for name, track in sorted(position.tracks.items()):
        parts += [name.to_bytes(_TRACK_BYTES), _varint(track.offset), _varint(track.seq)]
    return b"".join(parts)


def decode(raw: bytes) -> Position:
    """Raises Unreadable."""
    numbers = iter(raw)
    try:
        if next(numbers) != _VERSION:
            raise Unreadable("of another version")
        read_ms, floor_ms, newest_ms = _number(numbers), _number(numbers), _number(numbers)
        tracks = {}
        for first in numbers:
            name = int.from_bytes([first, *[next(numbers) for _ in range(_TRACK_BYTES - 1)]])
            tracks[name] = Track(_number(numbers), _number(numbers), newest_ms)
    except StopIteration as error:
        raise Unreadable("it ends too early") from error
    return Position(read_ms, floor_ms, tracks)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _number(numbers: Iterator[int]) -> int:
    number = shift = 0
    while True:
        byte = next(numbers)
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if number >= _U64:
        raise Unreadable("a number has more than 64 bits")
    return number
