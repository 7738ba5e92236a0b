"""A disk for the journal that can be filled: a small tmpfs if mounting is allowed, else a limit on the size of the
redirectors' files."""

import os
import resource
import subprocess
from collections.abc import Iterable
from pathlib import Path

import msgspec

SIZE = 64 << 20
_FILLER = "filler"
# How much longer a segment may become under the limit: it ends in the middle of a line.
ROOM = 1001


class Disk(msgspec.Struct, frozen=True):
    """`mounted`: the folder is a file system of its own."""

    folder: Path
    mounted: bool

    def fill(self, redirectors: Iterable[int]) -> None:
        """From now on writes fail, or are cut short."""
        if self.mounted:
            self._fill()
            return
        for pid in redirectors:
            longest = max((path.stat().st_size for path in self.folder.glob("[0-9]*/*.log")), default=0)
            _limit(pid, longest + ROOM)

    def _fill(self) -> None:
        block = bytes(1 << 20)
        # Without a buffer: what does not fit any more is not tried again when the file is closed.
        with (self.folder / _FILLER).open("wb", buffering=0) as file:
            while block:
                try:
                    file.write(block)
                except OSError:
                    block = block[: len(block) // 2]

    def relieve(self, redirectors: Iterable[int]) -> None:
        if self.mounted:
            (self.folder / _FILLER).unlink(missing_ok=True)
            return
        for pid in redirectors:
            _limit(pid, resource.RLIM_INFINITY)

    def give_back(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)


def _limit(pid: int, size: int) -> None:
    try:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size == resource.RLIM_INFINITY else size, hard))
    except ProcessLookupError:
        # It ended meanwhile; the next one has no limit.
        return


def small(folder: Path) -> Disk:
    """A disk of its own under `folder`, which is made."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    return Disk(folder, mounted)
