"""The data folder: its layout, and the locks that give it to one `waymark up` at a time.

Two locks. The supervisor alone holds `lock`, so a second one learns at once who has the folder. Children inherit
`children.lock`, so after a SIGKILL of the supervisor the next one waits until the last of them is gone.

Unix sockets in the folder work with long paths, too: the kernel takes about 107 bytes, so a longer path is reached
through a symlink in the temporary folder.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from infra.durable_files import make_folder
from waymark.errors import UserError

# The longest path of a unix socket.
LONGEST = 100
# In a folder that is being restored from a backup.
UNFINISHED = "restore.unfinished"


def short(path: Path) -> Path:
    """A path to the same socket that fits. Raises OSError when something else is where the link goes."""
    if len(os.fsencode(path)) <= LONGEST:
        return path
    mark = hashlib.blake2b(os.fsencode(path.parent), digest_size=6).hexdigest()
    link = Path(_temporary()) / f"waymark-{os.getuid()}-{mark}"
    try:
        link.symlink_to(path.parent, target_is_directory=True)
    except FileExistsError:
        if link.lstat().st_uid != os.getuid() or not link.is_symlink() or link.readlink() != path.parent:
            raise OSError(f"{link} is in the way: it should be a link of this user to {path.parent}") from None
    return link / path.name


def _temporary() -> str:
    # Every process must find the same one, whatever its TMPDIR says (children of `up` have their own).
    return "/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()  # noqa: S108


class InUse(UserError):
    """Another process has the data folder; the message says which, and what to do."""


class HalfRestored(UserError):
    """The data folder lacks what a backup has."""


class NoFolder(UserError):
    """There is no data folder; only `waymark up` makes one."""


class DataDir(msgspec.Struct, frozen=True):
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
    def changes(self) -> Path:
        """The change log (`codes.change_log`)."""
        return self.path / "changes"

    @property
    def audit_memory(self) -> Path:
        """What `waymark audit` has proven already."""
        return self.path / "audit.json"

    @property
    def proof(self) -> Path:
        """What the audit in the background has proven already."""
        return self.path / "proof.msgpack"

    @property
    def temporary(self) -> Path:
        return self.path / "tmp"

    @property
    def geo_database(self) -> Path:
        """The one that `waymark geo` installed."""
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
        """The status socket of one redirector."""
        return short(self.path / f"redirect-{worker}.sock")

    def must_exist(self) -> None:
        """Raises NoFolder, with the path."""
        if not (self.lock.exists() or self.redis.is_dir()):
            raise NoFolder(
                f"there is no Waymark in {self.path}. Say where it is with --data or WAYMARK_DATA "
                "(`waymark up` makes one)"
            )

    def make(self) -> None:
        """Make what is missing, synced: files are of no use after a power cut without their folder's entry. Mode
        0700, since it holds key digests and all scans."""
        try:
            make_folder(self.path)
            self.path.chmod(0o700)
            for part in (self.redis, self.bus, self.temporary):
                make_folder(part)
        except OSError as error:
            raise NoFolder(f"{self.path} cannot be made: {error.strerror or error}") from None

    def sweep(self) -> None:
        """Empty the temporary folder of what a crash left. The caller must hold the lock."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir(parents=True, exist_ok=True)


class Locks(msgspec.Struct, frozen=True):
    """`children`: the descriptor that every child inherits."""

    children: int


@contextmanager
def hold(folder: DataDir, *, make: bool = False, wait_s: float = 20.0, restoring: bool = False) -> Iterator[Locks]:
    """Hold the data folder. Blocks up to `wait_s` for the children of an `up` that was killed. Raises InUse; NoFolder
    if there is none and `make` is false; HalfRestored, unless it is being restored."""
    if not make:
        folder.must_exist()
    if (folder.path / UNFINISHED).exists() and not restoring:
        raise HalfRestored(
            f"{folder.path} is half restored: a restore was interrupted. Run it again; it begins anew in this folder"
        )
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


def held(folder: DataDir) -> bool:
    """Whether a `waymark up` (or another owner) holds the folder."""
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
