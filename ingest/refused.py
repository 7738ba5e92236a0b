"""Record the ranges of refused events, in space taken when the journal was opened, so that it works on a full disk."""

import errno
import os
import struct
from pathlib import Path

_RANGE = struct.Struct("<QQ")
SLOTS = 4096
_SIZE = SLOTS * _RANGE.size


class RefusedTable:
    """The table, for the journal's owner. Adjacent ranges are merged. An entry is one write inside one page, so a kill
    leaves it old or new."""

    def __init__(self, path: Path) -> None:
        """Create the file and take its space. Raises OSError."""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            # Zeros rather than fallocate: blocks never written before may need space when they are.
            if os.write(self._fd, bytes(_SIZE)) != _SIZE:
                raise OSError(errno.ENOSPC, "no room", str(path))
            os.fsync(self._fd)
        except OSError:
            os.close(self._fd)
            raise
        self.ranges: list[tuple[int, int]] = []
        self.count = 0

    @property
    def full(self) -> bool:
        """Whether the last slot is in use: its range may grow, but no other can begin."""
        return len(self.ranges) == SLOTS

    def add(self, seq: int, last: int | None = None) -> None:
        """Add `seq`, or the range up to `last`, above every refused seq so far. Raises OSError; then nothing is
        recorded."""
        last = last or seq
        slot = len(self.ranges) - 1
        first = seq
        if slot >= 0 and self.ranges[slot][1] == seq - 1:
            first = self.ranges[slot][0]
            self._write(slot, first, last)
            self.ranges[slot] = (first, last)
        else:
            if self.full:
                raise OSError("the table of refused events is full")
            self._write(slot + 1, first, last)
            self.ranges.append((first, last))
        self.count += last - seq + 1

    def _write(self, slot: int, first: int, last: int) -> None:
        os.pwrite(self._fd, _RANGE.pack(first, last), slot * _RANGE.size)

    def sync(self) -> None:
        os.fdatasync(self._fd)

    def close(self) -> None:
        os.close(self._fd)


def read_ranges(path: Path) -> list[tuple[int, int]]:
    """Read the table, while its owner writes or after. Empty if there is no file."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    ranges = []
    for first, last in _RANGE.iter_unpack(raw[: len(raw) // _RANGE.size * _RANGE.size]):
        if first == 0 or last < first:
            break
        ranges.append((first, last))
    return ranges
