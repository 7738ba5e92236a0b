"""bench: the scans it makes are scans."""

import random
from pathlib import Path

from bench import scans, year
from ingest.reader import Position, SourceReader
from schemas.event import SourceClosed, decode_event, decode_note, is_note


def test_a_journal_of_scans_reads_back(tmp_path: Path) -> None:
    scans.write(tmp_path, 500, source=9, until_ms=1_763_000_000_000)
    lines = SourceReader(tmp_path / "9").read(Position(0, 0), 1000, 1 << 20).lines
    events = [decode_event(line) for line in lines if not is_note(line)]
    assert [event.seq for event in events] == list(range(1, 501))
    assert all(0 <= 1_763_000_000_000 - event.ts_ms <= scans.HOUR_MS for event in events)
    assert [event.ts_ms for event in events] == sorted(event.ts_ms for event in events)
    closed = decode_note(lines[-1])
    assert isinstance(closed, SourceClosed)
    assert closed.last_seq == 500


def test_the_same_dice_make_the_same_scans_and_few_codes_get_most() -> None:
    first = list(scans.rests(3000, until_ms=10**12, dice=random.Random(1)))
    assert first == list(scans.rests(3000, until_ms=10**12, dice=random.Random(1)))
    codes = [int(line.split(b",")[1]) for line in first]
    assert sum(code <= 20 for code in codes) > len(codes) / 3


def test_countries_are_two_letters() -> None:
    assert len(year.COUNTRIES) == len(set(year.COUNTRIES)) == 39
    assert all(len(country) == 2 for country in year.COUNTRIES)
