"""A disk without room: events are refused and counted, redirects go on, and it comes back by itself."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.disk_room import CALM_LOOKS, RESERVE
from ingest.journal import Journal
from ingest.reader import SourceReader
from ingest.refused import SLOTS, RefusedTable, read_ranges
from schemas.event import check_of, digest_of
from tests.ingest.events import NOW, REST, everything, offsets, open_journal

# Shorter than a close record, so that no room for one means none for the other.
SHORT = b"1"


@contextmanager
def tiny_disk(folder: Path, size: str) -> Iterator[bool]:
    """A file system of its own where this may be had (root); says so."""
    folder.mkdir()
    mounted = os.geteuid() == 0 and (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], capture_output=True, check=False
        ).returncode
        == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Writes beyond it fail, the one that crosses it is cut short."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def rest_until_taken(journal: Journal) -> int:
    for _ in range(CALM_LOOKS):
        assert journal.append(REST) == 0
        journal.sync()
    return journal.append(REST)


def test_a_write_cut_short_is_turned_back(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with file_size_limit(200_001):
        while journal.append(REST):
            pass
        refused_first = journal.seq
        for _ in range(99):
            assert journal.append(REST) == 0
        assert rest_until_taken(journal) == 0
        assert journal.refusing
    taken = rest_until_taken(journal)
    assert taken == journal.seq
    assert journal.append(REST) == taken + 1
    reader = SourceReader(journal.folder, now_ms=lambda: NOW)
    assert reader.refused() == [(refused_first, taken - 1)]
    assert journal.refused == taken - refused_first
    journal.close()
    assert offsets(everything(reader)) == [*range(refused_first), taken, taken + 1, taken + 2]
    closed = reader.closed()
    assert closed is not None
    assert (closed.last_seq, closed.refused) == (taken + 1, [(refused_first, taken - 1)])


def test_of_a_group_cut_short_whole_events_stay(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    assert journal.append_all([REST] * 10) == 10
    size = max(log.stat().st_size for log in (tmp_path / "7").glob("*.log"))
    line = len(everything(SourceReader(journal.folder))[5]) + 1
    for more, taken in ((3 * line + line // 2, 3), (line // 2, 0), (2 * line + 20, 2)):
        before = journal.seq
        with file_size_limit(size + more):
            assert journal.append_all([REST] * 10) == taken
            assert journal.seq == before + 10
            assert journal.append_all([REST] * 10) == 0
        size = max(log.stat().st_size for log in (tmp_path / "7").glob("*.log"))
        reader = SourceReader(journal.folder)
        assert reader.refused()[-1] == (before + taken + 1, before + 20)
        assert rest_until_taken(journal)
        size += len(everything(reader)[-1]) + 1
        reader.close()
    journal.close()
    reader = SourceReader(journal.folder)
    lines = everything(reader)
    closed = reader.closed()
    assert closed is not None
    refused = {seq for first, last in closed.refused for seq in range(first, last + 1)}
    assert offsets(lines) == [seq for seq in range(journal.seq + 2) if seq not in refused]
    assert closed.digest == digest_of(sum(map(check_of, lines[1:-1])))


def test_journals_leave_a_reserve_of_the_disk(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", "8m") as mounted:
        if not mounted:
            return
        journal = open_journal(tmp_path / "disk" / "journal")
        while journal.append(REST):
            if journal.seq % 100 == 0:
                journal.sync()
        disk = os.statvfs(tmp_path / "disk")
        assert RESERVE - (1 << 17) <= disk.f_bavail * disk.f_frsize <= RESERVE
        assert journal.refused == 1
        journal.close()


def test_a_full_disk_refuses_counts_and_recovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.disk_room.RESERVE", 0)
    with tiny_disk(tmp_path / "disk", "4m") as mounted:
        if not mounted:
            # The same code paths are in the test above, without a file system of its own.
            return
        folder = tmp_path / "disk" / "journal"
        journal = open_journal(folder)
        ballast = tmp_path / "disk" / "ballast"
        ballast.write_bytes(bytes(2 << 20))
        while journal.append(SHORT):
            pass
        refused_first = journal.seq
        for _ in range(1000):
            assert journal.append(SHORT) == 0
        journal.sync()
        assert os.statvfs(folder).f_bavail == 0
        reader = SourceReader(journal.folder, now_ms=lambda: NOW)
        assert reader.refused() == [(refused_first, journal.seq)]
        journal.close()
        assert reader.closed() is None
        with pytest.raises(OSError, match=r"No space|no room"):
            reader.finish()
        assert offsets(everything(reader)) == list(range(refused_first))
        ballast.unlink()
        assert reader.finish()
        closed = reader.closed()
        assert closed is not None
        assert (closed.last_seq, closed.refused) == (journal.seq, [(refused_first, journal.seq)])
        reader.close()


def test_a_full_table_ends_the_taking(tmp_path: Path) -> None:
    table = RefusedTable(tmp_path / "refused")
    for slot in range(SLOTS):
        assert not table.full
        table.add(1 + 2 * slot)
    assert table.full
    last = 1 + 2 * (SLOTS - 1)
    table.add(last + 1)
    with pytest.raises(OSError, match="full"):
        table.add(last + 3)
    ranges = read_ranges(tmp_path / "refused")
    assert ranges == table.ranges
    assert len(ranges) == SLOTS
    assert ranges[-1] == (last, last + 1)
    assert table.count == SLOTS + 1
    table.close()


def test_with_a_full_table_the_journal_stays_shut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.refused.SLOTS", 20)
    journal = open_journal(tmp_path, max_bytes=20_000)
    reader = SourceReader(journal.folder, now_ms=lambda: NOW)
    for _ in range(20):
        while journal.append(REST):
            pass
        reader.drop_before(journal.seq + 1)
        journal.sync()
    for _ in range(10):
        assert journal.append(REST) == 0
        journal.sync()
    journal.close()
    closed = reader.closed()
    assert closed is not None
    assert len(closed.refused) == 20
    assert closed.refused[-1][1] == closed.last_seq == journal.seq
