"""From journal lines to rows: read, filtered by seq, and spliced with their place on the bus."""

from collections.abc import Collection, Sequence

import msgspec

from aggregator.bus import Place, Range, Record
from schemas.event import ScanEvent, SourceHead, SourceNote, SourceOpened, decode_body, decode_note, is_note, read_line

MAX_EVENTS = 100_000
MAX_BYTES = 16_000_000

_U64 = 1 << 64

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

    events: list[ScanEvent]
    # Those of the events, each up to its check.
    lines: list[bytes]
    offsets: list[int]
    notes: list[tuple[int, SourceNote]]
    last: int
    bad: Unreadable | None = None
    # Inclusive ranges of offsets that were passed over.
    passed: list[Key] = []

    def sources(self) -> set[int]:
        return {event.source for event in self.events}


def decode(records: Sequence[Record], position: int, skip: Collection[int] = ()) -> Decoded:
    """Reads records that begin at `position`; those at the offsets to `skip` are passed over. Never raises for what
    is in a record: it stops before the first that cannot be read, and says so."""
    out = Decoded([], [], [], [], position - 1)
    for record in records:
        if record.offset is None:
            _journal(record, out, skip)
        elif record.offset in skip:
            out.last = record.offset
            out.passed.append((record.offset, record.offset))
        else:
            _record(record.offset, record, out)
        if out.bad is not None:
            break
    return out


def _record(offset: int, record: Record, out: Decoded) -> None:
    """All of a Kafka record, or nothing of it."""
    events, lines, notes = [], [], []
    for line in record.lines:
        try:
            if is_note(line):
                notes.append((offset, _note(line, record.source)))
            else:
                event, body = read_line(line)
                _check(event, record.source)
                events.append(event)
                lines.append(body)
        except (msgspec.MsgspecError, ValueError) as error:
            after = f"after seq {events[-1].seq}" if events else f"a line that begins with {line[:40]!r}"
            reason = f"{error} (source {record.source}, {after})"
            out.bad = Unreadable(offset, b"\n".join(record.lines), reason)
            return
    out.events += events
    out.lines += lines
    out.notes += notes
    out.offsets += [offset] * len(events)
    out.last = offset


def _journal(stretch: Record, out: Decoded, skip: Collection[int]) -> None:
    for line in stretch.lines:
        try:
            if is_note(line):
                note = _note(line, stretch.source)
                if isinstance(note, SourceHead):
                    raise ValueError("a head note is no record of a journal")
                offset = 0 if isinstance(note, SourceOpened) else note.last_seq + 1
                out.notes.append((offset, note))
            else:
                if not line:
                    raise ValueError("from here on events are missing")
                event, body = read_line(line)
                _check(event, stretch.source)
                offset = event.seq
                if out.passed and out.passed[-1][1] == out.last < offset - 1:
                    out.passed[-1] = (out.passed[-1][0], offset - 1)
                out.events.append(event)
                out.lines.append(body)
                out.offsets.append(offset)
        except (msgspec.MsgspecError, ValueError) as error:
            # Its own seq cannot be trusted; what is known is that it came next.
            offset = out.last + 1
            if offset not in skip:
                out.bad = Unreadable(offset, line, f"{error} (source {stretch.source}, seq {offset})")
                return
            out.passed.append((offset, offset))
        out.last = offset


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


class Batch:
    """One contiguous range of offsets of one partition, growing until it is closed. What a source
    has at or below its mark is left out; the marks move with what is taken in."""

    def __init__(self, place: Place, first: int, marks: dict[int, int]) -> None:
        self.place = place
        self.first = first
        self.last = first - 1
        self.rows: list[bytes] = []
        self.size = 0
        self.dropped = 0
        self.notes: list[SourceNote] = []
        self.passed: list[Key] = []
        self._marks = marks
        self._tail = f',"{place.bus}",{place.partition},'.encode()

    def take(self, decoded: Decoded, erased: Collection[Key] = ()) -> None:
        """Every source in it must have a mark."""
        marks, rows, tail, size = self._marks, self.rows, self._tail, 0
        before = len(rows)
        for event, line, offset in zip(decoded.events, decoded.lines, decoded.offsets, strict=True):
            source, seq = event.source, event.seq
            if seq <= marks[source]:
                continue
            marks[source] = seq
            if erased and (source, seq) in erased:
                continue
            row = b"%b%b%d]\n" % (line, tail, offset)
            size += len(row)
            rows.append(row)
        self.size += size
        self.dropped += len(decoded.events) - (len(rows) - before)
        self.notes += [note for _, note in decoded.notes]
        self.passed += decoded.passed
        self.last = max(self.last, decoded.last)

    @property
    def range(self) -> Range:
        return Range(self.first, self.last)

    @property
    def empty(self) -> bool:
        return self.last < self.first

    @property
    def full(self) -> bool:
        return len(self.rows) >= MAX_EVENTS or self.size >= MAX_BYTES

    @property
    def token(self) -> str:
        return self.place.token(self.range)

    def events(self) -> list[ScanEvent]:
        """Its rows once more as events; asked for only when something went wrong."""
        return [decode_body(row[: row.rindex(self._tail)]) for row in self.rows]


def within(decoded: Decoded, last: int) -> Decoded:
    """What of it is at or below an offset."""
    keep = sum(offset <= last for offset in decoded.offsets)
    return Decoded(
        decoded.events[:keep],
        decoded.lines[:keep],
        decoded.offsets[:keep],
        [(offset, note) for offset, note in decoded.notes if offset <= last],
        min(decoded.last, last),
        decoded.bad if decoded.bad is not None and decoded.bad.offset <= last else None,
        decoded.passed,
    )


def reaches(decoded: Decoded, offset: int, skip: Collection[int]) -> bool:
    """Whether there is something at just this offset."""
    return offset in skip or offset in decoded.offsets or any(offset == at for at, _ in decoded.notes)
