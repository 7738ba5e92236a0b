"""schemas/scan_record.py: what others see of a scan, and what never leaves."""

import msgspec

from schemas import event, scan_record


def test_what_identifies_a_visitor_or_a_machine_stays_inside() -> None:
    hidden = set(event.EVENT_COLUMNS) - set(scan_record.FIELDS)
    assert hidden == {"source", "seq", "ts_ms", "workspace", "lat", "lon", "visitor"}


def test_a_row_becomes_a_record() -> None:
    row = [1_779_375_600_005, 2**64 - 1, *scan_record.FIELDS[2:]]
    assert scan_record.code_of(row) == 2**64 - 1
    record = scan_record.record_of(row, "7e0d8a4e-0000-4000-8000-000000000000")
    shown = msgspec.to_builtins(record)
    assert shown.pop("at") == "2026-05-21T15:00:00.005Z"
    assert shown.pop("code") == "7e0d8a4e-0000-4000-8000-000000000000"
    assert shown == {field: field for field in scan_record.FIELDS[2:]}


def test_moments_sort_as_texts() -> None:
    moments = [0, 999, 1000, 86_399_999, 1_779_375_600_000, 1_779_375_600_100, 4_294_967_295_999]
    texts = [scan_record.moment(at_ms) for at_ms in moments]
    assert texts == sorted(texts)
    assert {len(text) for text in texts} == {24}
