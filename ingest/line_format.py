"""Handle whole lines of a journal, in files and Kafka records, without decoding them."""

import os
from pathlib import Path

import msgspec

from schemas.event import SourceClosed, SourceHead, body_of, decode_note, is_note

_TAIL = 64 << 10


def event_seq(line: bytes) -> int:
    """The seq of `[source,seq,...`. Raises ValueError (IndexError, for less) for anything but an event."""
    return int(line.split(b",", 2)[1])


def offset_of(line: bytes) -> int:
    """A record's offset; a head note has none. Raises ValueError, IndexError or msgspec.DecodeError."""
    if not is_note(line):
        return event_seq(line)
    note = decode_note(line)
    if isinstance(note, SourceHead):
        raise ValueError("a head note is no record of a journal")
    return note.last_seq + 1 if isinstance(note, SourceClosed) else 0


def readable(line: bytes) -> int | None:
    """The record's offset; None if the line is damaged."""
    try:
        if not is_note(line):
            body_of(line)
        return offset_of(line)
    except (ValueError, IndexError, msgspec.MsgspecError):
        return None


def offset_after(lines: list[bytes], before: int) -> int:
    """The offset of the last of these lines, when the first follows `before`. A damaged line has the offset after that
    of the line before it."""
    for back, line in enumerate(reversed(lines)):
        offset = readable(line)
        if offset is not None:
            return offset + back
    return before + len(lines)


def last_line(path: Path) -> bytes | None:
    """The last whole line of a segment, without its newline; None if there is none."""
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
    """Join whole lines of one source, in order, into a Kafka record's value."""
    return b"\n".join(lines) + b"\n"


def unpack(value: bytes) -> list[bytes]:
    """Split a Kafka record's value into lines, without newlines."""
    return value.removesuffix(b"\n").split(b"\n")
