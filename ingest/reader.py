"""Read a journal, while its owner writes it and after the owner's death.

An offset is a record's position in its source: 0 for the open record, its seq for an event, last_seq + 1 for the close
record. A SourceReader is for one thread.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec

from infra.durable_files import sync_folder
from ingest.journal_files import (
    LOCK,
    REFUSED,
    Header,
    digest_before,
    read_header,
    remove_journal,
    segment_path,
    segments,
    sources,
    wall_ms,
)
from ingest.line_format import last_line, offset_after, offset_of, readable
from ingest.recovery import recover_locked
from ingest.refused import read_ranges
from schemas.event import SourceClosed, check_of, decode_note, digest_of, is_note

__all__ = ["Broken", "Chunk", "Position", "SourceReader", "offset_of", "sources"]

_BLOCK = 1 << 20


class Broken(ValueError):
    """The folder holds no readable journal; the message says why."""


class Position(msgspec.Struct, frozen=True):
    """A position: the byte after the last record read, in one segment."""

    segment: int
    byte: int


class Chunk(msgspec.Struct, frozen=True):
    """Whole lines, without newlines, and the position to read on from."""

    lines: list[bytes]
    position: Position


class SourceReader:
    """Reads the journal of one source, in `folder`."""

    def __init__(self, folder: Path, now_ms: Callable[[], int] = wall_ms) -> None:
        self.folder = folder
        self.source = int(folder.name)
        self._now_ms = now_ms
        self._segment = -1
        self._fd = -1
        self._synced_name = -1
        self._synced_refused: list[tuple[int, int]] = []

    @property
    def header(self) -> Header:
        """The header. Raises OSError or msgspec.DecodeError."""
        return read_header(self.folder)

    def close(self) -> None:
        """Close the open file; reading opens it again."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = self._segment = -1

    def start(self) -> Position:
        """The position of the oldest record that is still here."""
        return Position(segments(self.folder)[0], 0)

    def read(self, position: Position, max_records: int, max_bytes: int) -> Chunk:
        """Read on from `position` up to these bounds, but at least one record, however long. No lines: there is nothing
        yet. Does not return a partial line; call `finish` on a dead journal before reading it."""
        while True:
            chunk = self._read_segment(position, max_records, max_bytes)
            if chunk is not None and chunk.lines:
                return chunk
            newer = self._newer(position)
            if newer is None:
                return Chunk([], position)
            # Checked only now, to see all that the owner wrote before it began the newer segment.
            if chunk is not None and self._size(position.segment) > position.byte:
                return chunk
            position = Position(newer, 0)

    def _newer(self, position: Position) -> int | None:
        return next((first for first in segments(self.folder) if first > position.segment), None)

    def _open(self, segment: int) -> bool:
        if self._segment != segment:
            self.close()
            try:
                self._fd = os.open(segment_path(self.folder, segment), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
            self._segment = segment
        return True

    def _size(self, segment: int) -> int:
        return os.fstat(self._fd).st_size if self._open(segment) else 0

    def _read_segment(self, position: Position, max_records: int, max_bytes: int) -> Chunk | None:
        """None if the segment is not there (any more)."""
        if not self._open(position.segment):
            return None
        size = max_bytes
        while True:
            block = os.pread(self._fd, size, position.byte)
            end = block.rfind(b"\n")
            if end >= 0 or len(block) < size:
                break
            size *= 4
        if end < 0:
            return Chunk([], position)
        lines = block[:end].split(b"\n")
        if len(lines) > max_records:
            lines = lines[:max_records]
            end = sum(map(len, lines)) + len(lines) - 1
        return Chunk(lines, Position(position.segment, position.byte + end + 1))

    def sync(self) -> None:
        """Make durable what the last `read` returned, and the refused ranges before it, so that a power loss cannot
        take from the journal what was sent on. Blocks for the disk. Raises OSError."""
        if self._fd < 0:
            return
        os.fdatasync(self._fd)
        refused = self.refused()
        if refused != self._synced_refused:
            with (self.folder / REFUSED).open("rb") as table:
                os.fdatasync(table.fileno())
            self._synced_refused = refused
        if self._synced_name != self._segment:
            sync_folder(self.folder)
            self._synced_name = self._segment

    def locate(self, offset: int) -> Position:
        """The position of the first record at or after `offset` (for an event, its seq), written or not. A damaged line
        has the offset after that of the line before it."""
        names = segments(self.folder)
        segment = max((name for name in names if name <= offset), default=names[0])
        position, before = Position(segment, 0), segment - 1
        while True:
            chunk = self._read_segment(position, 1 << 62, _BLOCK)
            if chunk is None or not chunk.lines:
                return position
            last = offset_after(chunk.lines, before)
            if last < offset:
                position, before = chunk.position, last
                continue
            byte = position.byte
            for line in chunk.lines:
                before = offset_after([line], before)
                if before >= offset:
                    break
                byte += len(line) + 1
            return Position(segment, byte)

    def digest(self, below: int) -> int | None:
        """The digest of all events before this offset, which must be in a segment that is still here. None if a line
        among them is damaged. Reads that segment."""
        names = segments(self.folder)
        segment = max((name for name in names if name <= below), default=names[0])
        checks = digest_before(segment_path(self.folder, segment))
        position = Position(segment, 0)
        while True:
            chunk = self._read_segment(position, 1 << 62, _BLOCK)
            if chunk is None or not chunk.lines:
                return digest_of(checks)
            for line in chunk.lines:
                offset = readable(line)
                if offset is None:
                    return None
                if offset >= below:
                    return digest_of(checks)
                if not is_note(line):
                    checks += check_of(line)
            position = chunk.position

    def alive(self) -> bool:
        """Whether the owner still holds the lock."""
        lock = os.open(self.folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # A shared lock, so that two readers do not take each other for the owner.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def refused(self) -> list[tuple[int, int]]:
        """The ranges of refused events so far, inclusive."""
        return read_ranges(self.folder / REFUSED)

    def check(self) -> None:
        """Raises Broken when the journal's source is not the one that names the folder."""
        try:
            header = self.header
        except msgspec.DecodeError as error:
            raise Broken(f"the header of the journal {self.folder.name} cannot be read: {error}") from error
        if header.source != self.source:
            raise Broken(f"the folder {self.folder.name} holds a copy of the journal of source {header.source}")
        if not segments(self.folder):
            raise Broken(f"the journal of source {self.source} has no segments: all of its events are missing")

    def closed(self) -> SourceClosed | None:
        """The close record; None until it is there."""
        line = last_line(segment_path(self.folder, segments(self.folder)[-1]))
        if line is None or not is_note(line) or readable(line) is None:
            return None
        note = decode_note(line)
        return note if isinstance(note, SourceClosed) else None

    def head(self) -> int:
        """The highest seq given out, to an event written or refused."""
        while True:
            newest = segments(self.folder)[-1]
            try:
                line = last_line(segment_path(self.folder, newest))
                if line is None:
                    written = newest - 1
                elif readable(line) is None:
                    written = offset_after(segment_path(self.folder, newest).read_bytes().splitlines(), newest - 1)
                else:
                    written = offset_of(line) - (is_note(line) and offset_of(line) > 0)
            except FileNotFoundError:
                continue
            return max([written, 0, *(last for _, last in self.refused())])

    def finish(self, at_least: int = 0) -> bool:
        """End a dead owner's journal: cut off a partial line and append the close record.

        True if the journal is closed now, by anybody; False while the owner lives or another process is finishing it.
        `at_least` is the highest seq known to be stored elsewhere: a power loss can take from the journal what was read
        from it before. Raises Broken, and OSError when the disk has no space for the record: try again later.
        """
        self.check()
        lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        try:
            if self.closed() is None:
                recover_locked(self.folder, self.source, self._now_ms(), at_least)
        finally:
            os.close(lock)
        return True

    def drop_before(self, offset: int) -> int:
        """Delete the segments with nothing at or after `offset`; the newest always stays. Returns how many were
        deleted."""
        names = segments(self.folder)
        going = [first for first, following in pairwise(names) if following <= offset]
        for first in going:
            if first == self._segment:
                self.close()
            with contextlib.suppress(FileNotFoundError):
                segment_path(self.folder, first).unlink()
        if going:
            sync_folder(self.folder)
        return len(going)

    def remove(self) -> None:
        """Delete the journal; call it once the close record is stored elsewhere."""
        self.close()
        remove_journal(self.folder)
