"""Ending the journal of a dead owner."""

import os
from pathlib import Path

import msgspec

from ingest.layout import REFUSED, boot_id, digest_before, read_header, segment_path, segments, sync_folder
from ingest.refused import read_ranges
from schemas.event import SourceClosed, SourceOpened, check_of, decode_note, digest_of, encode_line, is_note

Range = tuple[int, int]


def finish_locked(folder: Path, source: int, at_ms: int, at_least: int) -> None:
    """Cuts the journal after its last good record and appends the close record, durably.

    Called with the owner's lock held. A kill leaves at most a torn last line. When the machine itself
    went down, there may be zeros, or a later segment without the end of the one before it: then every
    segment is looked at.
    """
    refused = read_ranges(folder / REFUSED)
    names = segments(folder)
    checked = names if read_header(folder).boot != boot_id() else names[-1:]
    last = checked[0] - 1
    for number, first in enumerate(checked):
        path = segment_path(folder, first)
        if not _joined(last, first, refused):
            # What came before it is gone: nothing of it can be kept in order.
            path.unlink()
            break
        good, last = _whole(path.read_bytes(), source, last, refused)
        if good < path.stat().st_size:
            os.truncate(path, good)
            for later in checked[number + 1 :]:
                segment_path(folder, later).unlink()
            break
    newest = segment_path(folder, segments(folder)[-1])
    checks = digest_before(newest) + sum(
        check_of(line) for line in newest.read_bytes().split(b"\n")[:-1] if not is_note(line)
    )
    note = _closing(source, at_ms, max(last, 0), refused, at_least, digest_of(checks))
    fd = os.open(newest, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        line = encode_line(note)
        before = os.fstat(fd).st_size
        if os.write(fd, line) != len(line):
            os.ftruncate(fd, before)
            raise OSError(f"no room for the close record of source {source}")
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_folder(folder)


def _whole(raw: bytes, source: int, last: int, refused: list[Range]) -> tuple[int, int]:
    """How many bytes are good records that follow `last`, and the last offset in them."""
    prefix = b"[%d," % source
    good = 0
    for line in raw.split(b"\n")[:-1]:
        offset = _offset(line, prefix, source)
        if offset is None or not _joined(last, offset, refused):
            break
        last = offset
        good += len(line) + 1
    return good, last


def _offset(line: bytes, prefix: bytes, source: int) -> int | None:
    if line.startswith(prefix) and line.endswith(b"]"):
        digits = line[len(prefix) : line.find(b",", len(prefix))]
        return int(digits) if digits.isdigit() else None
    if is_note(line):
        try:
            note = decode_note(line)
        except msgspec.DecodeError:
            return None
        return 0 if isinstance(note, SourceOpened) and note.source == source else None
    return None


def _joined(last: int, offset: int, refused: list[Range]) -> bool:
    """Whether `offset` follows `last` with nothing but refused ones between."""
    expected = last + 1
    for first, end in refused:
        if first <= expected <= end:
            expected = end + 1
    return last < offset <= expected


def _closing(source: int, at_ms: int, last: int, refused: list[Range], at_least: int, digest: int) -> SourceClosed:
    """Every seq up to the last is either written, or stored elsewhere (`at_least`), or counted as refused:
    also those that a power loss took from before a refused range."""
    last_seq = max([last, at_least, *(end for _, end in refused)])
    there = max(last, at_least)
    ranges = [(first, end) for first, end in refused if first <= there]
    if last_seq > there:
        ranges.append((there + 1, last_seq))
    return SourceClosed(
        source=source,
        at_ms=at_ms,
        last_seq=last_seq,
        refused=_merged(ranges),
        digest=digest if last >= at_least else None,
    )


def _merged(ranges: list[Range]) -> list[Range]:
    merged: list[Range] = []
    for first, end in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return merged
