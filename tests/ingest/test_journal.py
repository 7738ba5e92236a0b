"""Writing a journal: what is appended is read back, and what finds no room is counted."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.journal import Journal
from ingest.journal_files import disk_use
from ingest.reader import SourceReader, sources
from schemas.event import SourceClosed, SourceOpened, check_of, decode_event, decode_note, digest_of
from tests.ingest.events import NOW, REST, event, everything, offsets, open_journal, rest_of


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    events = [event(7, seq, city='Zü\nri"ch' * seq) for seq in range(1, 20)]
    assert [journal.append(rest_of(one)) for one in events] == list(range(1, 20))
    journal.close()
    lines = everything(SourceReader(tmp_path / "7"))
    assert decode_note(lines[0]) == SourceOpened(source=7, at_ms=NOW)
    assert [decode_event(line) for line in lines[1:-1]] == events
    digest = digest_of(sum(map(check_of, lines[1:-1])))
    assert decode_note(lines[-1]) == SourceClosed(source=7, at_ms=NOW, last_seq=19, digest=digest)


def test_a_group_is_the_same_lines_with_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rests = [rest_of(event(7, seq, city='Zü\nri"ch' * seq)) for seq in range(1, 20)]
    for folder, at_once in (("one by one", False), ("at once", True)):
        journal = open_journal(tmp_path / folder)
        writes = 0
        write = os.write

        def counted(fd: int, data: bytes, write: Callable[[int, bytes], int] = write) -> int:
            nonlocal writes
            writes += 1
            return write(fd, data)

        with monkeypatch.context() as patch:
            patch.setattr("os.write", counted)
            if at_once:
                assert journal.append_all(rests) == 19
            else:
                assert all(journal.append(rest) for rest in rests)
        assert writes == (1 if at_once else 19)
        assert journal.seq == 19
        journal.close()
    one, other = (everything(SourceReader(tmp_path / name / "7")) for name in ("one by one", "at once"))
    assert one == other


def test_groups_are_not_split_by_segments(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, segment_bytes=2000)
    for size in (1, 5, 7, 30, 2, 64):
        assert journal.append_all([REST] * size) == size
    journal.close()
    begins = [int(log.name[:20]) for log in sorted((tmp_path / "7").glob("*.log"))]
    # (The sum of the sizes so far; the second group fits beside the first.)
    assert begins == [0, 7, 14, 44, 46]
    assert offsets(everything(SourceReader(tmp_path / "7"))) == list(range(111))


def test_of_a_group_at_the_bound_what_fits_is_taken(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, max_bytes=20_000)
    taken = 0
    while (now := journal.append_all([REST] * 10)) == 10:
        taken += 10
    taken += now
    assert 0 < now < 10
    assert 20_000 - len(REST) - 30 < disk_use(tmp_path) <= 20_000
    assert journal.append_all([REST] * 10) == 0
    journal.close()
    reader = SourceReader(tmp_path / "7")
    assert offsets(everything(reader)) == [*range(taken + 1), journal.seq + 1]
    closed = reader.closed()
    assert closed is not None
    assert (closed.last_seq, closed.refused) == (journal.seq, [(taken + 1, journal.seq)])
    assert journal.seq == taken - now + 20
    with pytest.raises(RuntimeError):
        journal.append_all([REST, REST])


def test_a_source_has_one_journal(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(FileExistsError):
        open_journal(tmp_path)
    reader = SourceReader(tmp_path / "7")
    assert reader.alive()
    assert not reader.finish()
    journal.close()
    assert not reader.alive()
    with pytest.raises(RuntimeError):
        journal.append(REST)
    journal.close()


def test_segments_roll_and_go_when_stored(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, segment_bytes=1200)
    for _ in range(100):
        journal.append(REST)
    reader = SourceReader(tmp_path / "7", now_ms=lambda: NOW)
    assert offsets(everything(reader)) == list(range(101))
    before = len(list((tmp_path / "7").glob("*.log")))
    assert before > 10
    middle = reader.locate(50)
    assert offsets(reader.read(middle, 3, 1 << 20).lines) == [50, 51, 52]
    assert reader.drop_before(50) > 0
    assert offsets(reader.read(reader.locate(50), 1, 1 << 20).lines) == [50]
    assert offsets(everything(reader))[0] <= 50
    reader.drop_before(1000)
    assert len(list((tmp_path / "7").glob("*.log"))) == 1
    assert reader.head() == 100
    assert journal.append(REST) == 101
    assert reader.head() == 101
    journal.close()
    closed = reader.closed()
    assert closed is not None and closed.last_seq == 101
    reader.remove()
    assert sources(tmp_path) == []


def test_the_bound_refuses_counts_and_recovers(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, max_bytes=20_000)
    while journal.append(REST):
        pass
    first_refused = journal.seq
    assert journal.refusing
    assert 20_000 - len(REST) - 30 < disk_use(tmp_path) <= 20_000
    for _ in range(10):
        assert journal.append(REST) == 0
    journal.sync()
    assert journal.append(REST) == 0
    reader = SourceReader(tmp_path / "7", now_ms=lambda: NOW)
    lines = everything(reader)
    assert offsets(lines) == list(range(first_refused))
    reader.drop_before(first_refused + 1)
    journal.sync()
    accepted = journal.append(REST)
    assert accepted == first_refused + 12
    assert reader.refused() == [(first_refused, accepted - 1)]
    assert journal.refused == 12
    journal.close()
    closed = reader.closed()
    assert closed is not None
    assert (closed.last_seq, closed.refused) == (accepted, [(first_refused, accepted - 1)])


def test_the_bound_counts_the_journals_of_the_dead(tmp_path: Path) -> None:
    dead = open_journal(tmp_path, source=1, max_bytes=20_000)
    while dead.append(REST):
        pass
    dead.close()
    journal = open_journal(tmp_path, source=2, max_bytes=20_000)
    assert journal.append(REST) == 0
    SourceReader(tmp_path / "1").remove()
    journal.sync()
    assert journal.append(REST) == 2
    journal.close()


async def test_appended_events_are_synced_without_being_asked(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    stop = asyncio.Event()
    syncing = asyncio.create_task(journal.keep_synced(stop))
    journal.append(REST)
    for _ in range(100):
        if journal.unsynced == 0:
            break
        await asyncio.sleep(0.02)
    assert journal.unsynced == 0
    journal.append(REST)
    assert journal.unsynced > 0
    stop.set()
    await syncing
    assert journal.unsynced == 0
    journal.close()


def test_a_journal_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        Journal.open(tmp_path / "file", source=1, now_ms=lambda: NOW, max_bytes=1000)


def test_a_segment_is_begun_though_no_descriptor_is_left(tmp_path: Path) -> None:
    """In a process of its own, with few descriptors, all of them taken."""
    program = f"""
import os, resource
from pathlib import Path
from tests.ingest.events import REST, open_journal
journal = open_journal(Path({str(tmp_path)!r}), segment_bytes=1200)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
for turn in range(2):
    taken = []
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    for _ in range(8):
        assert journal.append(REST)
    for descriptor in taken:
        os.close(descriptor)
    journal.sync()
journal.close()
assert journal.refused == 0
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
