"""Lines to rows: what is read, what is dropped, what stops."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.batch import Batch
from aggregator.bus import PartitionId, Record
from aggregator.decoding import covers_offset, decode, up_to_offset
from schemas.event import SourceClosed, SourceOpened, encode_line, seal
from tests.aggregator import sample

PARTITION = PartitionId("b0", "scans", 3)


def line(source: int, seq: int) -> bytes:
    return encode_line(sample.event(source, seq))[:-1]


def record(offset: int, *keys: tuple[int, int]) -> Record:
    return Record(offset, [line(source, seq) for source, seq in keys])


@given(st.lists(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9)), max_size=5), max_size=8))
def test_each_source_only_goes_up(records: list[list[tuple[int, int]]]) -> None:
    marks = {1: 0, 2: 4, 3: 0}
    batch = Batch(PARTITION, 10, marks)
    batch.take(decode([record(10 + at, *keys) for at, keys in enumerate(records)], 10))
    highest, expected = {1: 0, 2: 4, 3: 0}, []
    for keys in records:
        for source, seq in keys:
            if seq > highest[source]:
                highest[source] = seq
                expected.append((source, seq))
    found = list(batch.block().columns.keys()) if batch.lines else []
    assert found == expected
    assert batch.lines == [line(*key) for key in expected]
    assert batch.dropped == sum(map(len, records)) - len(expected)
    assert batch.last == 9 + len(records)
    assert marks == highest


def test_a_row_is_the_line_with_its_place() -> None:
    batch = Batch(PARTITION, 5, {1: 0})
    batch.take(decode([record(5, (1, 1))], 5))
    made = batch.block()
    texts = {name: found.values[found.index[0]] for name, found in made.columns.texts.items()}
    event = sample.event(1, 1)
    assert texts == {name: getattr(event, name) for name in texts}
    assert {name: int(found[0]) for name, found in made.columns.numbers.items()} == {
        name: getattr(event, name) for name in made.columns.numbers
    }
    assert (made.partition_id, list(made.offsets)) == (PARTITION, [5])
    assert batch.token == "b0:scans:3:5-5"


def test_a_journal_line_has_its_seq_as_offset_and_notes_stand_at_the_ends() -> None:
    opened = encode_line(SourceOpened(source=1, at_ms=1))[:-1]
    closed = encode_line(SourceClosed(source=1, at_ms=1, last_seq=9))[:-1]
    decoded = decode([Record(None, [opened, line(1, 1), line(1, 7), closed])], 0)
    assert decoded.offsets == [1, 7]
    assert [offset for offset, _ in decoded.notes] == [0, 10]
    assert decoded.last == 10
    cut = up_to_offset(decoded, 7)
    assert (cut.offsets, cut.last, len(cut.notes)) == ([1, 7], 7, 1)
    assert covers_offset(decoded, 7, ()) and not covers_offset(decoded, 8, ())


def changed(**values: object) -> bytes:
    return seal(msgspec.json.encode(msgspec.structs.replace(sample.event(1, 2), **values))[:-1])[:-1]


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"[1,2",
        b"\0" * 20,
        b'{"record":"other"}',
        line(1, 2) + b" ",
        b"[1,2,3]",
        seal(b"[1,2,3")[:-1],
        line(1, 2).replace(b"Safari", b"Sbfari"),
        changed(visitor=2**64),
        changed(visitor=-1),
        changed(seq=-2),
        changed(ts_ms=-1),
        changed(ts_ms=5_000_000_000_000),
        changed(code=2**64),
        changed(kind="robot"),
        changed(lat="north"),
    ],
)
def test_what_the_table_could_not_take_is_not_read(bad: bytes) -> None:
    decoded = decode([record(4, (1, 1)), Record(5, [line(1, 2), bad]), record(6, (1, 3))], 4)
    assert decoded.bad is not None and decoded.bad.offset == 5
    assert (decoded.offsets, decoded.last) == ([4], 4)
    passed = decode([record(4, (1, 1)), Record(5, [line(1, 2), bad]), record(6, (1, 3))], 4, skip={5})
    assert passed.bad is None and passed.offsets == [4, 6]
    in_journal = decode([Record(None, [line(1, 1), bad, line(1, 3)])], 1)
    assert in_journal.bad is not None and in_journal.bad.offset == 2
    assert decode([Record(None, [line(1, 1), bad, line(1, 3)])], 1, skip={2}).offsets == [1, 3]
