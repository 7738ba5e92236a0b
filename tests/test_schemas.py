"""schemas: events are rows, and the tables can be made twice."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import event, line_check, migrate, rollups, route
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


# What a redirector records: characters that JSON has one way to write (`redirect.text`).
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
        checks = client.query(f"SELECT seq, {line_check.LINE_CHECK} FROM scans", settings=line_check.SETTINGS)
        assert dict(checks.result_rows) == stored  # type: ignore[arg-type]
        digest = client.query(f"SELECT {line_check.DIGEST} FROM scans", settings=line_check.SETTINGS).result_rows
        assert digest == [(event.digest_of(sum(stored.values())),)]
    finally:
        client.close()


def test_a_line_with_a_field_too_many_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        event.decode_event(event.seal(b"[1,2,3")[:-1])


def test_a_route_leaves_out_what_is_usual() -> None:
    assert msgspec.json.encode(route.Route(1, 2, 3, "https://a.example/")) == (
        b'{"version":1,"birth":2,"workspace":3,"destination":"https://a.example/"}'
    )


def test_every_event_column_is_in_the_table_and_migrating_again_changes_nothing(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        assert migrate.migrate(client) == ["0001_scans", "0002_books", "0003_heads"]
        assert migrate.migrate(client) == []
        columns = [row[0] for row in client.query("DESCRIBE scans").result_rows]
        assert [name for name in event.EVENT_COLUMNS if name not in columns] == []
    finally:
        client.close()


def test_a_rollup_is_what_its_rule_makes_of_the_raw_rows(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate.migrate(client)
        columns = ["source", "seq", "ts", "code", "kind", "outcome", "country", "city", "lat", "lon", "visitor"]
        at = datetime(2026, 3, 1, 23, 59, 59, 999000, tzinfo=UTC)
        rows = [
            [1, 1, at, 5, "human", "redirect", "CA", "Montreal", 45.5, -73.6, 7],
            [1, 2, at, 5, "human", "page", "", "Nowhere", None, None, 8],
            [1, 3, at, 5, "human", "paused", "CA", "", None, None, 9],
            [1, 4, at + timedelta(seconds=1), 5, "bot", "redirect", "", "", None, None, 7],
        ]
        client.insert("scans", rows, column_names=columns)
        for table, when in rollups.ROLLUPS.items():
            merged = "n, finalizeAggregation(visitors), last" if table == "scans_by_time" else "n"
            key = "code, bucket, kind" if table == "scans_by_time" else "code, dimension, day, value, kind"
            shown = f"SELECT {key}, {merged} FROM"
            stored = client.query(f"{shown} {table} FINAL ORDER BY ALL").result_rows
            made = client.query(f"{shown} ({rollups.rollup_select(table)}) ORDER BY ALL").result_rows
            assert stored == made
            part = client.query(f"SELECT DISTINCT {when} FROM ({rollups.rollup_select(table, 'seq < 4')})").result_rows
            assert len(part) == 1
        pairs = client.query(
            "SELECT value, sum(n) FROM scans_by_value WHERE dimension = {d:String} GROUP BY value ORDER BY value",
            parameters={"d": "city"},
        ).result_rows
        assert pairs == [("", 1), ("Montreal, CA", 1), ("Nowhere", 1)]
        assert client.query("SELECT value FROM scans_by_value WHERE dimension = 'pin' AND value != ''").result_rows == [
            ("45.5\t-73.6\tMontreal\tCA",)
        ]
    finally:
        client.close()


def test_a_rollup_that_no_view_fills_has_no_rule() -> None:
    with pytest.raises(ValueError, match="no view fills"):
        rollups.rollup_select("ledger")


def test_small_inserts_do_without_pandas(tmp_path: Path) -> None:
    """It would cost each process that writes a third of a second and 40 MB."""
    program = """
import sys
from pathlib import Path
from typing import Any
from aggregator.bus import Place
from aggregator.store import put_notes
from schemas.event import SourceClosed
from schemas.migrate import migrate
from schemas.warehouse import Warehouse
client = Warehouse(folder=Path(sys.argv[1])).connect()
migrate(client)
note = SourceClosed(source=7, at_ms=1_763_000_000_007, last_seq=9, refused=[(2, 4)], digest=2**64 - 1)
put_notes(client, Place("b", "scans", 3), [note])
query = "SELECT source, bus_partition, state, toString(at), last_seq, refused, digest FROM sources"
print(client.query(query).result_rows)
print("pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [
        "[(7, 3, 'closed', '2025-11-13 02:13:20.007', 9, [(2, 4)], 18446744073709551615)]",
        "False",
    ], done.stderr
