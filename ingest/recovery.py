"""End the journal of a dead owner.

Only a partial line is cut off: what follows the last newline of the newest segment or, after a power loss (which takes
what was not synced), of any segment. A damaged line in the middle stays where it is, with everything after it: readers
stop there with an alarm.
"""

import logging
import os
from pathlib import Path

import msgspec

from infra.durable_files import sync_folder
from ingest import register
from ingest.journal_files import REFUSED, boot_id, digest_before, read_header, segment_path, segments
from ingest.line_format import readable
from ingest.refused import read_ranges
from schemas.event import SourceClosed, check_of, digest_of, encode_line, is_note

log = logging.getLogger(__name__)

Range = tuple[int, int]

_BLOCK = 64 << 10


class Survey(msgspec.Struct):
    """What the lines prove. `last`: the highest seq given out. `missing`: lower seqs with no line that were not
    refused. `damaged`: how many lines are damaged."""

    last: int
    checks: int
    missing: list[Range] = []
    damaged: int = 0


def recover_locked(folder: Path, source: int, at_ms: int, at_least: int) -> None:
    """Append the close record, durably, and enter the end in the register. Call it with the owner's lock held.

    What the register has and the journal lacks stays in the register: the audit reports that loss.
    """
    refused = read_ranges(folder / REFUSED)
    names = segments(folder)
    rebooted = read_header(folder).boot != boot_id()
    for first in names:
        _end_with_a_line(segment_path(folder, first), torn=rebooted or first == names[-1])
    found = survey(folder, names if rebooted else names[-1:], refused)
    known = register.read(folder.parent, source)
    note = _closing(source, at_ms, found, refused, at_least, known.last_seq if known else 0, rebooted)
    newest = segment_path(folder, names[-1])
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
    register.end(folder.parent, note)


def _end_with_a_line(segment: Path, *, torn: bool) -> None:
    """Cut off what follows the last newline if an owner's death explains it (`torn`). Elsewhere it is damage, and
    becomes a line that cannot be read."""
    fd = os.open(segment, os.O_RDWR | os.O_CLOEXEC)
    try:
        size = end = os.fstat(fd).st_size
        while end > 0:
            begin = max(0, end - _BLOCK)
            newline = os.pread(fd, end - begin, begin).rfind(b"\n")
            end = begin + newline + 1 if newline >= 0 else begin
            if newline >= 0:
                break
        if end == size:
            return
        if torn:
            os.ftruncate(fd, end)
        else:
            os.pwrite(fd, b"\n", size)
        os.fsync(fd)
    finally:
        os.close(fd)


def survey(folder: Path, names: list[int], refused: list[Range]) -> Survey:
    """Survey these consecutive segments."""
    found = Survey(max(names[0] - 1, 0), digest_before(segment_path(folder, names[0])))
    # Damaged lines since the last good one: at the end, each stands for an event.
    trailing = 0
    for first in names:
        if first - 1 > found.last:
            # The segment's name proves that these seqs were given out.
            trailing = 0
            found.missing += not_refused(refused, found.last + 1, first - 1)
            found.last = first - 1
        for line in segment_path(folder, first).read_bytes().split(b"\n")[:-1]:
            seq = readable(line)
            if seq is None:
                found.damaged += 1
                trailing += not is_note(line)
            elif not is_note(line) and seq > found.last:
                trailing = 0
                found.missing += not_refused(refused, found.last + 1, seq - 1)
                found.last = seq
                found.checks += check_of(line)
    found.missing += not_refused(refused, found.last + 1, found.last + trailing)
    found.last += trailing
    return found


def not_refused(refused: list[Range], first: int, last: int) -> list[Range]:
    """The seqs from `first` to `last` that were not refused."""
    left = []
    for begin, end in refused:
        if first > last or begin > last:
            break
        if end < first:
            continue
        if begin > first:
            left.append((first, begin - 1))
        first = end + 1
    return [*left, (first, last)] if first <= last else left


def _closing(
    source: int,
    at_ms: int,
    found: Survey,
    refused: list[Range],
    at_least: int,
    promised: int,
    rebooted: bool,
) -> SourceClosed:
    """Make the close record. Every seq up to the last is written, stored elsewhere (`at_least`), refused, or missing,
    which the audit shows. Events that a power loss took beyond the register's `promised` were not synced: they count as
    refused."""
    last_seq = max([found.last, at_least, *(end for _, end in refused)])
    missing = found.missing + not_refused(refused, max(found.last, at_least) + 1, last_seq)
    if rebooted:
        safe = max(promised, at_least)
        lost = [(max(first, safe + 1), end) for first, end in missing if end > safe]
        missing = [(first, min(end, safe)) for first, end in missing if first <= safe]
        refused = _merged(refused + lost)
    missing = [(first, min(end, last_seq)) for first, end in missing if first > at_least]
    if missing or found.damaged:
        log.error(
            "the journal of source %d is damaged: %d lines are not what was written, and these events are missing: %s",
            source,
            found.damaged,
            ", ".join(f"{first}-{end}" for first, end in missing) or "none",
        )
    proven = not missing and not found.damaged and found.last >= at_least
    return SourceClosed(
        source=source,
        at_ms=at_ms,
        last_seq=last_seq,
        refused=refused,
        digest=digest_of(found.checks) if proven else None,
    )


def _merged(ranges: list[Range]) -> list[Range]:
    merged: list[Range] = []
    for first, end in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return merged
