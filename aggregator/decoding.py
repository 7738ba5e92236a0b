"""Decode the records of a bus into rows. Never raises for what is in a record: `Decoded.bad` tells."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from aggregator.bus import Record
from aggregator.columns import Builder, Columns
from schemas.event import (
    EVENT_COLUMNS,
    ScanEvent,
    SourceHead,
    SourceNote,
    SourceOpened,
    decode_note,
    is_note,
    read_line,
    read_lines,
)

_U64 = 1 << 64
_VISITOR = EVENT_COLUMNS.index("visitor")

Key = tuple[int, int]


class Unreadable(Exception):
    """A record that holds something else than events and notes."""

    def __init__(self, offset: int, record: bytes, reason: str) -> None:
        super().__init__(f"record {offset}: {reason}")
        self.offset = offset
        self.record = record
        self.reason = reason


class Decoded(msgspec.Struct):
    """Readable lines in order; `bad` is what followed them, when that could not be read."""

    columns: Columns
    # Of the events, as they were read.
    lines: list[bytes]
    offsets: list[int]
    notes: list[tuple[int, SourceNote]]
    last: int
    bad: Unreadable | None = None
    # Inclusive ranges of offsets that were passed over.
    passed: list[Key] = []

    def sources(self) -> set[int]:
        return set(np.unique(self.columns.numbers["source"]).tolist())


def decode(records: Sequence[Record], position: int, skip: Collection[int] = ()) -> Decoded:
    """Reads records that begin at `position`; those at the offsets to `skip` are passed over. Never raises for what
    is in a record: it stops before the first that cannot be read, and says so."""
    reading = _Reading(position - 1, skip)
    for record in records:
        if record.offset is None:
            reading.journal(record)
        elif record.offset in skip:
            reading.last = record.offset
            reading.passed.append((record.offset, record.offset))
        else:
            reading.record(record.offset, record)
        if reading.bad is not None:
            break
    return reading.decoded()


class _Reading:
    """Lines are read some hundred at a time; where that fails, one by one, which tells what is wrong with which."""

    def __init__(self, last: int, skip: Collection[int]) -> None:
        self.last = last
        self.bad: Unreadable | None = None
        self.passed: list[Key] = []
        self._skip = skip
        self._events = Builder()
        self._lines: list[bytes] = []
        self._offsets: list[int] = []
        self._notes: list[tuple[int, SourceNote]] = []

    def decoded(self) -> Decoded:
        return Decoded(
            self._events.columns(), self._lines, self._offsets, self._notes, self.last, self.bad, self.passed
        )

    def record(self, offset: int, record: Record) -> None:
        """All of a Kafka record, or nothing of it."""
        rows: list[Row] = []
        lines, notes = [], []
        for chunk in _chunks(record.lines):
            if (found := _rows(chunk, record.source)) is not None:
                rows += found
                lines += chunk
                continue
            for line in chunk:
                try:
                    if is_note(line):
                        notes.append((offset, _note(line, record.source)))
                    else:
                        rows.append(_row(line, record.source))
                        lines.append(line)
                except (msgspec.MsgspecError, ValueError) as error:
                    after = f"after seq {rows[-1][1]}" if rows else f"a line that begins with {line[:40]!r}"
                    reason = f"{error} (source {record.source}, {after})"
                    self.bad = Unreadable(offset, b"\n".join(record.lines), reason)
                    return
        if rows:
            self._events.add(rows)
        self._lines += lines
        self._notes += notes
        self._offsets += [offset] * len(rows)
        self.last = offset

    def journal(self, stretch: Record) -> None:
        for chunk in _chunks(stretch.lines):
            rows = _rows(chunk, stretch.source)
            if rows is not None:
                self._take(rows, chunk)
                continue
            for line in chunk:
                self._line(line, stretch.source)
                if self.bad is not None:
                    return

    def _line(self, line: bytes, source: int | None) -> None:
        try:
            if is_note(line):
                note = _note(line, source)
                if isinstance(note, SourceHead):
                    raise ValueError("a head note is no record of a journal")
                offset = 0 if isinstance(note, SourceOpened) else note.last_seq + 1
                self._notes.append((offset, note))
                self.last = offset
            else:
                if not line:
                    raise ValueError("from here on events are missing")
                self._take([_row(line, source)], [line])
        except (msgspec.MsgspecError, ValueError) as error:
            # Its own seq cannot be trusted; what is known is that it came next.
            offset = self.last + 1
            if offset not in self._skip:
                self.bad = Unreadable(offset, line, f"{error} (source {source}, seq {offset})")
                return
            self.passed.append((offset, offset))
            self.last = offset

    def _take(self, rows: "list[Row]", lines: list[bytes]) -> None:
        """Of a journal, where an event's offset is its seq."""
        first = rows[0][1]
        if self.passed and self.passed[-1][1] == self.last < first - 1:
            self.passed[-1] = (self.passed[-1][0], first - 1)
        self._events.add(rows)
        self._lines += lines
        self._offsets += [row[1] for row in rows]
        self.last = rows[-1][1]


Row = tuple[Any, ...]
# Of which the fields are in the processor's cache while they are looked at.
CHUNK_LINES = 300


def _chunks(lines: list[bytes]) -> Iterator[list[bytes]]:
    for at in range(0, len(lines), CHUNK_LINES):
        yield lines[at : at + CHUNK_LINES]


def _rows(lines: list[bytes], source: int | None) -> list[Row] | None:
    """The fields of these lines; None when not all of them are events that can be taken."""
    try:
        rows = read_lines(lines)
    except (msgspec.MsgspecError, ValueError):
        return None
    if source is not None and any(row[0] != source for row in rows):
        return None
    return None if any(row[_VISITOR] >= _U64 for row in rows) else rows


def _row(line: bytes, source: int | None) -> Row:
    event, _ = read_line(line)
    _check(event, source)
    return msgspec.structs.astuple(event)


def _note(line: bytes, source: int | None) -> SourceNote:
    note = decode_note(line)
    if source is not None and note.source != source:
        raise ValueError(_STRANGER.format(note.source))
    return note


def _check(event: ScanEvent, source: int | None) -> None:
    """Raises ValueError for whatever the table could not take: an insert must never fail for what is in it."""
    if source is not None and event.source != source:
        raise ValueError(_STRANGER.format(event.source))
    if event.visitor >= _U64:
        raise ValueError("the visitor has more than 64 bits")


_STRANGER = "a line of source {} among those of another"


def up_to_offset(decoded: Decoded, last: int) -> Decoded:
    """What of it is at or below an offset."""
    keep = sum(offset <= last for offset in decoded.offsets)
    return Decoded(
        decoded.columns.rows(slice(keep)),
        decoded.lines[:keep],
        decoded.offsets[:keep],
        [(offset, note) for offset, note in decoded.notes if offset <= last],
        min(decoded.last, last),
        decoded.bad if decoded.bad is not None and decoded.bad.offset <= last else None,
        decoded.passed,
    )


def covers_offset(decoded: Decoded, offset: int, skip: Collection[int]) -> bool:
    """Whether there is something at just this offset."""
    return offset in skip or offset in decoded.offsets or any(offset == at for at, _ in decoded.notes)
