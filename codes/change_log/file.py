"""The change log of one machine: a file that only grows, until it is compacted (`codes.change_log.compaction`).

Several processes append to it (the core, and commands beside it). Whoever does holds a lock from reading what is to be
appended until it is synced: so the records of an element are in the order of its writes.
"""

import asyncio
import fcntl
import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from codes.change_log import records
from codes.change_log.recorder import ChangeLogAway, Read
from codes.change_log.records import Record
from infra.durable_files import make_folder, replace_file, sync_folder

# How long the lock may take: others hold it for an append, or for the end of a compaction.
LOCKED_WITHIN_S = 5.0
# Compacted when it is this large, and twice as large as after the last time.
SMALLEST = 64 << 20


class FileLog:
    """`folder` is made with the first record; only its user can read it."""

    def __init__(self, folder: Path, *, smallest: int = SMALLEST) -> None:
        self.folder = folder
        self.path = path_in(folder)
        self._smallest = smallest
        self._mine = asyncio.Lock()
        self._lock: int | None = None
        self._file: int | None = None

    async def id(self) -> str:
        async with self._held():
            return self._id()

    async def append(self, read: Read) -> None:
        async with self._held():
            lines = b"".join(map(records.encode, await read()))
            try:
                await asyncio.to_thread(self._write, lines)
            except OSError as error:
                raise ChangeLogAway(f"the change log cannot be written: {error}") from error

    async def keep(self, kept_ms: int) -> None:
        """Compact it in a process of its own: that takes memory and time."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < max(self._smallest, 2 * compacted_size(self.folder)):
            return
        words = [sys.executable, "-P", "-m", "codes.change_log.compaction", str(self.folder), str(kept_ms)]
        process = await asyncio.create_subprocess_exec(*words, stdin=asyncio.subprocess.DEVNULL)
        try:
            if await process.wait():
                raise ChangeLogAway("the change log could not be compacted")
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.kill()
            raise

    async def close(self) -> None:
        for descriptor in (self._file, self._lock):
            if descriptor is not None:
                os.close(descriptor)
        self._file = self._lock = None

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        async with self._mine:
            try:
                if self._lock is None:
                    self._lock = await asyncio.to_thread(open_lock, self.folder)
                until = asyncio.get_running_loop().time() + LOCKED_WITHIN_S
                while not locked(self._lock):
                    if asyncio.get_running_loop().time() > until:
                        raise ChangeLogAway("another process holds the change log")
                    await asyncio.sleep(0.002)
            except OSError as error:
                raise ChangeLogAway(f"the change log cannot be opened: {error}") from error
            try:
                yield
            finally:
                if self._lock is not None:
                    fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _id(self) -> str:
        path = self.folder / "id"
        # A log that was taken away, or put in the place of another, is not what its id says.
        if not path.exists() or not self.path.exists():
            replace_file(path, secrets.token_hex(16).encode(), durable=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            sync_folder(self.folder)
        return path.read_text()

    def _write(self, lines: bytes) -> None:
        file = self._opened()
        size = os.fstat(file).st_size
        try:
            if os.write(file, lines) != len(lines):
                raise OSError("there is no room")
            os.fdatasync(file)
        except OSError:
            os.ftruncate(file, size)
            raise

    def _opened(self) -> int:
        """The file as it is now: a compaction puts another in its place."""
        if self._file is not None and not _is(self._file, self.path):
            os.close(self._file)
            self._file = None
        if self._file is None:
            self._id()
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
            cut_torn_end(self._file)
        return self._file


def path_in(folder: Path) -> Path:
    return folder / "changes.log"


def has_records(folder: Path) -> bool:
    path = path_in(folder)
    return path.exists() and path.stat().st_size > 0


def compacted_size(folder: Path) -> int:
    """The size after the last compaction."""
    path = folder / "compacted-size"
    return int(path.read_text()) if path.exists() else 0


def open_lock(folder: Path) -> int:
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
    return os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)


def locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the log; blocks until nobody else does."""
    lock = open_lock(folder)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def cut_torn_end(file: int) -> None:
    """Cut off a last line that was not written whole: nobody was answered for it."""
    size, end = os.fstat(file).st_size, 0
    step = 1 << 16
    for start in range(max(0, size - step), -step, -step):
        chunk = os.pread(file, step, max(0, start))
        if (at := chunk.rfind(b"\n")) >= 0:
            end = max(0, start) + at + 1
            break
    if end != size:
        os.ftruncate(file, end)


def read_records(path: Path) -> Iterator[tuple[int, Record]]:
    """Yield each record and where it ends. A torn last line is none. Raises UnreadableRecord for any other damage."""
    end = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            end += len(line)
            yield end, records.decode(line)


def _is(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
