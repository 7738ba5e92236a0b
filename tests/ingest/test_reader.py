"""Reading a journal: by chunks of any size, while it grows, and after its owner's death."""

import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import register
from ingest.journal import Journal
from ingest.journal_files import read_header, segment_path, segments, write_header
from ingest.line_format import pack, readable, unpack
from ingest.reader import Broken, SourceReader, offset_of, sources
from schemas.event import ScanEvent, SourceClosed, check_of, decode_event, decode_note, digest_of, seal
from tests.ingest.events import NOW, REST, event, everything, offsets, open_journal, rest_of

ROOT = Path(__file__).parents[2]

TEXT = st.text(max_size=60)
EVENTS = st.lists(
    st.builds(
        event,
        source=st.just(7),
        seq=st.just(0),
        city=TEXT,
        referrer=TEXT,
        model=st.text(alphabet='\\",[]\n\r\x00\x1f {}é☃😀', max_size=30),
        lat=st.none() | st.floats(-90, 90).map(lambda value: round(value, 1)),
        visitor=st.integers(0, 2**64 - 1),
    ),
    max_size=40,
)


def reader_of(journal: Journal) -> SourceReader:
    return SourceReader(journal.folder, now_ms=lambda: NOW)


def die(journal: Journal) -> SourceReader:
    """What is left of a journal whose owner was killed."""
    os.close(journal._lock)
    return reader_of(journal)


def rebooted(journal: Journal) -> None:
    """As if the machine had gone down since the journal was opened."""
    write_header(journal.folder, msgspec.structs.replace(read_header(journal.folder), boot="an earlier one"))


def fresh(folder: Path) -> Path:
    return folder / os.urandom(8).hex()


@settings(max_examples=60, deadline=None)
@given(events=EVENTS, segment=st.integers(1, 5000), records=st.integers(1, 50), size=st.integers(1, 3000))
def test_what_was_written_is_read_whatever_the_sizes(
    tmp_path_factory: pytest.TempPathFactory, events: list[ScanEvent], segment: int, records: int, size: int
) -> None:
    journal = open_journal(tmp_path_factory.mktemp("framing"), segment_bytes=segment)
    for one in events:
        journal.append(rest_of(one))
    journal.close()
    reader = reader_of(journal)
    lines = everything(reader, records, size)
    assert offsets(lines) == list(range(len(events) + 2))
    numbered = [(number, rest_of(one)) for number, one in enumerate(events, 1)]
    assert [(one.seq, rest_of(one)) for one in map(decode_event, lines[1:-1])] == numbered
    assert unpack(pack(lines)) == lines
    for offset in range(len(events) + 3):
        assert offsets(reader.read(reader.locate(offset), 1, 1).lines) == [offset][: len(events) + 2 - offset]
    reader.close()


def test_a_chunk_is_no_larger_than_asked(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for _ in range(1000):
        journal.append(REST)
    reader = reader_of(journal)
    position = reader.start()
    while (chunk := reader.read(position, 100, 4096)).lines:
        assert len(pack(chunk.lines)) <= 4096
        position = chunk.position
    assert len(reader.read(reader.start(), 100, 1 << 20).lines) == 100
    journal.close()


def test_a_reader_follows_the_writer(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, segment_bytes=2000)
    reader = reader_of(journal)
    position = reader.start()
    seen: list[int] = []
    for round_ in range(200):
        for _ in range(round_ % 7):
            journal.append(REST)
        chunk = reader.read(position, 1000, 1 << 20)
        seen += offsets(chunk.lines)
        position = chunk.position
        if round_ % 20 == 0:
            reader.drop_before(seen[-1] + 1)
    while (chunk := reader.read(position, 1000, 1 << 20)).lines:
        seen += offsets(chunk.lines)
        position = chunk.position
    assert seen == list(range(journal.seq + 1))
    journal.close()


def test_a_reader_beside_a_writer_misses_nothing_where_segments_meet(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, segment_bytes=400)
    reader = reader_of(journal)

    def write() -> None:
        for _ in range(1000):
            journal.append(REST)
        journal.close()

    writer = threading.Thread(target=write)
    writer.start()
    position = reader.start()
    seen: list[int] = []
    while not seen or seen[-1] != 1001:
        chunk = reader.read(position, 1000, 1 << 20)
        seen += offsets(chunk.lines)
        position = chunk.position
    writer.join()
    assert seen == list(range(1002))


def test_a_torn_tail_is_cut_at_whatever_byte(tmp_path: Path) -> None:
    line = seal(b"[7,3," + rest_of(event(7, 3, city="Zürich 😀")))
    for length in range(len(line) + 1):
        journal = open_journal(fresh(tmp_path))
        journal.append(REST)
        journal.append(REST)
        os.write(journal._fd, line[:length])
        reader = reader_of(journal)
        whole = 2 + (length == len(line))
        assert offsets(everything(reader)) == list(range(whole + 1))
        assert not reader.finish()
        reader = die(journal)
        assert reader.head() == whole
        assert reader.finish()
        lines = everything(reader)
        assert offsets(lines) == list(range(whole + 2))
        digest = digest_of(sum(map(check_of, lines[1:-1])))
        assert decode_note(lines[-1]) == SourceClosed(source=7, at_ms=NOW, last_seq=whole, digest=digest)
        assert reader.finish()
        assert everything(reader) == lines
        reader.close()


def test_a_torn_close_record_is_written_again(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(REST)
    os.write(journal._fd, b'{"record":"close","source":7,"at')
    reader = die(journal)
    assert reader.finish()
    assert offsets(everything(reader)) == [0, 1, 2]


def test_refused_events_at_the_end_of_a_life_are_counted(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, max_bytes=3000)
    while journal.append(REST):
        pass
    for _ in range(5):
        journal.append(REST)
    reader = die(journal)
    assert reader.head() == journal.seq
    first = journal.seq - 5
    assert reader.finish()
    closed = reader.closed()
    assert closed is not None
    assert (closed.last_seq, closed.refused) == (journal.seq, [(first, journal.seq)])
    assert offsets(everything(reader)) == [*range(first), journal.seq + 1]


def spoiled(journal: Journal, damage: str) -> tuple[list[int], list[tuple[int, int]]]:
    """What a power loss may leave; which events are still there, and which must have been."""
    names = segments(journal.folder)
    first, second, last = (segment_path(journal.folder, names[at]) for at in (1, -2, -1))
    if damage == "zeros":
        os.truncate(last, 10)
        os.truncate(last, 5000)
        return [*range(names[-1])], []
    if damage == "hole":
        last.write_bytes(last.read_bytes().split(b"\n", 1)[1])
        return [seq for seq in range(21) if seq != names[-1]], [(names[-1], names[-1])]
    if damage == "torn segment":
        half = second.read_bytes()[: second.stat().st_size // 2]
        second.write_bytes(half)
        whole = names[-2] + half.count(b"\n")
        return [*range(whole), *range(names[-1], 21)], [(whole, names[-1] - 1)]
    if damage == "zeroed segment":
        first.write_bytes(bytes(first.stat().st_size))
        return [*range(names[1]), *range(names[2], 21)], [(names[1], names[2] - 1)]
    last.write_bytes(b"")
    return [*range(names[-1])], []


DAMAGE = ["zeros", "hole", "torn segment", "zeroed segment", "empty segment"]


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_a_power_loss_took_before_it_was_synced_is_counted_and_the_rest_is_kept(
    tmp_path: Path, damage: str
) -> None:
    journal = open_journal(tmp_path, segment_bytes=1000)
    for _ in range(20):
        journal.append(REST)
    rebooted(journal)
    kept, lost = spoiled(journal, damage)
    reader = die(journal)
    assert reader.finish()
    closed = reader.closed()
    assert closed is not None
    lines = everything(reader)
    assert offsets(lines) == [*kept, closed.last_seq + 1]
    assert (closed.last_seq, closed.refused) == (max(kept), lost)
    assert closed.digest == digest_of(sum(map(check_of, lines[1:-1])))
    entry = register.read(tmp_path, 7)
    assert entry is not None and (entry.last_seq, entry.digest) == (closed.last_seq, closed.digest)
    assert (entry.refused, entry.state) == (sum(last - first + 1 for first, last in lost), "closed")


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_lost_although_it_was_synced_stays_missing_and_the_register_knows_it(
    tmp_path: Path, damage: str
) -> None:
    journal = open_journal(tmp_path, segment_bytes=1000)
    for _ in range(20):
        journal.append(REST)
    journal.sync()
    known = register.read(tmp_path, 7)
    assert known is not None and known.last_seq == 20
    rebooted(journal)
    kept, lost = spoiled(journal, damage)
    reader = die(journal)
    assert reader.finish()
    closed = reader.closed()
    assert closed is not None
    assert offsets(everything(reader)) == [*kept, closed.last_seq + 1]
    assert (closed.last_seq, closed.refused) == (max(kept), [])
    assert (closed.digest is None) == bool(lost)
    entry = register.read(tmp_path, 7)
    assert entry is not None and entry.state == "closed"
    assert (entry.last_seq, entry.digest) == (20, known.digest)


@pytest.mark.parametrize("boot", ["the same", "another"])
def test_a_flipped_bit_in_a_dead_journal_takes_nothing_else_with_it(tmp_path: Path, boot: str) -> None:
    journal = open_journal(tmp_path, segment_bytes=3000)
    for _ in range(40):
        journal.append(REST)
    if boot == "another":
        rebooted(journal)
    newest = segment_path(journal.folder, segments(journal.folder)[-1])
    raw = bytearray(newest.read_bytes())
    raw[raw.index(b"Safari")] ^= 1
    newest.write_bytes(raw)
    reader = die(journal)
    assert reader.head() == 40
    assert reader.finish()
    lines = everything(reader)
    assert len(lines) == 42
    assert [readable(line) for line in lines].count(None) == 1
    closed = reader.closed()
    assert closed is not None and (closed.last_seq, closed.digest) == (40, None)
    # Whoever goes on after it finds the place.
    for offset in range(43):
        chunk = reader.read(reader.locate(offset), 1, 1 << 20)
        assert chunk.lines == lines[offset : offset + 1]


def test_lines_cut_off_a_dead_journal_are_known_to_the_register(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for _ in range(20):
        journal.append(REST)
    journal.sync()
    known = register.read(tmp_path, 7)
    path = segment_path(journal.folder, 0)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:11]))
    reader = die(journal)
    assert reader.finish()
    closed = reader.closed()
    assert closed is not None and closed.last_seq == 10
    entry = register.read(tmp_path, 7)
    assert known is not None and entry is not None
    assert (entry.last_seq, entry.digest, entry.state) == (20, known.digest, "closed")
    reader.remove()
    assert register.sources(tmp_path) == [7]
    assert list(register.entries(tmp_path)) == [entry]


def test_a_copy_of_a_journal_is_no_journal(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(REST)
    shutil.copytree(tmp_path / "7", tmp_path / "8")
    journal.close()
    copy = SourceReader(tmp_path / "8")
    with pytest.raises(Broken, match="a copy of the journal of source 7"):
        copy.finish()
    assert copy.closed() is None
    segment_path(journal.folder, 0).unlink()
    with pytest.raises(Broken, match="no segments"):
        reader_of(journal).finish()


def test_a_register_that_is_damaged_says_nothing(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(REST)
    journal.close()
    entry = register.read(tmp_path, 7)
    assert entry is not None and (entry.last_seq, entry.state) == (1, "closed")
    path = tmp_path / "register" / "7"
    raw = bytearray(path.read_bytes())
    raw[raw.index(b'"last_seq":1') + 11] ^= 1
    path.write_bytes(raw)
    assert register.read(tmp_path, 7) is None


def test_what_was_stored_before_a_power_loss_stays_counted(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for _ in range(5):
        journal.append(REST)
    reader = die(journal)
    assert reader.finish(at_least=9)
    closed = reader.closed()
    assert closed is not None and (closed.last_seq, closed.refused) == (9, [])


def test_what_a_power_loss_took_from_before_refused_ones_is_counted_with_them(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for _ in range(5):
        journal.append(REST)
    (journal.folder / "refused").write_bytes(struct.pack("<QQ", 8, 9) + bytes(100))
    rebooted(journal)
    reader = die(journal)
    assert reader.finish(at_least=6)
    closed = reader.closed()
    assert closed is not None and (closed.last_seq, closed.refused) == (9, [(7, 9)])


def test_a_half_made_journal_is_nobodys(tmp_path: Path) -> None:
    for name in (".5.new", ".6.gone"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1, 1))
    (tmp_path / ".8.new").mkdir()
    assert sources(tmp_path) == []
    Journal.open(tmp_path, source=7, now_ms=lambda: time.time_ns() // 1_000_000, max_bytes=1 << 20).close()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".8.new", "7", "register"]
    assert sources(tmp_path / "missing") == []


WRITER = """
import sys
from pathlib import Path
from tests.ingest.events import REST, open_journal
journal = open_journal(Path(sys.argv[1]), int(sys.argv[2]), segment_bytes=20_000)
print("open", flush=True)
while True:
    seq = journal.append(REST)
    sys.stdout.write(f"{seq}\\n")
    sys.stdout.flush()
"""


@pytest.mark.kill
def test_a_killed_writer_leaves_every_event_that_it_was_told_of(tmp_path: Path) -> None:
    for source in range(1, 9):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(source)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        for _ in range(random.randrange(5000)):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        told = [int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
        process.wait()
        reader = SourceReader(tmp_path / str(source), now_ms=lambda: NOW)
        assert not reader.alive()
        assert reader.finish()
        lines = everything(reader)
        closed = decode_note(lines[-1])
        assert isinstance(closed, SourceClosed) and closed.refused == []
        assert offsets(lines) == list(range(closed.last_seq + 2))
        assert closed.last_seq >= max(told, default=0)
        assert offset_of(lines[-1]) == closed.last_seq + 1
