"""The audit is clean over whole tables, and finds each kind of damage done to real ones."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import TypeVar

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from aggregator.audit import sources
from aggregator.audit.report import Check, Evidence, JournalHead, Report, audit, render
from aggregator.audit.rollups import compare
from aggregator.slices import Slice, slices
from infra.rollups import ROLLUPS, rollup_select
from tests.aggregator import stock

T = TypeVar("T")

CLOSED, OPEN = 2**63 - 5, 77


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with stock.warehouse(tmp_path_factory.mktemp("warehouse")) as client:
        yield client


@pytest.fixture
def client(engine: Client) -> Client:
    """300 visits of a closed source, of which 291-300 were refused, and 100 of 120 of an open one."""
    stock.empty(engine)
    stock.store(engine, CLOSED, range(1, 201))
    stock.store(engine, CLOSED, range(201, 291))
    stock.close(engine, CLOSED, 300, [(291, 300)])
    stock.store(engine, OPEN, range(1, 101))
    return engine


HEADS = [JournalHead(OPEN, 120, ((111, 112),))]


def at_once(client: Client, heads: list[JournalHead] = HEADS) -> Report:
    return audit(client, Evidence(journals=lambda: heads), sleep=lambda _: None)


def failed(report: Report) -> set[str]:
    return {check.name for check in report.checks if check.wrong}


def test_whole_tables_are_clean(client: Client) -> None:
    said: list[tuple[str, int, int]] = []
    report = audit(client, Evidence(journals=lambda: iter(HEADS)), lambda *told: said.append(told))
    assert report.clean and not failed(report) and report.days == []
    assert (report.stored, report.refused, report.waiting, report.erased) == (390, 12, 18, 0)
    [still_open] = report.sources
    assert (still_open.source, still_open.waiting, still_open.missing) == (OPEN, 18, 0)
    assert [what for what, done, total in said if done == total] == ["sources", "rollups"]
    assert all(done <= total for _, done, total in said)


def test_an_empty_warehouse_is_clean(engine: Client) -> None:
    stock.empty(engine)
    assert at_once(engine, []).clean
    report = at_once(engine, [JournalHead(5, 3)])
    assert report.clean and report.waiting == 3, "nothing stored yet is lag, not loss"


def test_a_report_is_json_and_a_short_table(client: Client) -> None:
    stock.remove(client, "scans", f"source = {CLOSED} AND seq IN (17, 18, 40)")
    report = at_once(client)
    told = msgspec.json.decode(msgspec.json.encode(report))
    assert told["clean"] is False
    assert told["sources"][0]["gaps"] == [[17, 18], [40, 40]]
    text = render(report)
    assert text.endswith("NOT CLEAN")
    assert f"source {CLOSED} (1-300): 3 missing; first missing: 17-18, 40" in text
    assert text.count("\n") < 30


def lost_row(client: Client) -> None:
    stock.remove(client, "scans", f"source = {CLOSED} AND seq = 17")


def lost_last_row(client: Client) -> None:
    stock.remove(client, "scans", f"source = {CLOSED} AND seq = 290")


def lost_row_of_an_open_source(client: Client) -> None:
    stock.remove(client, "scans", f"source = {OPEN} AND seq = 1")


def lost_uncounted_row(client: Client) -> None:
    """Outcome `paused`: in no rollup."""
    stock.remove(client, "scans", f"source = {CLOSED} AND seq = 22")


def lost_and_doubled(client: Client) -> None:
    """As many rows as there should be."""
    stock.remove(client, "scans", f"source = {CLOSED} AND seq = 23")
    stock.store(client, CLOSED, [24])


def doubled_row(client: Client) -> None:
    stock.store(client, CLOSED, [24])


def row_beyond_the_last(client: Client) -> None:
    stock.store(client, CLOSED, [301])


def row_numbered_nought(client: Client) -> None:
    stock.store(client, CLOSED, [0])


def row_that_was_refused(client: Client) -> None:
    stock.store(client, CLOSED, [295])


def refused_row_in_place_of_a_lost_one(client: Client) -> None:
    stock.remove(client, "scans", f"source = {CLOSED} AND seq = 23")
    stock.store(client, CLOSED, [295])


def rows_that_the_journal_has_not_written(client: Client) -> None:
    """121 is beyond its head, 111 and 112 were refused."""
    stock.store(client, OPEN, range(101, 122))


def row_in_ledger_and_table(client: Client) -> None:
    client.insert("ledger", [[CLOSED, 9, "erased"]], column_names=["source", "seq", "reason"])


def source_without_an_end(client: Client) -> None:
    stock.store(client, 1234, range(1, 4))


def only_an_open_note(client: Client) -> None:
    client.command("INSERT INTO sources VALUES (99, 'kafka', 0, 'open', now(), 0, [], NULL)")


SOURCE_DAMAGE = [
    (lost_row, "closed sources", {"missing": 1}),
    (lost_last_row, "closed sources", {"missing": 1}),
    (lost_uncounted_row, "closed sources", {"missing": 1}),
    (lost_row_of_an_open_source, "open sources", {"missing": 1}),
    (lost_and_doubled, "closed sources", {"missing": 1, "doubled": 1}),
    (doubled_row, "closed sources", {"doubled": 1}),
    (row_beyond_the_last, "closed sources", {"surplus": 1}),
    (row_numbered_nought, "closed sources", {"surplus": 1}),
    (row_that_was_refused, "closed sources", {"surplus": 1}),
    (refused_row_in_place_of_a_lost_one, "closed sources", {"missing": 1, "surplus": 1}),
    (rows_that_the_journal_has_not_written, "open sources", {"surplus": 3}),
    (row_in_ledger_and_table, "closed sources", {"half_erased": 1}),
    (source_without_an_end, "sources without an end", {"end": "none"}),
    (only_an_open_note, "sources without an end", {"end": "none"}),
]


@pytest.mark.parametrize(
    ("damage", "check", "figures"), SOURCE_DAMAGE, ids=[case[0].__name__ for case in SOURCE_DAMAGE]
)
def test_damage_to_the_rows_is_found(
    client: Client, damage: Callable[[Client], None], check: str, figures: dict[str, object]
) -> None:
    damage(client)
    report = at_once(client)
    assert not report.clean
    assert check in failed(report)
    [bad] = [state for state in report.sources if not state.ok]
    shown = {
        name: getattr(bad, name) for name in ("missing", "doubled", "surplus", "half_erased") if getattr(bad, name)
    }
    assert ({"end": bad.end} if "end" in figures else shown) == figures


def test_erased_rows_are_as_good_as_stored_ones(client: Client) -> None:
    rows = [[CLOSED, seq, "erased"] for seq in range(1, 30)]
    for _ in range(2):
        client.insert("ledger", rows, column_names=["source", "seq", "reason"])
    for table in ("scans", "scans_by_time", "scans_by_value"):
        stock.remove(client, table, f"{'1' if table != 'scans' else f'source = {CLOSED} AND seq < 30'}")
    report = at_once(client)
    assert {check.name for check in report.checks[:3] if check.wrong} == set()
    assert report.erased == 29 and report.stored == 390 - 29


VALUE = "dimension = 'country' AND value = 'GB' AND code = 2 AND kind = 'human'"


def short_by_one(client: Client) -> None:
    stock.change(client, "scans_by_value", "n = n - 1", f"{VALUE} AND day = '2027-12-31'")


def over_by_one(client: Client) -> None:
    client.command("INSERT INTO scans_by_value VALUES (1, 2, 'country', '2027-12-31', 'GB', 'human', 1)")


def wrong_value(client: Client) -> None:
    """The sums over the day stay what they were."""
    client.command("INSERT INTO scans_by_value VALUES (1, 2, 'country', '2027-12-31', 'XX', 'human', 1)")
    short_by_one(client)


def wrong_kind(client: Client) -> None:
    client.command("INSERT INTO scans_by_value VALUES (1, 2, 'country', '2027-12-31', 'GB', 'preview', 1)")
    short_by_one(client)


def value_without_visits(client: Client) -> None:
    client.command("INSERT INTO scans_by_value VALUES (1, 99, 'country', '2027-12-31', 'GB', 'human', 1)")


VALUE_DAMAGE = [short_by_one, over_by_one, wrong_value, wrong_kind, value_without_visits]


@pytest.mark.parametrize("damage", VALUE_DAMAGE)
def test_damage_to_the_values_is_found(client: Client, damage: Callable[[Client], None]) -> None:
    client.command("OPTIMIZE TABLE scans_by_value FINAL")
    damage(client)
    report = at_once(client)
    assert failed(report) == {"scans_by_value = scans"}
    assert {(one.rollup, one.day) for one in report.days} == {("scans_by_value", date(2027, 12, 31))}
    excess: dict[object, int] = {
        short_by_one: -1,
        over_by_one: 1,
        wrong_value: 0,
        wrong_kind: 0,
        value_without_visits: 1,
    }
    assert report.days[0].excess == excess[damage]


def bucket(n: int, visitor: int, seconds: int = 0) -> str:
    """One more row for a quarter of an hour in which code 2 has had human visits."""
    return (
        "INSERT INTO scans_by_time SELECT workspace, code, bucket, kind, "
        f"{n}, uniqExactState(toUInt64({visitor})), max(last) + toIntervalSecond({seconds}) FROM scans_by_time"
        " WHERE code = 2 AND kind = 'human' AND toDate(bucket, 'UTC') = '2027-12-31'"
        " GROUP BY workspace, code, bucket, kind ORDER BY bucket LIMIT 1"
    )


def visit_too_many(client: Client) -> None:
    client.command(bucket(1, 1))


def visitor_too_many(client: Client) -> None:
    client.command(bucket(0, 999))


def last_too_late(client: Client) -> None:
    client.command(bucket(0, 1, seconds=1))


def bucket_gone(client: Client) -> None:
    stock.remove(client, "scans_by_time", "code = 2 AND toDate(bucket) = '2027-12-31'")


def another_visitor(client: Client) -> None:
    """As many visitors as there were, but not the same."""
    client.command("CREATE TABLE IF NOT EXISTS kept AS scans_by_time")
    client.command("TRUNCATE TABLE kept")
    client.command(
        "INSERT INTO kept SELECT workspace, code, bucket, kind, sum(n),"
        " arrayReduce('uniqExactState', range(1000, 1000 + toUInt64(uniqExactMerge(visitors)))), max(last)"
        " FROM scans_by_time WHERE code = 2 AND kind = 'human' AND toDate(bucket, 'UTC') = '2027-12-31'"
        " GROUP BY workspace, code, bucket, kind"
    )
    stock.remove(client, "scans_by_time", "code = 2 AND kind = 'human' AND toDate(bucket, 'UTC') = '2027-12-31'")
    client.command("INSERT INTO scans_by_time SELECT * FROM kept")


TIME_DAMAGE = [visit_too_many, visitor_too_many, last_too_late, bucket_gone, another_visitor]


@pytest.mark.parametrize("damage", TIME_DAMAGE)
def test_damage_to_the_times_is_found(client: Client, damage: Callable[[Client], None]) -> None:
    damage(client)
    report = at_once(client)
    assert failed(report) == {"scans_by_time = scans"}
    assert {one.day for one in report.days} == {date(2027, 12, 31)}


def test_what_settles_while_we_look_is_not_a_finding(client: Client) -> None:
    stock.remove(client, "scans", f"source = {OPEN} AND seq = 50")
    waits: list[float] = []

    def meanwhile(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            # The views' rows of it are there already.
            views = ("scans_by_time_mv", "workspace_by_time_mv")
            for view in views:
                client.command(f"DETACH TABLE {view}")
            stock.rows(client, OPEN, [50])
            for view in views:
                client.command(f"ATTACH TABLE {view}")

    report = audit(client, Evidence(journals=lambda: HEADS), sleep=meanwhile)
    assert report.clean and len(waits) == 1


def test_a_second_look_is_taken_while_nothing_is_inserted(client: Client) -> None:
    """As beside a running aggregator: what the first look saw half is whole once inserts are held."""
    stock.change(client, "scans_by_value", "n = n - 1", f"{VALUE} AND day = '2027-12-31' AND n > 0")
    held = 0

    def alone(work: Callable[[Client], T]) -> T:
        nonlocal held
        held += 1
        if held == 1:
            client.command("TRUNCATE TABLE scans_by_value")
            client.command(f"INSERT INTO scans_by_value {rollup_select('scans_by_value')}")
        return work(client)

    assert audit(client, Evidence(journals=lambda: HEADS), sleep=lambda _: None, alone=alone).clean
    assert held == 1


def test_work_in_pieces_finds_the_same(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "SOURCES", 1)
    lost_row(client)
    assert at_once(client).sources[0].missing == 1


def test_days_make_slices_and_big_days_several(client: Client) -> None:
    parts = slices({date(2027, 12, 31): 10, date(2028, 1, 1): 3, date(2028, 1, 2): 2, date(2028, 1, 3): 1}, limit=5)
    assert parts == [
        Slice(date(2027, 12, 31), date(2027, 12, 31), 0, 2),
        Slice(date(2027, 12, 31), date(2027, 12, 31), 1, 2),
        Slice(date(2028, 1, 1), date(2028, 1, 2)),
        Slice(date(2028, 1, 3), date(2028, 1, 3)),
    ]
    over_by_one(client)
    found = [compare(client, ROLLUPS["scans_by_value"], part) for part in parts[:2]]
    assert [bool(one) for one in found] == [True, False], "code 2 is in the even half"


def test_a_check_tells_what_it_saw(client: Client) -> None:
    report = at_once(client)
    assert report.checks[0] == Check("closed sources", 1, 0, "290 scans")
    assert report.checks[1] == Check("open sources", 1, 0, "18 waiting")
