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
# Bytes that a segment may still grow under the limit: it ends in the middle of a line.
ROOM = 1001


class Disk(msgspec.Struct, frozen=True):
    """A disk that can be filled. `mounted`: the folder is a separate file system."""

    folder: Path
    mounted: bool

    def fill(self, redirectors: Iterable[int]) -> None:
        """Make further writes fail, or stop short."""
        if self.mounted:
            self._fill()
            return
        for pid in redirectors:
            longest = max((path.stat().st_size for path in self.folder.glob("[0-9]*/*.log")), default=0)
            _limit(pid, longest + ROOM)

    def _fill(self) -> None:
        block = bytes(1 << 20)
        # Unbuffered: closing the file must not retry the bytes that did not fit.
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
        # The process has ended; its successor has no limit.
        return


def small(folder: Path) -> Disk:
    """Create `folder` and mount a small disk there, if mounting is allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    return Disk(folder, mounted)
