"""Measure the backlog in a machine's journals: events not yet shipped (on one machine, not yet stored)."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from infra.exposition import Reading
from ingest.cursor import Cursor
from ingest.journal_files import CURSOR, disk_use, sources
from ingest.reader import SourceReader
from schemas.event import is_note

EVERY_S = 2.0


class Backlog(msgspec.Struct):
    """The backlog, updated by `keep_measured`. `waiting` is the number of events that wait, `oldest_s` the age of the
    oldest."""

    journals: int = 0
    bytes: int = 0
    waiting: int = 0
    oldest_s: float = 0.0


# Maps a journal's folder to the first offset that is not taken over yet.
Following = Callable[[Path], int]


def acknowledged(folder: Path) -> int:
    """The cursor's offset, for any bus: a new bus gets everything again."""
    try:
        return msgspec.json.decode((folder / CURSOR).read_bytes(), type=Cursor).following
    except (FileNotFoundError, msgspec.DecodeError):
        return 0


def measure(journals: Path, following: Following = acknowledged, now: Callable[[], float] = time.time) -> Backlog:
    """Measure now. Reads files; a journal that is removed meanwhile counts nothing."""
    depth = Backlog(bytes=disk_use(journals))
    for source in sources(journals):
        reader = SourceReader(journals / str(source))
        with contextlib.suppress(OSError, ValueError, IndexError, msgspec.MsgspecError):
            waiting, oldest_ms = _waiting(reader, following(reader.folder))
            depth.journals += 1
            depth.waiting += waiting
            if oldest_ms is not None:
                depth.oldest_s = max(depth.oldest_s, now() - oldest_ms / 1000)
        reader.close()
    return depth


def _waiting(reader: SourceReader, following: int) -> tuple[int, int | None]:
    following = max(following, 1)
    waiting = reader.head() - following + 1
    if waiting <= 0:
        return 0, None
    for line in reader.read(reader.locate(following), 2, 1 << 16).lines:
        if not is_note(line):
            return waiting, int(line.split(b",", 3)[2])
    return waiting, None


def left_behind(journals: Path) -> int:
    """Journals whose redirector has ended, and of which not everything is shipped, the close record included."""
    left = 0
    for source in sources(journals):
        reader = SourceReader(journals / str(source))
        with contextlib.suppress(OSError, ValueError, IndexError, msgspec.MsgspecError):
            if not reader.alive():
                closed = reader.closed()
                left += closed is None or acknowledged(reader.folder) < closed.last_seq + 2
        reader.close()
    return left


async def keep_measured(
    journals: Path, depth: Backlog, stop: asyncio.Event, following: Following = acknowledged
) -> None:
    """Measure every two seconds in a thread, until `stop`."""
    while not stop.is_set():
        found = await asyncio.to_thread(measure, journals, following)
        for name in Backlog.__struct_fields__:
            setattr(depth, name, getattr(found, name))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EVERY_S):
                await stop.wait()


def readings(depth: Backlog, limit: int) -> Mapping[str, Reading]:
    """The metrics of the backlog."""
    return {
        "waymark_journals": depth.journals,
        "waymark_journal_bytes": depth.bytes,
        "waymark_journal_limit_bytes": limit,
        "waymark_journal_waiting_events": depth.waiting,
        "waymark_journal_oldest_age_seconds": depth.oldest_s,
    }
