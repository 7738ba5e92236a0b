"""Until when everything is stored, on one machine: look at what waits in each journal.

A scan is in its journal before it is answered. So what was answered until now is stored, or waits in a journal that is
there; and none of it is older than the oldest that waits.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from ingest.line_format import offset_after, readable
from ingest.reader import Position, SourceReader, sources
from schemas.complete_until import IN_FLIGHT_MS, CompleteUntil, Holder
from schemas.event import is_note

_BLOCK = 1 << 20
# A source that waits for longer is named.
USUAL_MS = 10_000

# Of a source: the first offset that is not stored yet, and why it does not go on, if it does not.
Stored = Callable[[int], tuple[int, str]]


class _Seen(msgspec.Struct):
    """How far a journal was walked through: everything before `position` is stored. `floor_ms` is the time of the last
    event there; what follows it was written later."""

    reader: SourceReader
    position: Position
    before: int
    floor_ms: int


class UnstoredJournals:
    """For one thread. Each line is looked at once or twice in its life, so a long backlog costs little."""

    def __init__(self, journals: Path, stored: Stored, now_ms: Callable[[], int]) -> None:
        self._journals = journals
        self._stored = stored
        self._now_ms = now_ms
        self._seen: dict[int, _Seen] = {}

    def look(self) -> CompleteUntil:
        """Reads the journals. Raises OSError."""
        # A journal that begins after this moment has only scans from after it.
        now = self._now_ms()
        until, held = now, list[Holder]()
        there = sources(self._journals)
        for source in there:
            following, reason = self._stored(source)
            try:
                oldest = self._oldest_waiting(source, following)
            except (OSError, ValueError, IndexError, msgspec.MsgspecError) as error:
                if not (self._journals / str(source)).exists():
                    # It was stored to its end, and removed meanwhile.
                    continue
                return CompleteUntil(None, now, (Holder(source, None, f"its journal cannot be read: {error}"),))
            if oldest is None:
                continue
            until = min(until, oldest)
            if oldest < now - USUAL_MS:
                held.append(Holder(source, oldest - IN_FLIGHT_MS, reason or "its scans wait to be stored"))
        for source in self._seen.keys() - set(there):
            self._seen.pop(source).reader.close()
        return CompleteUntil(until - IN_FLIGHT_MS, now, tuple(held))

    def _oldest_waiting(self, source: int, following: int) -> int | None:
        """The time of the oldest event from `following` on; None without one."""
        seen = self._seen.get(source)
        if seen is None:
            reader = SourceReader(self._journals / str(source))
            position = reader.start()
            opened = reader.header.opened_at_ms
            seen = self._seen[source] = _Seen(reader, position, position.segment - 1, opened)
        while True:
            chunk = seen.reader.read(seen.position, 1 << 62, _BLOCK)
            if not chunk.lines:
                return None
            last = offset_after(chunk.lines, seen.before)
            if last >= following:
                return _oldest(chunk.lines, seen, following)
            seen.position, seen.before = chunk.position, last
            for line in reversed(chunk.lines):
                if not is_note(line) and readable(line) is not None:
                    seen.floor_ms = _ts_ms(line)
                    break


def _oldest(lines: list[bytes], seen: _Seen, following: int) -> int | None:
    oldest, before, floor = None, seen.before, seen.floor_ms
    for line in lines:
        offset = readable(line)
        before = before + 1 if offset is None else offset
        if is_note(line):
            continue
        # A line that cannot be read is not older than the one before it.
        floor = floor if offset is None else _ts_ms(line)
        if before >= following:
            oldest = floor if oldest is None else min(oldest, floor)
    return oldest


def _ts_ms(line: bytes) -> int:
    return int(line.split(b",", 3)[2])
