"""Whole lines of a journal, in its files and in Kafka records, seen without decoding them."""

import os
from pathlib import Path

import msgspec

from schemas.event import SourceClosed, SourceHead, body_of, decode_note, is_note

_TAIL = 64 << 10


def event_seq(line: bytes) -> int:
    """The seq of `[source,seq,...`. Raises ValueError (IndexError, for less) when it is not an event."""
    return int(line.split(b",", 2)[1])


def offset_of(line: bytes) -> int:
    """A record's place in its source; a head note has none. Raises ValueError, IndexError or msgspec.DecodeError."""
    if not is_note(line):
        return event_seq(line)
    note = decode_note(line)
    if isinstance(note, SourceHead):
        raise ValueError("a head note is no record of a journal")
    return note.last_seq + 1 if isinstance(note, SourceClosed) else 0


def readable(line: bytes) -> int | None:
    """The record's place in its source; None when the line is not what was written."""
    try:
        if not is_note(line):
            body_of(line)
        return offset_of(line)
    except (ValueError, IndexError, msgspec.MsgspecError):
        return None


def offset_after(lines: list[bytes], before: int) -> int:
    """The offset of the last of these lines, of which the first follows `before`. One that cannot be read has the
    offset after that of the line before it."""
    for back, line in enumerate(reversed(lines)):
        offset = readable(line)
        if offset is not None:
            return offset + back
    return before + len(lines)


def last_line(path: Path) -> bytes | None:
    """The last whole line of a segment, without its newline; None when there is none."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        length = min(size, _TAIL)
        while True:
            block = os.pread(fd, length, size - length)
            end = block.rfind(b"\n")
            begin = block.rfind(b"\n", 0, end) if end > 0 else -1
            if begin >= 0 or (end >= 0 and length == size):
                return block[begin + 1 : end]
            if length == size:
                return None
            length = min(size, length * 4)
    finally:
        os.close(fd)


def pack(lines: list[bytes]) -> bytes:
    """A Kafka record's value: whole lines of one source, in order."""
    return b"\n".join(lines) + b"\n"


def unpack(value: bytes) -> list[bytes]:
    """The lines of a record's value, without their newlines."""
    return value.removesuffix(b"\n").split(b"\n")
