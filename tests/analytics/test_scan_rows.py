"""analytics/scan_rows.py: raw scans in pages and as files are those that a question counts, each once."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.query.answer import answer
from analytics.query.grammar import parse
from analytics.query.refusal import Refused, TooLarge
from analytics.scan_rows import Order, Selection, contents, page
from codes.csv_safety import escape_formulas, escape_formulas_sql
from infra.raw_output import FORMATS, raw_output
from infra.warehouse import Warehouse
from schemas.event import EVENT_COLUMNS, KINDS, OUTCOMES, ScanEvent
from schemas.scan_record import FIELDS, ScanRecord, moment

NOW = datetime(2026, 5, 21, 15, 0, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)
DAY_MS = 86_400_000

# Many at one moment, some a day or years apart, and some after `complete_until`.
moments = st.sampled_from([0, 1, 1, 1, 2, 900_000, 5 * DAY_MS, 40 * DAY_MS, 800 * DAY_MS]).map(lambda ms: NOW_MS - ms)
moments |= st.integers(NOW_MS - 3 * DAY_MS, NOW_MS)


class Codes:
    """The codes of a workspace, as far as these tests name them."""

    def groups(self, dimension: str) -> Mapping[str, Collection[int]]:
        return {f"id-{number}": [number] for number in (1, 2)} if dimension == "code" else {}

    def id_of(self, number: int) -> str | None:
        return f"id-{number}" if number < 3 else None


@st.composite
def _scan(draw: st.DrawFn) -> dict[str, Any]:
    code = draw(st.sampled_from([0, 1, 1, 2, 3]))
    return {
        "ts_ms": draw(moments),
        "code": code,
        "kind": draw(st.sampled_from(["human", "human", *KINDS])),
        # (A link of no code is unknown, and nothing else.)
        "outcome": draw(st.sampled_from(["redirect", "redirect", "page", *OUTCOMES])) if code else "unknown",
        "country": draw(st.sampled_from(["", "DE", "FR"])),
        "placement": draw(st.sampled_from(["", "window", "=1+1", 'a "quoted"; -1'])),
        "referrer": draw(st.sampled_from(["", "https://a.example/x"])),
        "visitor": draw(st.integers(0, 3)),
    }


scans = st.lists(_scan(), max_size=20)
_next = iter(range(1000, 1 << 30))


def store(client: Client, scans: Sequence[dict[str, Any]], workspace: int | None = None) -> int:
    """As those of a workspace that nobody else has."""
    number = next(_next)
    lines = []
    for seq, scan in enumerate(scans, 1):
        fields: dict[str, Any] = dict.fromkeys(EVENT_COLUMNS, "") | {"lat": None, "lon": None}
        fields |= {"source": number, "seq": seq, "workspace": workspace or number, **scan}
        lines.append(msgspec.json.encode(ScanEvent(**fields)))
    if lines:
        client.raw_insert("scans", list(EVENT_COLUMNS), b"\n".join(lines), fmt="JSONCompactEachRow")
    return workspace or number


def selection(workspace: int, **asked: Any) -> Selection:
    query = parse({"metrics": ["scans"], "date_range": "all", **asked})
    return Selection(query, workspace, NOW, NOW, Codes())


def expected(scans: Sequence[dict[str, Any]], kinds: Sequence[str]) -> list[tuple[Any, ...]]:
    return sorted(
        (moment(scan["ts_ms"]), scan["kind"], scan["outcome"], scan["country"], scan["placement"])
        for scan in scans
        if scan["ts_ms"] < NOW_MS and scan["kind"] in kinds and scan["outcome"] in ("redirect", "page")
    )


def key(record: ScanRecord) -> tuple[Any, ...]:
    return record.at, record.kind, record.outcome, record.country, record.placement


@settings(max_examples=8)
@given(
    scans, scans, st.integers(2, 7), st.sampled_from(["newest", "oldest"]), st.sampled_from([["human"], list(KINDS)])
)
def test_pages_hold_each_scan_once_while_others_come_in(
    client: Client,
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    limit: int,
    order: Order,
    kinds: list[str],
) -> None:
    workspace = store(client, before)
    asked = selection(workspace, kinds=kinds)
    found: list[ScanRecord] = []
    one = page(client, asked, order=order, limit=limit, cursor=None)
    # What comes in while they are read is of now.
    store(client, [{**scan, "ts_ms": NOW_MS + scan["ts_ms"] % DAY_MS} for scan in after], workspace)
    while True:
        assert len(one.scans) <= limit
        found += one.scans
        if one.next_cursor is None:
            break
        later = msgspec.structs.replace(asked, now=NOW + timedelta(days=1), complete_until=NOW + timedelta(days=1))
        one = page(client, later, order=order, limit=limit, cursor=one.next_cursor)
    assert sorted(map(key, found)) == expected(before, kinds)
    times = [record.at for record in found]
    assert times == sorted(times, reverse=order == "newest")
    total = answer(client, asked.query, workspace=workspace, now=NOW, complete_until=NOW, codes=asked.codes)
    assert sum(row.metrics[0] for row in total.results) == len(found)  # type: ignore[misc]


def test_a_page_that_finds_nothing_in_a_year_says_where_to_go_on(client: Client) -> None:
    old = {"ts_ms": NOW_MS - 1500 * DAY_MS, "code": 1, "kind": "human", "outcome": "redirect", "visitor": 1}
    workspace = store(client, [old, {**old, "ts_ms": NOW_MS - 1}])
    asked = selection(workspace)
    pages, cursor = [], None
    while True:
        one = page(client, asked, order="newest", limit=10, cursor=cursor)
        pages.append(len(one.scans))
        if (cursor := one.next_cursor) is None:
            break
    assert pages == [1, 0, 0, 0, 1]


def test_scans_of_one_millisecond_have_a_fixed_order(client: Client) -> None:
    one = {"ts_ms": NOW_MS - 1, "code": 1, "kind": "human", "outcome": "redirect", "visitor": 1}
    workspace = store(client, [{**one, "placement": str(number)} for number in range(50)])
    newest = [page(client, selection(workspace), order="newest", limit=50, cursor=None).scans for _ in range(2)]
    oldest = page(client, selection(workspace), order="oldest", limit=50, cursor=None).scans
    assert newest[0] == newest[1] == oldest[::-1]


def test_a_cursor_is_of_its_list(client: Client) -> None:
    one = {"ts_ms": NOW_MS - 1, "code": 1, "kind": "human", "outcome": "redirect", "visitor": 1}
    workspace = store(client, [one, one])
    cursor = page(client, selection(workspace), order="newest", limit=1, cursor=None).next_cursor
    assert cursor is not None
    for wrong, order in [(selection(workspace, kinds=["bot"]), "newest"), (selection(workspace), "oldest")]:
        with pytest.raises(Refused, match="another question"):
            page(client, wrong, order=order, limit=1, cursor=cursor)  # type: ignore[arg-type]
    for made_up in ["x", cursor[:-2], "é", ""]:
        with pytest.raises(Refused, match="next_cursor"):
            page(client, selection(workspace), order="newest", limit=1, cursor=made_up)
    asked = parse({"metrics": ["scans"], "date_range": "all", "pagination": {"cursor": cursor}})
    with pytest.raises(Refused, match="another question"):
        answer(client, asked, workspace=workspace, now=NOW, complete_until=NOW, codes=Codes())


@settings(max_examples=5)
@given(scans)
def test_a_file_holds_the_scans_that_a_question_counts(
    warehouse: Warehouse, client: Client, stored: list[dict[str, Any]]
) -> None:
    workspace = store(client, stored)
    asked = selection(workspace, filters=[["is_not", "scan:country", ["FR"]]])
    found = contents(client, asked, most=100, escape=escape_formulas_sql)
    body = b""
    with raw_output(warehouse, found.sql, found.parameters, FORMATS["csv"], limit_s=60) as output:
        while part := output.read():
            body += part
    rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    wanted = [row for row in expected(stored, ["human"]) if row[3] != "FR"]
    assert len(rows) == found.rows == len(wanted)
    assert rows == sorted(rows, key=lambda row: row["at"])
    shown = sorted(tuple(row[name] for name in ("at", "kind", "outcome", "country", "placement")) for row in rows)
    assert shown == sorted((*row[:4], escape_formulas(row[4])) for row in wanted)
    for row in rows:
        assert tuple(row) == FIELDS
        assert row["code"] in ("id-1", "id-2") or row["code"].startswith("deleted-")


def test_a_file_of_too_many_rows_is_refused_before_it_is_begun(client: Client) -> None:
    one = {"ts_ms": NOW_MS - 1, "code": 1, "kind": "human", "outcome": "redirect", "visitor": 1}
    workspace = store(client, [one] * 3)
    assert contents(client, selection(workspace), most=3).rows == 3
    with pytest.raises(TooLarge, match="holds 3 scans"):
        contents(client, selection(workspace), most=2)
