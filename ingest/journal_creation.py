"""Create a journal: its folder, lock and first record."""

import errno
import fcntl
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import msgspec

from infra.durable_files import make_folder, sync_folder
from ingest.journal_files import LOCK, REFUSED, Header, boot_id, segment_name, sweep, write_header
from ingest.refused import RefusedTable
from ingest.register import RegisterFile
from schemas.event import SourceOpened, encode_line

APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class NewJournal(msgspec.Struct, frozen=True):
    """A new journal: the locked file, the table of refused events, the register entry, and the first segment with its
    size."""

    folder: Path
    lock: int
    table: RefusedTable
    entry: RegisterFile
    fd: int
    written: int


def create_journal(journals: Path, source: int, at_ms: int) -> NewJournal:
    """Create a journal, on disk when this returns. It gets its name only when it is complete and locked, so that nobody
    takes it for a dead one. Raises FileExistsError when the source has a journal, OSError when the disk refuses; then
    nothing is left."""
    make_folder(journals)
    sweep(journals, at_ms)
    home = journals / str(source)
    if home.exists():
        raise FileExistsError(f"source {source} has a journal already")
    fresh = journals / f".{source}.new"
    fresh.mkdir()
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, fresh, ignore_errors=True)
        lock = os.open(fresh / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        undo.callback(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        table = RefusedTable(fresh / REFUSED)
        undo.callback(table.close)
        entry = RegisterFile(journals, source)
        undo.callback(entry.close)
        write_header(fresh, Header(source=source, opened_at_ms=at_ms, boot=boot_id()))
        fd = os.open(fresh / segment_name(0, 0), APPEND, 0o640)
        undo.callback(os.close, fd)
        line = encode_line(SourceOpened(source=source, at_ms=at_ms))
        if os.write(fd, line) != len(line):
            raise OSError(errno.ENOSPC, f"no room for the journal of source {source}")
        os.fsync(fd)
        sync_folder(fresh)
        fresh.rename(home)
        sync_folder(journals)
        undo.pop_all()
    return NewJournal(home, lock, table, entry, fd, len(line))
