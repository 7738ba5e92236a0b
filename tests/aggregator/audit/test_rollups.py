"""A month that was proven is not compared again, until anything about it changes."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from aggregator.audit import rollups as audit_memory
from aggregator.audit.report import Evidence, audit, render
from aggregator.audit.rollups import Memory, check_rollups
from tests.aggregator import stock

KEY = "00" * 15 + "01"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with stock.warehouse(tmp_path_factory.mktemp("warehouse")) as client:
        yield client


@pytest.fixture
def client(engine: Client) -> Client:
    """Visits of two days of December, and two of January."""
    stock.empty(engine)
    stock.store(engine, 7, range(1, 201))
    stock.close(engine, 7, 200)
    return engine


@pytest.fixture
def memory(client: Client) -> Memory:
    memory = Memory(KEY)
    assert check_rollups(client, memory=memory).known == 0
    assert list(memory.proven) == [202712], "the newest month changes all the time"
    return memory


def test_a_proven_month_is_not_compared_again(client: Client, memory: Memory) -> None:
    found = check_rollups(client, memory=memory)
    assert (found.days, found.known, found.different) == (4, 2, [])
    report = audit(client, Evidence(), sleep=lambda _: None, memory=memory)
    assert report.clean
    assert "2 days as they were when they were proven" in render(report)


DECEMBER = "toDate(bucket, 'UTC') = '2027-12-31'"


def value_moved(client: Client) -> None:
    where = "dimension = 'country' AND code = 2 AND kind = 'human' AND day = '2027-12-31'"
    client.command("OPTIMIZE TABLE scans_by_value FINAL")
    stock.change(client, "scans_by_value", "n = n - 1", f"{where} AND value = 'GB'")
    stock.change(client, "scans_by_value", "n = n + 1", f"{where} AND value = 'US'")


def entry_added(client: Client) -> None:
    client.command("INSERT INTO scans_by_value VALUES (1, 2, 'country', '2027-12-31', 'GB', 'human', 1)")


def another_visitor(client: Client) -> None:
    client.command(
        "INSERT INTO scans_by_time SELECT workspace, code, bucket, kind, 0, uniqExactState(toUInt64(999)), max(last)"
        f" FROM scans_by_time WHERE {DECEMBER} GROUP BY workspace, code, bucket, kind LIMIT 1"
    )


def another_last_time(client: Client) -> None:
    stock.change(client, "scans_by_time", "last = last + toIntervalSecond(1)", DECEMBER)


def rollup_emptied(client: Client) -> None:
    stock.remove(client, "scans_by_time", DECEMBER)


def row_replaced(client: Client) -> None:
    stock.remove(client, "scans", "seq = 12")
    stock.rows(client, 7, [12])


CHANGES = [value_moved, entry_added, another_visitor, another_last_time, rollup_emptied, row_replaced]


@pytest.mark.parametrize("change", CHANGES, ids=[one.__name__ for one in CHANGES])
def test_what_changes_afterwards_is_found(client: Client, memory: Memory, change: Callable[[Client], None]) -> None:
    change(client)
    found = check_rollups(client, memory=memory)
    assert found.known == 0
    assert {one.day for one in found.different} <= {date(2027, 12, 30), date(2027, 12, 31)}
    assert found.different
    assert memory.proven == {}, "what is wrong is not remembered"


def test_merging_costs_a_comparison_at_most(client: Client, memory: Memory) -> None:
    for table in ("scans", "scans_by_time", "scans_by_value"):
        client.command(f"OPTIMIZE TABLE {table} FINAL")
    assert check_rollups(client, memory=memory).different == []
    assert check_rollups(client, memory=memory).known == 2


def test_it_is_kept_in_a_file(tmp_path: Path, memory: Memory) -> None:
    path = tmp_path / "audit.json"
    assert audit_memory.read_memory(path, lambda size: "ab" * size) == Memory("ab" * 16)
    audit_memory.write_memory(path, memory)
    assert audit_memory.read_memory(path) == memory
    for damaged in (b"{", b'{"key":"xy","proven":{}}', b'{"key":"ab","proven":{}}'):
        path.write_bytes(damaged)
        assert audit_memory.read_memory(path, lambda size: "cd" * size) == Memory("cd" * 16)
