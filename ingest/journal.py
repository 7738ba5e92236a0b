"""Write a journal: one per redirect process, opened after fork, appended to by one thread."""

import asyncio
import contextlib
import errno
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Self

from xxhash import xxh3_64_intdigest

from infra.durable_files import sync_folder
from ingest.disk_room import DiskRoom
from ingest.journal_creation import APPEND, NewJournal, create_journal
from ingest.journal_files import segment_name
from ingest.register import Head, OwnEntry
from schemas.event import SourceClosed, digest_of, encode_line

log = logging.getLogger(__name__)

SEGMENT_BYTES = 16 << 20
SYNC_EVERY_S = 0.1
# Bytes between two looks at the bound.
STRIDE = 64 << 10


class Journal:
    """Call `append` and `append_all` from one thread; they never wait for the disk. `sync` may run in another.

    An appended event survives the process. An event without space is refused: its seq is used up and recorded, and the
    caller continues as if nothing had happened.
    """

    def __init__(
        self, made: NewJournal, *, source: int, now_ms: Callable[[], int], max_bytes: int, segment_bytes: int
    ) -> None:
        """Only `open` calls this."""
        self.folder = made.folder
        self.source = source
        self.sync_failures = 0
        self._now_ms = now_ms
        # Updated by `sync`.
        self._room = DiskRoom(made.folder, max_bytes)
        self._segment_bytes = segment_bytes
        self._lock = made.lock
        self._table = made.table
        self._entry = OwnEntry(made.entry, source, now_ms)
        self._fd = made.fd
        self._prefix = b"[%d," % source
        self._seq = 0
        # The digest: the sum of the checks of all events.
        self._checks = 0
        # Bytes appended over all segments, and the same when the newest segment began.
        self._written = made.written
        self._segment_start = 0
        # `append` checks for space only from here on.
        self._stop_at = -1
        self._refusing = False
        self._disk_full_at_look: int | None = None
        self._torn = False
        self._closed = False
        self._retired: deque[int] = deque()
        self._folder_changed = False
        self._table_changed = False
        self._synced = made.written
        self._one_sync = threading.Lock()
        # A spare descriptor, closed for a new segment when the process has none left.
        self._reserve: int | None = None
        self._look()
        self._entry.tell(self.head(), "open")

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        source: int,
        now_ms: Callable[[], int],
        max_bytes: int,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> Self:
        """Create the journal `folder/source` with its open record, which is on disk when this returns.

        `max_bytes` bounds all journals of `folder` together. Call it after fork: the lock belongs to the open file.
        Raises FileExistsError when the source has a journal, OSError when the disk refuses.
        """
        made = create_journal(folder, source, now_ms())
        return cls(
            made,
            source=source,
            now_ms=now_ms,
            max_bytes=max_bytes,
            # With large segments a small bound could never be met again: the newest is never deleted.
            segment_bytes=min(segment_bytes, max(max_bytes // 8, 1)),
        )

    @property
    def seq(self) -> int:
        """The highest seq given out."""
        return self._seq

    @property
    def written_seq(self) -> int:
        """The highest seq given out, without refused ones at the end: as far as a reader of the journal can come."""
        ranges = self._table.ranges
        return ranges[-1][0] - 1 if ranges and ranges[-1][1] == self._seq else self._seq

    def head(self) -> Head:
        """The head, for the thread that appends."""
        return Head(self._seq, digest_of(self._checks), self._table.count)

    def refused_before(self, count: int) -> None:
        """Count events refused before the journal existed. Call before appending. Raises OSError."""
        if count:
            self._table.add(1, count)
            self._table_changed = True
            self._seq = count

    @property
    def refused(self) -> int:
        """The number of refused events."""
        return self._table.count

    @property
    def refusing(self) -> bool:
        return self._refusing

    @property
    def unsynced(self) -> int:
        """Bytes that a power loss would lose."""
        return self._written - self._synced

    def append(self, rest: bytes) -> int:
        """Append the event `[source,seq,` + `rest`, followed by its check (`schemas.event`).

        Returns its seq, or 0 if it was refused. Raises RuntimeError after `close`.
        """
        seq = self._seq + 1
        body = b"%b%d,%b" % (self._prefix, seq, rest)
        check = xxh3_64_intdigest(body)
        line = b"%b,%d]\n" % (body, check)
        end = self._written + len(line)
        if end > self._stop_at and not self._make_room(seq, len(line)):
            return self._refuse(seq)
        try:
            done = os.write(self._fd, line)
        except OSError:
            done = 0
        if done != len(line):
            self._turn_back(done)
            return self._refuse(seq)
        self._written = end
        self._seq = seq
        self._checks += check
        return seq

    def append_all(self, rests: Sequence[bytes]) -> int:
        """Append a group of events with one write: the same lines as `append` writes one by one.

        Returns how many were taken; the last ones were refused, each under its own seq. Raises RuntimeError after
        `close`.
        """
        prefix, seq = self._prefix, self._seq
        made: list[bytes] = []
        checks: list[int] = []
        for rest in rests:
            seq += 1
            body = b"%b%d,%b" % (prefix, seq, rest)
            check = xxh3_64_intdigest(body)
            checks.append(check)
            made.append(b"%b,%d]\n" % (body, check))
        lines = b"".join(made)
        end = self._written + len(lines)
        if end > self._stop_at and not (self._fits(len(lines)) and self._make_room(self._seq + 1, len(lines))):
            # One by one: the first events may fit when all of them do not.
            return sum([self.append(rest) != 0 for rest in rests])
        try:
            done = os.write(self._fd, lines)
        except OSError:
            done = 0
        if done == len(lines):
            self._written = end
            self._seq = seq
            self._checks += sum(checks)
            return len(checks)
        # Whole lines stay, as after a kill.
        whole = lines.rfind(b"\n", 0, done) + 1
        taken = lines.count(b"\n", 0, whole)
        self._written += whole
        self._seq += taken
        self._checks += sum(checks[:taken])
        self._turn_back(done - whole)
        for _ in checks[taken:]:
            self._refuse(self._seq + 1)
        return taken

    def _fits(self, size: int) -> bool:
        return not (self._refusing or self._torn) and self._written + size <= min(self._room.limit, self._room.room)

    def _make_room(self, seq: int, size: int) -> bool:
        """Whether an event may be written now. Checks the bound, and begins a new segment when it is time."""
        if self._closed:
            raise RuntimeError("the journal is closed")
        if self._refusing and not self._may_resume():
            return False
        if self._torn and not self._cut():
            return False
        if self._written + size > self._room.room:
            self._begin_refusing(disk=True)
            return False
        if self._written + size > self._room.limit:
            self._begin_refusing()
            # The newest segment is never deleted: with a new one, this one can be.
            self._roll(seq)
            return False
        full_at = self._segment_start + self._segment_bytes
        if self._written + size > full_at and self._written > self._segment_start:
            if not self._roll(seq):
                self._begin_refusing(disk=True)
                return False
            full_at = self._segment_start + self._segment_bytes
        if self._refusing:
            log.warning("journal %d takes events again; refused so far: %d", self.source, self.refused)
            self._refusing = False
            self._disk_full_at_look = None
        self._stop_at = min(self._room.limit, self._room.room, full_at, self._written + size + STRIDE)
        return True

    def _may_resume(self) -> bool:
        return not self._table.full and self._room.has_again(self._written, self._disk_full_at_look)

    def _begin_refusing(self, *, disk: bool = False) -> None:
        if not self._refusing:
            log.error("journal %d refuses events: %s", self.source, "disk full" if disk else "at its bound")
        self._refusing = True
        self._stop_at = -1
        if disk:
            self._disk_full_at_look = self._room.looks

    def _turn_back(self, torn: int) -> None:
        """Undo a write that failed or was cut short: no byte of a partial line stays."""
        self._begin_refusing(disk=True)
        if torn:
            self._torn = True
            self._cut()

    def _cut(self) -> bool:
        try:
            os.ftruncate(self._fd, self._written - self._segment_start)
        except OSError:
            return False
        self._torn = False
        return True

    def _refuse(self, seq: int) -> int:
        try:
            self._table.add(seq)
        except OSError as error:
            # Not even recorded: so the seq is not used up, and there is no gap.
            log.error("journal %d cannot note a refused event: %s", self.source, error)
            return 0
        self._table_changed = True
        self._seq = seq
        return 0

    def _roll(self, first: int) -> bool:
        if self._written == self._segment_start:
            return True
        try:
            fd = self._new_segment(first)
        except OSError:
            return False
        self._retired.append(self._fd)
        self._fd = fd
        self._segment_start = self._written
        self._folder_changed = True
        return True

    def _new_segment(self, first: int) -> int:
        path = self.folder / segment_name(first, digest_of(self._checks))
        try:
            return os.open(path, APPEND, 0o640)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE) or self._reserve is None:
                raise
            reserve, self._reserve = self._reserve, None
            os.close(reserve)
            return os.open(path, APPEND, 0o640)

    def sync(self, upto: Head | None = None) -> None:
        """Make durable what was appended before the call, enter it in the register, and look at the disk. Another
        thread than the one that appends must pass `upto`, the head before the call. Blocks for the disk, one call at a
        time. Raises OSError after trying everything."""
        upto = upto or self.head()
        with self._one_sync:
            self._flush()
            self._entry.tell(upto, "open")
        self._look()

    def _flush(self) -> None:
        failed: OSError | None = None
        written = self._written
        if self._table_changed:
            self._table_changed = False
            failed = _failure(self._table.sync) or failed
        while True:
            while self._retired:
                fd = self._retired.popleft()
                failed = _failure(partial(os.fdatasync, fd)) or failed
                os.close(fd)
            if self._folder_changed:
                self._folder_changed = False
                failed = _failure(partial(sync_folder, self.folder)) or failed
            if self._synced != written:
                failed = _failure(partial(os.fdatasync, self._fd)) or failed
            if not self._retired:
                break
            # A segment ended meanwhile, so the one just synced may be its successor.
        self._synced = written
        if failed is not None:
            self.sync_failures += 1
            raise failed

    def _look(self) -> None:
        written = self._written
        if self._reserve is None:
            with contextlib.suppress(OSError):
                self._reserve = os.open(os.devnull, os.O_RDONLY)
        self._room.look(written)

    async def keep_synced(self, stop: asyncio.Event) -> None:
        """Sync every 100 ms in a thread until `stop`, and once more then."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "journal-sync") as thread:
            stopping = False
            while not stopping:
                try:
                    async with asyncio.timeout(SYNC_EVERY_S):
                        stopping = await stop.wait()
                except TimeoutError:
                    stopping = False
                behind = self._synced != self._written or self._entry.seq != self._seq
                if not (self._refusing or self._table_changed or self._folder_changed or behind):
                    continue
                try:
                    await loop.run_in_executor(thread, self.sync, self.head())
                except OSError as error:
                    log.error("journal %d could not be synced: %s", self.source, error)

    def close(self) -> None:
        """Write the close record, make everything durable and release the lock. May be called again.

        If the disk has no space for the record, a reader of the journal writes it later.
        """
        if self._closed:
            return
        self._closed = True
        self._stop_at = -1
        note = SourceClosed(
            source=self.source,
            at_ms=self._now_ms(),
            last_seq=self._seq,
            refused=list(self._table.ranges),
            digest=digest_of(self._checks),
        )
        line = encode_line(note)
        with self._one_sync:
            try:
                if not self._torn or self._cut():
                    if os.write(self._fd, line) != len(line):
                        self._cut()
                    else:
                        self._written += len(line)
                self._flush()
                self._entry.tell(self.head(), "closed")
            except OSError as error:
                log.error("journal %d could not be closed properly: %s", self.source, error)
            finally:
                with contextlib.suppress(OSError):
                    self._entry.close()
                os.close(self._fd)
                if self._reserve is not None:
                    os.close(self._reserve)
                self._table.close()
                os.close(self._lock)


def _failure(work: Callable[[], None]) -> OSError | None:
    try:
        work()
    except OSError as error:
        return error
    return None
