"""schemas/event.py: an event is one line, which its check protects, also in the warehouse."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra import migrate
from infra.warehouse import Warehouse
from schemas import event

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
counts = st.integers(0, 2**63 - 1)
degrees = st.none() | st.integers(-1800, 1800).map(lambda tenth: tenth / 10)

events = st.builds(
    event.ScanEvent,
    **(
        dict.fromkeys(event.EVENT_COLUMNS, texts)
        | dict.fromkeys(["source", "seq", "code", "workspace", "visitor"], counts)
        | {
            "ts_ms": st.integers(1_500_000_000_000, 4_000_000_000_000),
            "kind": st.sampled_from(event.KINDS),
            "outcome": st.sampled_from(event.OUTCOMES),
            "lat": degrees,
            "lon": degrees,
        }
    ),
)


@given(events)
def test_a_line_reads_back_and_holds_one_newline(scan: event.ScanEvent) -> None:
    line = event.encode_line(scan)
    assert event.decode_event(line) == scan
    assert line.count(b"\n") == 1
    assert not event.is_note(line)


def test_notes_read_back() -> None:
    closed = event.SourceClosed(source=1, at_ms=2, last_seq=9, refused=[(3, 4)])
    line = event.encode_line(closed)
    assert event.is_note(line)
    assert event.decode_note(line) == closed
    head = event.SourceHead(source=1, at_ms=2, last_seq=9, refused=[(3, 4)])
    assert event.decode_note(event.encode_line(head)) == head


@given(events, st.data())
def test_a_flipped_bit_is_seen(scan: event.ScanEvent, data: st.DataObject) -> None:
    line = bytearray(event.encode_line(scan)[:-1])
    bit = data.draw(st.integers(0, 8 * len(line) - 1))
    line[bit // 8] ^= 1 << bit % 8
    with pytest.raises(msgspec.DecodeError):
        event.decode_event(bytes(line))
    note = bytearray(event.encode_line(event.SourceClosed(1, 2, 9, [(3, 4)], 2**64 - 1))[:-1])
    note[bit // 8 % len(note)] ^= 1 << bit % 8
    with pytest.raises(msgspec.DecodeError):
        event.decode_note(bytes(note))


def test_a_line_with_a_field_too_many_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        event.decode_event(event.seal(b"[1,2,3")[:-1])


# What a redirector records: characters that JSON has one way to write (`redirect.request_fields`).
recorded = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=20)


def test_the_warehouse_makes_the_check_of_a_line_from_its_row(tmp_path: Path) -> None:
    texts = [name for name, value in event.ScanEvent.__annotations__.items() if value is str]
    rows: list[bytes] = []
    stored: dict[int, int] = {}

    @settings(max_examples=20)
    @given(st.lists(st.tuples(events, st.lists(recorded, min_size=len(texts), max_size=len(texts))), max_size=20))
    def draw(drawn: list[tuple[event.ScanEvent, list[str]]]) -> None:
        for scan, values in drawn:
            seq = len(stored) + 1
            changes: dict[str, Any] = dict(zip(texts, values, strict=True)) | {"source": 7, "seq": seq}
            line = event.encode_line(msgspec.structs.replace(scan, **changes))
            stored[seq] = event.check_of(line)
            rows.append(event.body_of(line[:-1]) + b"]")

    draw()
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate.migrate(client)
        many_months = {"max_partitions_per_insert_block": 0}
        client.raw_insert("scans", list(event.EVENT_COLUMNS), b"\n".join(rows), many_months, fmt="JSONCompactEachRow")
        checks = client.query(f"SELECT seq, {event.LINE_CHECK} FROM scans", settings=event.LINE_CHECK_SETTINGS)
        assert dict(checks.result_rows) == stored  # type: ignore[arg-type]
        digest = client.query(f"SELECT {event.DIGEST} FROM scans", settings=event.LINE_CHECK_SETTINGS).result_rows
        assert digest == [(event.digest_of(sum(stored.values())),)]
    finally:
        client.close()
