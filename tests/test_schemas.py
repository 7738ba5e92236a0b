"""schemas: events are rows, and the tables can be made twice."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import event, migrate, route
from schemas.warehouse import Warehouse

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


def test_a_line_with_a_field_too_many_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        event.decode_event(b"[1,2,3]")


def test_a_route_leaves_out_what_is_usual() -> None:
    assert msgspec.json.encode(route.Route(1, 2, 3, "https://a.example/")) == (
        b'{"version":1,"number":2,"workspace":3,"destination":"https://a.example/"}'
    )


def test_every_event_column_is_in_the_table_and_migrating_again_changes_nothing(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        assert migrate.migrate(client) == ["0001_scans", "0002_books"]
        assert migrate.migrate(client) == []
        columns = [row[0] for row in client.query("DESCRIBE scans").result_rows]
        assert [name for name in event.EVENT_COLUMNS if name not in columns] == []
    finally:
        client.close()
