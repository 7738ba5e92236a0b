"""Pages of one answer fit together while scans come in, and what cannot be answered is refused."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from analytics.query import cursors
from analytics.query.answer import Answer, answer
from analytics.query.bounds import BOUNDS, Bounds
from analytics.query.grammar import parse
from analytics.query.refusal import Refused, TooLarge
from schemas.event import EVENT_COLUMNS, ScanEvent
from tests.analytics.query.scans import Attributes, at, codes_of, scans_of, store

NOW = datetime(2028, 11, 6, tzinfo=UTC)
WORKSPACE = 1
CODES = codes_of(WORKSPACE)
SCANS = scans_of(WORKSPACE, CODES)


@pytest.fixture(scope="module")
def filled(client: Client) -> Client:
    store(client, SCANS)
    return client


def ask(client: Client, asked: dict[str, Any], now: datetime = NOW, bounds: Bounds = BOUNDS) -> Answer:
    query = parse({"metrics": ["scans"], "date_range": "all"} | asked)
    return answer(
        client, query, workspace=WORKSPACE, now=now, complete_until=now, codes=Attributes(CODES), bounds=bounds
    )


def test_no_row_comes_twice_while_scans_come_in(filled: Client) -> None:
    expected = Counter(
        scan.slug
        for scan in SCANS
        if scan.code and scan.kind == "human" and scan.outcome in ("redirect", "page") and at(scan) < NOW
    )
    asked = {"dimensions": ["scan:slug"], "include": {"remainder": True, "total_rows": True}}
    page = ask(filled, asked | {"pagination": {"limit": 1}})
    rows, total = list(page.results), sum(expected.values())
    newest = max(scan.seq for scan in SCANS)
    while page.meta.next_cursor:
        assert not isinstance(page.remainder, msgspec.UnsetType)
        assert page.remainder.metrics[0] == total - sum(int(str(row.metrics[0])) for row in rows)
        # Of the slug that was shown last, so that it would be shown again; some of them of yesterday's date.
        for moment in (NOW, NOW + timedelta(minutes=1)):
            newest += 1
            store(filled, [_scan(newest, moment, str(rows[-1].dimensions[0]))])
        later = NOW + timedelta(hours=1)
        page = ask(filled, asked | {"pagination": {"limit": 1, "cursor": page.meta.next_cursor}}, now=later)
        assert page.meta.complete_until == NOW and page.meta.total_rows == len(expected)
        rows += page.results
    assert {row.dimensions[0]: row.metrics[0] for row in rows} == expected and len(rows) == len(expected)


def _scan(seq: int, moment: datetime, slug: str) -> ScanEvent:
    template = next(scan for scan in SCANS if scan.code and scan.kind == "human" and scan.outcome == "redirect")
    return msgspec.structs.replace(template, seq=seq, ts_ms=round(moment.timestamp() * 1000), slug=slug)


def test_a_cursor_belongs_to_its_question(filled: Client) -> None:
    asked = {"dimensions": ["scan:os"], "pagination": {"limit": 1}}
    cursor = ask(filled, asked).meta.next_cursor
    assert cursor is not None
    ask(filled, asked | {"pagination": {"limit": 2, "cursor": cursor}})
    made_up = cursors.seal(b"[]")
    for other in (
        asked | {"dimensions": ["scan:device"], "pagination": {"limit": 1, "cursor": cursor}},
        asked | {"filters": [["is", "scan:os", ["iOS"]]], "pagination": {"cursor": cursor}},
        asked | {"pagination": {"cursor": cursor[:-1] + ("A" if cursor[-1] != "A" else "B")}},
        asked | {"pagination": {"cursor": "é"}},
        asked | {"pagination": {"cursor": made_up}},
    ):
        with pytest.raises(Refused) as caught:
            ask(filled, other)
        assert caught.value.field == "pagination.cursor"


@pytest.mark.parametrize("pattern", ["(", "(?=a)", "a\\1(b)", "x{1000}{1000}{1000}"])
@pytest.mark.parametrize("name", ["scan:os", "code:label"])
def test_a_pattern_that_does_not_compile_is_named(filled: Client, pattern: str, name: str) -> None:
    filters = [["is", "scan:os", ["iOS"]], ["or", [["matches", name, ["ok", pattern]]]]]
    with pytest.raises(Refused) as caught:
        ask(filled, {"filters": filters})
    assert caught.value.field == "filters[1][1][0][2][1]"


def test_tags_have_no_remainder(filled: Client) -> None:
    asked = {"dimensions": ["code:tag"], "include": {"remainder": True}}
    with pytest.raises(Refused, match=r"include\.remainder"):
        ask(filled, asked)
    assert ask(filled, {"dimensions": ["code:tag"]}).meta.overlapping == ["code:tag"]


def test_what_would_cost_too_much_is_refused_beforehand(filled: Client) -> None:
    asked = {"dimensions": ["scan:os", "scan:device"]}
    found = ask(filled, asked)
    assert found.meta.source == "raw" and found.meta.rows_read > 100
    with pytest.raises(TooLarge) as caught:
        ask(filled, asked, bounds=Bounds(rows_read=found.meta.rows_read - 1))
    assert caught.value.field == "date_range" and f"{found.meta.rows_read:,}" in caught.value.message
    # Sums read no scans; a comparison reads them twice.
    assert ask(filled, {"dimensions": ["scan:os"]}, bounds=Bounds(rows_read=0)).meta.source == "rollup"
    shorter = asked | {"date_range": ["2028-01-01", "2028-06-30"], "compare": ["2027-07-01", "2027-12-31"]}
    assert (
        ask(filled, shorter).meta.rows_read > ask(filled, asked | {"date_range": shorter["date_range"]}).meta.rows_read
    )
    for many in ({"dimensions": ["scan:os", "scan:device"]}, {"dimensions": ["scan:os", "time:day"]}):
        with pytest.raises(TooLarge) as caught:
            ask(filled, many, bounds=Bounds(groups=3))
        assert caught.value.field == "dimensions"
    with pytest.raises(TooLarge, match="time:15m cuts the date_range into more than 10,000 parts"):
        ask(filled, {"dimensions": ["time:15m"], "date_range": "12mo"})


def test_another_workspace_is_not_there(filled: Client) -> None:
    query = parse({"metrics": ["scans", "visitors", "last_scan"], "date_range": "all", "dimensions": ["time:day"]})
    found = answer(filled, query, workspace=99, now=NOW, complete_until=NOW, codes=Attributes(CODES))
    assert [(row.dimensions, row.metrics) for row in found.results] == [(("2028-11-06",), (0, 0, None))]


def test_a_value_that_no_sum_has_is_counted_all_the_same(filled: Client) -> None:
    """Two dimensions over months are grouped by number, as the sums have the values."""
    asked = {"dimensions": ["scan:os", "scan:device"], "include": {"total_rows": True}}
    before = ask(filled, asked)
    assert isinstance(before.meta.total_rows, int)
    template = next(scan for scan in SCANS if scan.code and scan.kind == "human" and scan.outcome == "redirect")
    odd = msgspec.structs.replace(template, source=99, seq=1, os="BeOS")
    filled.raw_insert("scans", list(EVENT_COLUMNS), msgspec.json.encode(odd), fmt="JSONCompactEachRow")
    after = ask(filled, asked)
    assert after.meta.total_rows == before.meta.total_rows + 1
    assert [row.metrics for row in after.results if row.dimensions == ("BeOS", odd.device)] == [(1,)]
    top = ask(filled, asked | {"pagination": {"limit": 1}})
    assert top.results == after.results[:1] and top.meta.total_rows == after.meta.total_rows
    filled.command("DELETE FROM scans WHERE source = 99")
