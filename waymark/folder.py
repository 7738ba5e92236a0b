"""The data folder: what is where in it, and that one `waymark up` has it to itself.

Two locks: `lock` is held by the supervisor alone, so a second one hears at once who has the folder.
`children.lock` is inherited by the children, so that after a SIGKILL of the supervisor the next one
waits until the last of them is gone.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from ingest.layout import make_folder
from waymark.socket_path import short
from waymark.trouble import Trouble


class InUse(Trouble):
    """Somebody else has the data folder; the message says who and what to do."""


class NoFolder(Trouble):
    """There is no data folder where one was looked for; only `waymark up` makes one."""


class Folder(msgspec.Struct, frozen=True):
    path: Path

    @property
    def warehouse(self) -> Path:
        return self.path / "warehouse"

    @property
    def redis(self) -> Path:
        return self.path / "redis"

    @property
    def bus(self) -> Path:
        """Intents of the aggregator."""
        return self.path / "bus"

    @property
    def audit_memory(self) -> Path:
        """What `waymark audit` need not prove again."""
        return self.path / "audit.json"

    @property
    def temporary(self) -> Path:
        return self.path / "tmp"

    @property
    def geo_database(self) -> Path:
        """One that `waymark geo` has taken."""
        return self.path / "geo.mmdb"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def children_lock(self) -> Path:
        return self.path / "children.lock"

    @property
    def redis_socket(self) -> Path:
        return short(self.path / "redis.sock")

    @property
    def core_socket(self) -> Path:
        return short(self.path / "core.sock")

    def redirector_socket(self, worker: int) -> Path:
        """Where a redirector of `up` answers about itself."""
        return short(self.path / f"redirect-{worker}.sock")

    def must_exist(self) -> None:
        """Raises NoFolder, which says where was looked."""
        if not (self.lock.exists() or self.redis.is_dir()):
            raise NoFolder(
                f"there is no Waymark in {self.path}. Say where it is with --data or WAYMARK_DATA "
                "(`waymark up` makes one)"
            )

    def make(self) -> None:
        """Makes what is missing, on disk when this returns: what is synced inside is of no use without its folder's
        name. Only its owner may look in: it holds the keys' digests and all scans."""
        try:
            make_folder(self.path)
            self.path.chmod(0o700)
            for part in (self.redis, self.bus, self.temporary):
                make_folder(part)
        except OSError as error:
            raise NoFolder(f"{self.path} cannot be made: {error.strerror or error}") from None

    def sweep(self) -> None:
        """Empties the temporary folder of what a crash left. Only for whoever holds the lock."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir(parents=True, exist_ok=True)


class Locks(msgspec.Struct, frozen=True):
    """What holding the folder means; `children` is the descriptor to hand to every child."""

    children: int


@contextmanager
def hold(folder: Folder, *, make: bool = False, wait_s: float = 20.0) -> Iterator[Locks]:
    """Holds the data folder until left. Blocks up to `wait_s` for the children of an `up` that was killed.
    Raises InUse, and NoFolder where there is none and it is not to be made."""
    if not make:
        folder.must_exist()
    folder.make()
    mine = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    children = os.open(folder.children_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # (Whoever asks `held` has it for an instant.)
        if not _locked_within(mine, 0.3):
            owner = os.pread(mine, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise InUse(
                f"{folder.path} is in use by another waymark (process {owner}). "
                "Stop that one first, or give this one a folder of its own with --data."
            )
        # (Only for that message: on a full disk there is none.)
        with suppress(OSError):
            os.ftruncate(mine, 0)
            os.pwrite(mine, f"{os.getpid()}\n".encode(), 0)
        if not _locked_within(children, wait_s):
            raise InUse(
                f"Processes of an earlier waymark still use {folder.path}: its supervisor is gone, they are not. "
                f"Find them with: fuser {folder.children_lock}"
            )
        yield Locks(children=children)
    finally:
        os.close(children)
        os.close(mine)


def held(folder: Folder) -> bool:
    """Whether a `waymark up` (or another owner) has the folder now."""
    try:
        lock = os.open(folder.lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _locked(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def _locked_within(descriptor: int, wait_s: float) -> bool:
    until = time.monotonic() + wait_s
    while not _locked(descriptor):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _locked(descriptor: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
