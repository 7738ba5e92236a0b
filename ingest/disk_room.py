"""The space a journal may use: up to the bound of all journals of the machine, and to the free space of the disk.

`look` may run in another thread than the one that appends and reads its results.
"""

from pathlib import Path

from ingest.ballast import free_bytes
from ingest.journal_files import disk_use

# Space that journals leave free: a Redis on the same disk ends when it cannot write a few bytes.
RESERVE = 4 << 20
# After the disk was full, this much must be free for this many looks before events are taken again, which keeps refused
# ranges few.
FREE_BYTES = 1 << 20
CALM_LOOKS = 10


class DiskRoom:
    """The space of the journal in `folder`. `limit` and `room` are the ends of the bound and of the disk, in bytes
    appended over all segments."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._free = 0
        self.looks = 0
        self.limit = 0
        self.room = 0

    def look(self, written: int) -> None:
        """Measure, with `written` bytes appended. Raises OSError."""
        used = disk_use(self._folder.parent)
        self.limit = written + self._max_bytes - used
        self._free = free_bytes(self._folder)
        self.room = written + self._free - RESERVE
        self.looks += 1

    def has_again(self, written: int, full_at_look: int | None) -> bool:
        """Whether there is enough space to take events again without refusing them at once. `full_at_look`: the look
        before the disk refused, None if the bound was reached."""
        if full_at_look is not None:
            return self.looks >= full_at_look + CALM_LOOKS and self._free >= RESERVE + FREE_BYTES
        return self.limit - written >= self._max_bytes // 8
