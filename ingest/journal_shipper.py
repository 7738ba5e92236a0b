"""Ship one journal: its records to one partition, in order, one unacknowledged at a time."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from ingest.cursor import Cursor, read_cursor, write_cursor, written_at
from ingest.journal_files import boot_id, wall_ms, write_header
from ingest.line_format import offset_after, pack, readable
from ingest.reader import Chunk, Position, SourceReader
from schemas.event import SourceHead, check_of, digest_of, encode_line, is_note

log = logging.getLogger(__name__)

MAX_EVENTS = 1000
MAX_BYTES = 256 << 10
# A record that is not full goes out at this age.
LINGER_S = 0.02
# Interval of checks whether the owner of a quiet journal lives.
ALIVE_S = 0.25
RETRY_S = 1.0
# Interval of head notes.
HEAD_S = 1.0

# Check an acknowledgement older than this before sending the next record: the broker may have been away.
TRUSTED_S = 1.0
# After a loss, fill the partition this far beyond what was acknowledged: a reader may stand there, and records shipped
# again must come after that.
MARGIN = 1000

# Sends key, value, partition; returns the record's offset once it is acknowledged. Raises KafkaError.
Send = Callable[[bytes, bytes, int], Awaitable[int]]
# The current epoch of a partition's leader; and the offset after the last record of an earlier epoch, -1 if unknown.
# Both raise KafkaError.
Epoch = Callable[[int], Awaitable[int]]
End = Callable[[int, int], Awaitable[int]]


class Bus(msgspec.Struct, frozen=True):
    """The bus. `keep_s`: how long to keep acknowledged records, as of now. `troubles`: journals that cannot be shipped
    for their own reason, and the reason."""

    id: str
    partitions: int
    send: Send
    epoch: Epoch
    end: End
    keep_s: Callable[[], float]
    troubles: dict[str, str]


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond `stop`."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def ship_journal(folder: Path, bus: Bus, stop: asyncio.Event) -> None:
    """Ship until `stop`, or until the journal is closed, shipped and deleted.

    Passes on what the bus raises: nothing is lost, and the journal is shipped again from its cursor. Trouble with this
    journal's files is logged and retried, and holds up no other journal.
    """
    while not stop.is_set():
        shipment = _Shipment(folder, bus)
        try:
            await shipment.run(stop)
            return
        except (OSError, ValueError, IndexError, msgspec.MsgspecError) as error:
            if not folder.exists():
                bus.troubles.pop(folder.name, None)
                return
            log.error("journal %s cannot be shipped now: %r", folder.name, error)
            bus.troubles[folder.name] = repr(error)
        finally:
            shipment.reader.close()
        await pause(stop, RETRY_S)


class _Shipment:
    def __init__(self, folder: Path, bus: Bus) -> None:
        self.folder = folder
        self.reader = SourceReader(folder)
        self._bus = bus
        self._key = str(self.reader.source).encode()
        self._following = 0
        # This journal's newest Kafka record, and the epoch in which it was acknowledged.
        self._acknowledged = self._epoch = -1
        # When that record was last known to exist, and when something was last shipped.
        self._known_at = self._shipped_at = 0.0
        # The ends of segments, and until when what lies before them is kept.
        self._kept: deque[tuple[float, int]] = deque()
        self._finished = False
        # The close record is shipped: it says where the source ended, and its offset is no event's.
        self._ended = False
        # The digest of all events below `_following`, until one cannot be read.
        self._digest: int | None = 0
        # The seq and time of the last head note.
        self._noted = -1
        self._noted_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        await asyncio.to_thread(self.reader.check)
        partition = await asyncio.to_thread(self._partition)
        cursor = read_cursor(self.folder, self._bus.id)
        self._following, self._acknowledged, self._epoch = cursor.following, cursor.acknowledged, cursor.epoch
        clock = asyncio.get_running_loop().time
        looked = clock()
        self._shipped_at = looked - max(0.0, time.time() - (written_at(self.folder) or time.time()))
        self._kept.append((self._shipped_at, self._following))
        # Finish a dead owner's journal before reading it.
        in_order = await asyncio.to_thread(self._finish)
        position = await asyncio.to_thread(self.reader.locate, self._following)
        self._digest = await asyncio.to_thread(self.reader.digest, self._following)
        while not stop.is_set():
            if clock() - self._known_at > TRUSTED_S and await self._lost(partition, clock):
                position = await asyncio.to_thread(self._from_the_start)
            chunk = self._read(position) if in_order else None
            if chunk is not None and chunk.lines:
                # On disk before on the bus: a power loss must not take from the journal what is on the bus.
                await asyncio.to_thread(self.reader.sync)
                upto = offset_after(chunk.lines, self._following - 1)
                digest = self._with(chunk.lines)
                record = pack(self._with_head(chunk.lines, upto, digest, clock()))
                await self._send(record, partition, clock)
                self._digest = digest
                self._ended = is_note(chunk.lines[-1]) and upto > 0
                self._move(upto + 1, clock() if chunk.position.segment != position.segment else None)
                position = chunk.position
                if len(chunk.lines) == MAX_EVENTS:
                    continue
            elif self._finished:
                if await asyncio.to_thread(self._remove, clock()):
                    return
            elif clock() - looked >= ALIVE_S:
                looked = clock()
                in_order = await asyncio.to_thread(self._finish)
            elif not self._ended and self._following - 1 > self._noted and clock() - self._noted_at >= HEAD_S:
                head = self._head(self._following - 1, self._digest, clock())
                await self._send(pack([head]), partition, clock)
            await asyncio.to_thread(self._drop, clock())
            await pause(stop, LINGER_S)

    def _read(self, position: Position) -> Chunk:
        """Read the lines of the next record. A damaged line goes out alone, so that setting it aside takes nothing else
        with it."""
        chunk = self.reader.read(position, MAX_EVENTS, MAX_BYTES)
        for before, line in enumerate(chunk.lines):
            if readable(line) is None:
                log.error("journal %s: a line is not what was written: %r", self.folder.name, line[:80])
                lines = chunk.lines[:before] or [line]
                rest = sum(len(one) + 1 for one in chunk.lines[len(lines) :])
                return Chunk(lines, Position(chunk.position.segment, chunk.position.byte - rest))
        return chunk

    def _with(self, lines: list[bytes]) -> int | None:
        """The digest of all events up to the last of these lines."""
        if self._digest is None or readable(lines[0]) is None:
            return None
        return digest_of(self._digest + sum(check_of(line) for line in lines if not is_note(line)))

    def _with_head(self, lines: list[bytes], upto: int, digest: int | None, now: float) -> list[bytes]:
        """The lines, followed when it is time by a head note."""
        if now - self._noted_at < HEAD_S or (is_note(lines[-1]) and upto > 0):
            return lines
        return [*lines, self._head(upto, digest, now)]

    def _head(self, upto: int, digest: int | None, now: float) -> bytes:
        """A head note that follows everything up to `upto`. Refusals below it are known by then: the owner records them
        before it writes the next event."""
        self._noted, self._noted_at = upto, now
        refused = [(first, min(last, upto)) for first, last in self.reader.refused() if first <= upto]
        head = SourceHead(self.reader.source, wall_ms(), upto, refused, digest)
        return encode_line(head).removesuffix(b"\n")

    def _partition(self) -> int:
        """The journal's partition on this bus, chosen at the first call. A source is a random number."""
        header = self.reader.header
        if header.bus == self._bus.id and 0 <= header.partition < self._bus.partitions:
            return header.partition
        partition = self.reader.source % self._bus.partitions
        try:
            write_header(self.folder, msgspec.structs.replace(header, bus=self._bus.id, partition=partition))
        except OSError as error:
            # On a full disk, shipping is what frees space. The same partition is chosen next time.
            log.warning("journal %s: its partition could not be noted: %s", self.folder.name, error)
        return partition

    def _finish(self) -> bool:
        """Close a dead owner's journal. Returns whether it may be read."""
        try:
            self._finished = self.reader.finish(at_least=max(self._following - 1, 0))
        except OSError as error:
            log.warning("journal %s could not be finished: %s", self.folder.name, error)
            # Whole lines are valid, unless the machine itself went down.
            return self.reader.header.boot == boot_id()
        return True

    async def _send(self, record: bytes, partition: int, clock: Callable[[], float]) -> None:
        self._acknowledged = await self._bus.send(self._key, record, partition)
        self._known_at = self._shipped_at = clock()

    def _move(self, following: int, segment_ended: float | None) -> None:
        self._following = following
        self._bus.troubles.pop(self.folder.name, None)
        try:
            write_cursor(self.folder, Cursor(self._bus.id, following, self._acknowledged, self._epoch))
        except OSError as error:
            log.warning("journal %s: its cursor could not be written: %s", self.folder.name, error)
        if segment_ended is not None:
            self._kept.append((segment_ended, following))

    async def _lost(self, partition: int, clock: Callable[[], float]) -> bool:
        """Whether the partition ends below what was acknowledged, because a broker lost acknowledged records with its
        power. Then fill it up to beyond what anybody can have read."""
        before, self._epoch = self._epoch, await self._bus.epoch(partition)
        self._known_at = clock()
        if self._acknowledged < 0 or before == self._epoch:
            return False
        end = await self._bus.end(partition, before)
        if end > self._acknowledged:
            return False
        log.error(
            "Kafka has lost records that it had acknowledged: partition %d ends at %d, and held %d of source %d;"
            " what is kept of the journal is shipped again",
            *(partition, end, self._acknowledged, self.reader.source),
        )
        nothing = encode_line(SourceHead(self.reader.source, wall_ms(), 0, [], 0))
        while end <= self._acknowledged + MARGIN:
            end = await self._bus.send(self._key, nothing, partition) + 1
        return True

    def _from_the_start(self) -> Position:
        """The start of what is kept."""
        position = self.reader.start()
        self._following = position.segment
        self._digest = self.reader.digest(self._following)
        self._acknowledged = -1
        self._noted = -1
        self._move(self._following, None)
        return position

    def _drop(self, now: float) -> None:
        """Delete segments that have been kept for long enough."""
        keep_s = self._bus.keep_s()
        following = -1
        while self._kept and now - self._kept[0][0] >= keep_s:
            _, following = self._kept.popleft()
        if following > 0:
            self.reader.drop_before(following)

    def _remove(self, now: float) -> bool:
        if now - self._shipped_at < self._bus.keep_s():
            return False
        closed = self.reader.closed()
        if closed is None or self._following <= closed.last_seq + 1:
            return False
        self.reader.remove()
        return True
