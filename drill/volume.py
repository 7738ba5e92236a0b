"""Power cuts for one data folder instead of the machine: shut down an ext4 file system on a loop device. It can be
filled, too.

`EXT4_IOC_SHUTDOWN` without a flush of the log stops the file system at once. Everything unsynced is lost, names of
files as well as their bytes, and further writes fail; mounting it again recovers the log, as after a
reset. Pages that the kernel had written back stay, as on a disk without a write cache.
"""

import fcntl
import json
import os
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import msgspec

SIZE = 2 << 30
_SHUTDOWN = 0x8004587D
_WITHOUT_LOG = 2
_BALLAST = "ballast"
FREED_WITHIN_S = 20.0


class NoVolume(OSError):
    """A file system cannot be made or mounted here."""


class Volume(msgspec.Struct, frozen=True):
    image: Path
    folder: Path

    def cut(self) -> None:
        """Cut the power: unsynced data is lost, and further writes fail."""
        fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(fd, _SHUTDOWN, struct.pack("I", _WITHOUT_LOG))
        finally:
            os.close(fd)

    def restore(self) -> None:
        """Bring power back. Call it when every file is closed, or soon will be."""
        until = time.monotonic() + FREED_WITHIN_S
        while (done := _run("umount", str(self.folder))).returncode:
            if time.monotonic() > until:
                raise NoVolume(done.stderr.decode(errors="replace").strip())
            time.sleep(0.05)
        self._mount()

    def _mount(self) -> None:
        done = _run("mount", "-o", "loop", str(self.image), str(self.folder))
        if done.returncode:
            raise NoVolume(done.stderr.decode(errors="replace").strip())

    def fill(self, leave: int) -> None:
        """Fill the volume until `leave` bytes are free, for root as well."""
        with (self.folder / _BALLAST).open("wb") as file:
            room = os.statvfs(self.folder)
            size = room.f_bavail * room.f_frsize - leave
            while size > 0:
                try:
                    os.posix_fallocate(file.fileno(), 0, size)
                except OSError:
                    size -= 1 << 20
                else:
                    return

    def relieve(self) -> None:
        (self.folder / _BALLAST).unlink(missing_ok=True)

    def give_back(self) -> None:
        _run("umount", "-l", str(self.folder))


def make_volume(folder: Path, size: int = SIZE) -> Volume:
    """Create `folder` with a new file system mounted on it. Raises NoVolume."""
    folder.mkdir()
    made = Volume(folder.with_name(f"{folder.name}.image"), folder)
    with made.image.open("wb") as file:
        file.truncate(size)
    try:
        done = _run("mkfs.ext4", "-q", "-F", "-m", "0", str(made.image))
    except FileNotFoundError as error:
        raise NoVolume(str(error)) from None
    if done.returncode:
        raise NoVolume(done.stderr.decode(errors="replace").strip())
    made._mount()
    return made


def possible() -> bool:
    """Return whether this machine allows power cuts: they need root and loop devices."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory(prefix="wm-power-") as folder:
        try:
            tried = make_volume(Path(folder) / "try", 1 << 20)
        except (NoVolume, FileNotFoundError):
            return False
        try:
            tried.cut()
        except OSError:
            return False
        finally:
            tried.give_back()
    return True


def age_journals(journals: Path) -> None:
    """Mark journals as written before the machine's last start, so that readers take their end for unsynced."""
    for header in journals.glob("[0-9]*/header.json"):
        said = json.loads(header.read_bytes())
        header.write_text(json.dumps(said | {"boot": "before the power cut"}) + "\n")


def _run(*command: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(command, capture_output=True, timeout=60)
