"""Whoever changes the warehouse behind Waymark's back is found out, however neatly it was done."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from aggregator.audit.evidence import Account, StoppedPartition, Unreachable
from aggregator.audit.report import Evidence, Report, audit, render
from aggregator.erasure import erase
from aggregator.rebuild import rebuild
from schemas.event import DIGEST, LINE_CHECK_SETTINGS
from tests.aggregator import stock

FIRST, SECOND = 7, 8
DELETED = 4


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with stock.warehouse(tmp_path_factory.mktemp("warehouse")) as client:
        yield client


LATER = 1_900_000_000_000


@pytest.fixture(scope="module")
def register(engine: Client) -> dict[int, Account]:
    """What the redirectors of both wrote when they ended."""
    stock.empty(engine)
    for source in (FIRST, SECOND):
        stock.store(engine, source, range(1, 101))
    rows = engine.query(f"SELECT source, {DIGEST} FROM scans GROUP BY source", settings=LINE_CHECK_SETTINGS).result_rows
    return {source: Account("Redis", source, 100, 0, digest, True, LATER) for source, digest in rows}


@pytest.fixture
def client(engine: Client, register: dict[int, Account]) -> Client:
    """Two closed sources; one of their five codes is deleted and erased."""
    stock.empty(engine)
    for source in (FIRST, SECOND):
        stock.store(engine, source, range(1, 101))
        stock.close(engine, source, 100)
    erase(engine, [(1, DELETED)])
    return engine


def on_record(codes: object) -> set[int]:
    return {DELETED}


@pytest.fixture
def evidence(register: dict[int, Account]) -> Evidence:
    return Evidence(registers=(register.values,), deleted=on_record)


def at_once(client: Client, evidence: Evidence) -> Report:
    return audit(client, evidence, sleep=lambda _: None)


def without(evidence: Evidence, **changes: Any) -> Evidence:
    return msgspec.structs.replace(evidence, **changes)


def failed(report: Report) -> set[str]:
    return {check.name for check in report.checks if check.wrong}


def test_an_untouched_warehouse_is_clean(client: Client, evidence: Evidence) -> None:
    report = at_once(client, evidence)
    assert report.clean, render(report)
    assert (report.stored, report.erased) == (160, 40)


def moved_to_the_ledger(client: Client) -> str:
    """As an erasure does it, for a code that nobody deleted."""
    erase(client, [(1, 2)])
    return "ledger: 40 entries of code 2, whose deletion is not on record"


def another_value_in_its_place(client: Client) -> str:
    """Sums over days and dimensions stay what they were."""
    where = "dimension = 'country' AND code = 2 AND kind = 'human' AND day = '2027-12-31'"
    client.command("OPTIMIZE TABLE scans_by_value FINAL")
    stock.change(client, "scans_by_value", "n = n - 1", f"{where} AND value = 'GB'")
    stock.change(client, "scans_by_value", "n = n + 1", f"{where} AND value = 'US'")
    return "scans_by_value on 2027-12-31: 2 wrong entries, excess +0, codes 2"


def source_gone_altogether(client: Client) -> str:
    for table in ("scans", "sources", "ledger"):
        stock.remove(client, table, f"source = {SECOND}")
    rebuild(client)
    return f"source {SECOND} (1-100): 100 missing, gone altogether: neither rows nor journal"


def ten_less(client: Client) -> str:
    """The close note says ten less, and the ten are not there."""
    stock.remove(client, "scans", f"source = {SECOND} AND seq > 90")
    stock.remove(client, "ledger", f"source = {SECOND} AND seq > 90")
    client.command("TRUNCATE TABLE sources")
    stock.close(client, FIRST, 100)
    stock.close(client, SECOND, 90)
    rebuild(client)
    return (
        f"source {SECOND} (1-100): 10 missing, the bus says that it ended at 90, Redis that it reached 100;"
        " first missing: 91-100"
    )


def another_code(client: Client) -> str:
    """Of one row, and the rollups made anew."""
    client.command(
        "INSERT INTO scans (* EXCEPT code, code) SELECT * EXCEPT code, 3 FROM scans"
        f" WHERE source = {SECOND} AND seq = 11"
    )
    stock.remove(client, "scans", f"source = {SECOND} AND seq = 11 AND code = 2")
    rebuild(client)
    return f"source {SECOND} (1-100): altered: what is stored of 1-100 is not what Redis has on record"


def another_time(client: Client) -> str:
    client.command(
        "INSERT INTO scans (* EXCEPT ts, ts) SELECT * EXCEPT ts, ts + toIntervalSecond(1) FROM scans"
        f" WHERE source = {SECOND} AND seq = 11"
    )
    when = client.query(f"SELECT min(ts) FROM scans WHERE source = {SECOND} AND seq = 11").result_rows[0][0]
    stock.remove(client, "scans", f"source = {SECOND} AND seq = 11 AND ts = '{when:%Y-%m-%d %H:%M:%S}'")
    rebuild(client)
    return f"source {SECOND} (1-100): altered"


def two_rows_changed_places(client: Client) -> str:
    """All rows are there, and all numbers; only which number belongs to which is another."""
    client.command(
        "INSERT INTO scans (* EXCEPT seq, seq) SELECT * EXCEPT seq, 23 - seq FROM scans"
        f" WHERE source = {SECOND} AND seq IN (11, 12)"
    )
    stock.remove(client, "scans", f"source = {SECOND} AND (seq, code) IN ((11, 2), (12, 3))")
    rebuild(client)
    return f"source {SECOND} (1-100): altered"


def moved_under_the_name_of_a_deleted_code(client: Client) -> str:
    erase(client, [(1, 2)])
    client.command(
        f"INSERT INTO ledger (* EXCEPT (code, check), code, check) SELECT * EXCEPT (code, check), {DELETED}, 1"
        " FROM ledger WHERE code = 2"
    )
    client.command("OPTIMIZE TABLE ledger FINAL")
    return f"source {FIRST} (1-100): altered"


TAMPERINGS = [
    (moved_to_the_ledger, {"ledger = deletions"}),
    (moved_under_the_name_of_a_deleted_code, {"closed sources", "register"}),
    (another_value_in_its_place, {"scans_by_value = scans"}),
    (source_gone_altogether, {"closed sources", "register"}),
    (ten_less, {"closed sources", "register"}),
    (another_code, {"closed sources", "register"}),
    (another_time, {"closed sources", "register"}),
    (two_rows_changed_places, {"closed sources", "register"}),
]


@pytest.mark.parametrize(("tamper", "checks"), TAMPERINGS, ids=[case[0].__name__ for case in TAMPERINGS])
def test_tampering_is_found_and_named(
    client: Client, evidence: Evidence, tamper: Callable[[Client], str], checks: set[str]
) -> None:
    says = tamper(client)
    report = at_once(client, evidence)
    assert failed(report) == checks, render(report)
    assert says in render(report)


def test_without_the_record_of_deletions_nothing_is_clean(client: Client) -> None:
    def away(codes: object) -> set[int]:
        raise Unreachable("deletions: Redis does not answer")

    report = at_once(client, Evidence(deleted=away))
    assert failed(report) == {"evidence"}, render(report)
    assert "not compared: deletions: Redis does not answer" in render(report)


def test_without_a_copy_of_the_register_nothing_is_clean(client: Client, evidence: Evidence) -> None:
    def away() -> list[Account]:
        raise Unreachable("register: Redis does not answer")

    report = at_once(client, without(evidence, registers=(*evidence.registers, away)))
    assert failed(report) == {"evidence"}, render(report)
    assert "not compared: register: Redis does not answer" in render(report)


def test_a_register_that_lacks_a_source_is_shown(client: Client, register: dict[int, Account]) -> None:
    """As after the restore of an older Redis."""
    report = at_once(client, Evidence(registers=(lambda: [register[FIRST]],), deleted=on_record))
    assert report.clean
    assert report.unregistered == 1
    assert "1 other sources are in no copy of it" in render(report)


def test_a_stopped_partition_is_not_clean(client: Client) -> None:
    stopped = [StoppedPartition(3, "unreadable record at offset 17")]
    report = at_once(client, Evidence(deleted=on_record, stopped=lambda: (5, stopped)))
    assert failed(report) == {"partitions"}
    assert "partition 3 is stopped: unreadable record at offset 17" in render(report)
