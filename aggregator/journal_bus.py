"""The journal folder as the bus of one machine. A partition is a source, an offset a seq.

All file work runs in one thread of the bus, off the event loop.
"""

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from aggregator.bus import Gone, Partition, PartitionId, Range, Record, Resume
from aggregator.intent_files import IntentFiles
from infra.durable_files import make_folder, replace_file
from infra.first_event import first_event
from infra.folder_watch import CONTENT, NAMES, FolderWatch
from ingest.journal_files import segment_path, segments
from ingest.line_format import offset_after, readable
from ingest.reader import Broken, Position, SourceReader, sources
from ingest.recovery import not_refused
from schemas.event import SourceClosed, decode_note, is_note

log = logging.getLogger(__name__)

T = TypeVar("T")

TOPIC = "journal"
CHUNK_RECORDS = 20_000
# About the size of that many records: more bytes would be split into lines in vain.
CHUNK_BYTES = 4 << 20
# Intervals of polling a journal: for new lines, and for whether its owner is alive.
LOOK_S = 0.02
ALIVE_S = 1.0
# After this long without lines the kernel tells of the next one; the looks show whether it does.
QUIET_S = 1.0
QUIET_LOOK_S = 1.0
# So late it may tell.
TOLD_S = 0.05
# The same for new journals: not more often than this, at least as often as that.
FOLDER_S = 0.1
QUIET_FOLDER_S = 1.0


def bus_id(folder: Path) -> str:
    """The id of the journal folder: random, created with the folder, permanent."""
    path = folder / "bus-id"
    make_folder(folder)
    if not path.exists():
        replace_file(path, secrets.token_hex(8).encode() + b"\n", durable=True)
    return path.read_text().strip()


class JournalPartition:
    """One source. Its methods do their file work in the bus's thread."""

    def __init__(self, bus: "JournalBus", reader: SourceReader) -> None:
        self.id = PartitionId(bus.id, TOPIC, reader.source)
        self.leaving = asyncio.Event()
        self._bus = bus
        self._reader = reader
        self._position = Position(0, 0)
        self._ended = False
        self._read_to = -1
        self._looked_alive = bus.clock() - ALIVE_S
        self._lines_at = bus.clock()
        # What was waited for in vain.
        self._untold: asyncio.Event | None = None
        # Segment → its size when it was last synced, newest last; 0: not synced yet.
        self._synced: dict[int, int] = {}

    async def resume(self) -> Resume:
        return await self._bus.work(self._resume)

    def _resume(self) -> Resume:
        try:
            kept = self._bus.intents.read(self.id.number)
        except msgspec.DecodeError as error:
            raise Gone(f"what was declared of source {self.id.number} cannot be read: {error}") from error
        resume = Resume(0) if kept is None else kept
        try:
            self._reader.check()
            # Before anything is read: the remains of a power loss can look like lines.
            if not self._reader.alive():
                self._reader.finish(resume.position - 1)
        except Broken as error:
            raise Gone(str(error)) from error
        oldest = segments(self._reader.folder)[0]
        if oldest > resume.position and resume.intent is not None:
            raise Gone(f"offsets {resume.position} to {oldest - 1} are not in the journal any more")
        self._seek(resume.position)
        return resume

    async def seek(self, offset: int) -> None:
        await self._bus.work(self._seek, offset)

    def _seek(self, offset: int) -> None:
        closed = self._reader.closed()
        self._ended = closed is not None and closed.last_seq + 1 < offset
        self._read_to = offset - 1
        self._position = self._reader.locate(offset)

    async def read(self, max_bytes: int) -> Sequence[Record] | None:
        if self._ended:
            return None
        for _ in range(5):
            # Before the look, so that no line falls in between.
            written = self._bus.watched(self._reader.folder, CONTENT) if self._quiet() else None
            lines = await self._bus.work(self._read, max_bytes)
            if lines:
                self._lines_at = self._bus.clock()
                if written is not None and written is self._untold:
                    await self._bus.expect(written)
                return [Record(None, lines, self.id.number)]
            if written is not None:
                await first_event(written, self.leaving, within_s=QUIET_LOOK_S)
                self._untold = None if written.is_set() else written
                return []
            await asyncio.sleep(LOOK_S)
        return []

    def _quiet(self) -> bool:
        return self._bus.clock() - self._lines_at > QUIET_S

    def _read(self, max_bytes: int) -> list[bytes]:
        chunk = self._reader.read(self._position, CHUNK_RECORDS, min(max_bytes, CHUNK_BYTES))
        if not chunk.lines:
            self._look_after_owner()
            return []
        self._position = chunk.position
        self._synced.setdefault(chunk.position.segment, 0)
        lines, last = chunk.lines, chunk.lines[-1]
        read_to = offset_after(lines, self._read_to)
        if read_to != self._read_to + len(lines):
            lines = self._with_gaps(lines)
        self._read_to = max(self._read_to, read_to)
        self._ended = is_note(last) and readable(last) is not None and isinstance(decode_note(last), SourceClosed)
        return lines

    def _with_gaps(self, lines: list[bytes]) -> list[bytes]:
        """Insert an empty line for each gap of missing events, so that reading stops there."""
        closed = self._reader.closed()
        refused = closed.refused if closed is not None else self._reader.refused()
        found, before = [], self._read_to
        for line in lines:
            offset = offset_after([line], before)
            if offset > before + 1 and not_refused(refused, before + 1, offset - 1):
                found.append(b"")
            found.append(line)
            before = max(before, offset)
        return found

    def _look_after_owner(self) -> None:
        """Close the journal of a dead owner; its close record is then read like any other."""
        now = self._bus.clock()
        if now - self._looked_alive < ALIVE_S:
            return
        self._looked_alive = now
        if not self._reader.alive():
            self._reader.finish(self._read_to)

    async def declare(self, batch: Range) -> float:
        await self._bus.work(self._declare, batch)
        return self._bus.clock()

    def _declare(self, batch: Range) -> None:
        # Events must be on disk before they are stored: else a power loss would leave an intent, and rows, of events
        # that the journal does not have, and it would report their seqs as lost.
        for segment in list(self._synced):
            self._sync(segment)
        self._bus.intents.declare(self.id.number, batch)
        self._reader.drop_before(batch.first)

    def _sync(self, segment: int) -> None:
        try:
            fd = os.open(segment_path(self._reader.folder, segment), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            del self._synced[segment]
            return
        try:
            size = os.fstat(fd).st_size
            if size != self._synced[segment]:
                os.fdatasync(fd)
                self._synced[segment] = size
        finally:
            os.close(fd)
        if segment < self._position.segment:
            del self._synced[segment]

    async def hold(self, position: int, intent: Range | None) -> float:
        """Nothing to do: there is no other process."""
        return self._bus.clock()

    async def done(self, position: int) -> None:
        await self._bus.work(self._done, position)

    def _done(self, position: int) -> None:
        self._bus.intents.done(self.id.number, position)
        self._reader.drop_before(position)

    async def retire(self) -> None:
        await self._bus.work(self._retire)

    def _retire(self) -> None:
        self._reader.remove()
        self._bus.intents.forget(self.id.number)

    async def lag(self) -> int | None:
        try:
            return max(0, await self._bus.work(self._reader.head) - self._read_to)
        except (OSError, ValueError, IndexError):
            return None

    def released(self) -> None:
        self._bus.later(self._reader.close)


class JournalBus:
    """Looks for journals continuously: a new redirect process, or a dead one, shows up within a second."""

    session_timeout_s: float | None = None
    shared = False

    def __init__(self, journals: Path, intents: Path, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.id = ""
        self.intents: IntentFiles
        self._journals = journals
        self._intents_folder = intents
        self._known: dict[int, JournalPartition] = {}
        self._watch: FolderWatch | None = None
        self._changed: asyncio.Event | None = None
        self._looked_at = clock()
        # One thread, because a SourceReader belongs to one thread, and file work is short.
        self._thread = ThreadPoolExecutor(1, "journal-bus")

    async def open(self) -> None:
        await self.work(self._open)

    def _open(self) -> None:
        self.id = bus_id(self._journals)
        self.intents = IntentFiles(self._intents_folder, self.id)
        # A journal is removed before its intent; a kill between the two leaves the intent.
        there = set(sources(self._journals))
        for source in self.intents.sources():
            if source not in there:
                self.intents.forget(source)

    async def partitions(self) -> Sequence[Partition]:
        self._looked_at = self.clock()
        self._changed = self.watched(self._journals, NAMES)
        found = set(await self.work(sources, self._journals))
        for source in found - self._known.keys():
            reader = SourceReader(self._journals / str(source))
            self._known[source] = JournalPartition(self, reader)
        for source in self._known.keys() - found:
            del self._known[source]
        return list(self._known.values())

    async def until_changed(self) -> None:
        if self._changed is None:
            await asyncio.sleep(FOLDER_S)
            return
        await first_event(self._changed, within_s=QUIET_FOLDER_S)
        await asyncio.sleep(max(0.0, self._looked_at + FOLDER_S - self.clock()))

    def watched(self, folder: Path, mask: int) -> asyncio.Event | None:
        """An event that the next change sets; None where the kernel does not tell."""
        if self._watch is None:
            self._watch = FolderWatch()
        return self._watch.next_change(folder, mask)

    async def expect(self, change: asyncio.Event) -> None:
        """There was a change: if nothing tells of it, as on a file system of another kernel, all look often again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TOLD_S):
                await change.wait()
        if not change.is_set() and self._watch is not None:
            log.warning("the kernel does not tell what is written in %s: it is looked at all the time", self._journals)
            self._watch.close()

    async def work(self, call: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *args)

    def later(self, call: Callable[[], None]) -> None:
        self._thread.submit(call)

    async def close(self) -> None:
        self._thread.shutdown()
        if self._watch is not None:
            self._watch.close()
