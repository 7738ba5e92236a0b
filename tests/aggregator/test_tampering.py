"""Whoever changes the warehouse behind Waymark's back is found out, however neatly it was done."""

from collections.abc import Callable, Iterator

import pytest
from clickhouse_connect.driver.client import Client

from aggregator.audit import Evidence, Report, audit, render
from aggregator.audit_evidence import StoppedPartition, Unreachable
from aggregator.erase import erase
from tests.aggregator import stock

FIRST, SECOND = 7, 8
DELETED = 4


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with stock.warehouse(tmp_path_factory.mktemp("warehouse")) as client:
        yield client


@pytest.fixture
def client(engine: Client) -> Client:
    """Two closed sources; one of their five codes is deleted and erased."""
    stock.empty(engine)
    for source in (FIRST, SECOND):
        stock.store(engine, source, range(1, 101))
        stock.close(engine, source, 100)
    erase(engine, [DELETED])
    return engine


def on_record(codes: object) -> set[int]:
    return {DELETED}


def at_once(client: Client, evidence: Evidence | None = None) -> Report:
    return audit(client, evidence or Evidence(deleted=on_record), sleep=lambda _: None)


def failed(report: Report) -> set[str]:
    return {check.name for check in report.checks if check.wrong}


def test_an_untouched_warehouse_is_clean(client: Client) -> None:
    report = at_once(client)
    assert report.clean, render(report)
    assert (report.stored, report.erased) == (160, 40)


def moved_to_the_ledger(client: Client) -> str:
    """As an erasure does it, for a code that nobody deleted."""
    erase(client, [2])
    return "ledger: 40 entries of code 2, whose deletion is not on record"


def another_value_in_its_place(client: Client) -> str:
    """Sums over days and dimensions stay what they were."""
    where = "dimension = 'country' AND code = 2 AND kind = 'human' AND day = '2027-12-31'"
    client.command("OPTIMIZE TABLE scans_by_value FINAL")
    stock.change(client, "scans_by_value", "n = n - 1", f"{where} AND value = 'GB'")
    stock.change(client, "scans_by_value", "n = n + 1", f"{where} AND value = 'US'")
    return "scans_by_value on 2027-12-31: 2 wrong entries, excess +0, codes 2"


TAMPERINGS = [
    (moved_to_the_ledger, {"ledger = deletions"}),
    (another_value_in_its_place, {"scans_by_value = scans"}),
]


@pytest.mark.parametrize(("tamper", "checks"), TAMPERINGS, ids=[case[0].__name__ for case in TAMPERINGS])
def test_tampering_is_found_and_named(client: Client, tamper: Callable[[Client], str], checks: set[str]) -> None:
    says = tamper(client)
    report = at_once(client)
    assert failed(report) == checks, render(report)
    assert says in render(report)


def test_without_the_record_of_deletions_nothing_is_clean(client: Client) -> None:
    def away(codes: object) -> set[int]:
        raise Unreachable("deletions: Redis does not answer")

    report = at_once(client, Evidence(deleted=away))
    assert failed(report) == {"evidence"}
    assert "not compared: deletions: Redis does not answer" in render(report)


def test_a_stopped_partition_is_not_clean(client: Client) -> None:
    stopped = [StoppedPartition(3, "unreadable record at offset 17")]
    report = at_once(client, Evidence(deleted=on_record, stopped=lambda: (5, stopped)))
    assert failed(report) == {"partitions"}
    assert "partition 3 is stopped: unreadable record at offset 17" in render(report)
