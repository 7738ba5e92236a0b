"""How far a journal may go: to the bound of all journals of the machine, and to what the disk has free.

`look` may run in another thread than the one that appends, which reads what it found.
"""

import os
from pathlib import Path

from ingest.journal_files import disk_use

# What journals leave free of the disk: a Redis beside them ends when it cannot write a few bytes.
RESERVE = 4 << 20
# After the disk was full: so much must be free, for so many looks, before events are taken again.
# Refused ranges stay few because of it.
FREE_BYTES = 1 << 20
CALM_LOOKS = 10


class DiskRoom:
    """For the journal in `folder`. `limit` and `room` are where the bound and the disk end, in bytes appended over all
    its segments."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._free = 0
        self.looks = 0
        self.limit = 0
        self.room = 0

    def look(self, written: int) -> None:
        """When so much was appended. Raises OSError."""
        used = disk_use(self._folder.parent)
        disk = os.statvfs(self._folder)
        self.limit = written + self._max_bytes - used
        self._free = disk.f_bavail * disk.f_frsize
        self.room = written + self._free - RESERVE
        self.looks += 1

    def has_again(self, written: int, full_at_look: int | None) -> bool:
        """Whether there is enough to take events again, so that they are not refused again at once. `full_at_look`: the
        look before the disk refused, None when it was the bound."""
        if full_at_look is not None:
            return self.looks >= full_at_look + CALM_LOOKS and self._free >= RESERVE + FREE_BYTES
        return self.limit - written >= self._max_bytes // 8
