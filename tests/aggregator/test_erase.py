"""What is erased is gone from raw and rollups, accounted for in the ledger, and nothing else is touched."""

import time
from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from aggregator import erase as module
from aggregator.audit import Evidence, audit
from aggregator.batch import Batch, decode
from aggregator.bus import Place, Record
from aggregator.erase import due, erase, purge
from aggregator.store import insert
from schemas.code import Erasure
from schemas.event import encode_line
from tests.aggregator import sample, stock


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with stock.warehouse(tmp_path_factory.mktemp("warehouse")) as client:
        yield client


@pytest.fixture
def client(engine: Client) -> Client:
    """Two closed sources with visits of the codes 1 to 5."""
    stock.empty(engine)
    for source in (7, 8):
        stock.store(engine, source, range(1, 201))
        stock.close(engine, source, 200)
    return engine


def clean(client: Client) -> bool:
    return audit(client, Evidence(), sleep=lambda _: None).clean


def count(client: Client, query: str) -> int:
    return int(client.query(f"SELECT count() FROM {query}").result_rows[0][0])


def everything(client: Client, condition: str) -> list[object]:
    return [
        client.query(f"SELECT * FROM scans WHERE {condition} ORDER BY source, seq").result_rows,
        client.query(
            "SELECT code, bucket, kind, sum(n), uniqExactMerge(visitors), max(last) FROM scans_by_time"
            f" WHERE {condition} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        ).result_rows,
        client.query(
            "SELECT code, dimension, day, value, kind, sum(n) FROM scans_by_value"
            f" WHERE {condition} GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
        ).result_rows,
    ]


def test_a_code_is_erased_and_the_audit_stays_clean(client: Client) -> None:
    others = everything(client, "code NOT IN (2, 4)")
    assert erase(client, [2, 4, 999]) == 160
    assert everything(client, "code IN (2, 4)") == [[], [], []], "no view has brought them back"
    assert everything(client, "1") == others
    assert count(client, "ledger") == 160
    report = audit(client, Evidence(), sleep=lambda _: None)
    assert report.clean and report.erased == 160 and report.stored == 240


def test_erasing_again_adds_nothing_and_costs_no_mutation(client: Client) -> None:
    erase(client, [2])
    mutations = count(client, "system.mutations")
    assert erase(client, [2]) == 0
    assert (count(client, "ledger"), count(client, "system.mutations")) == (80, mutations)


def test_late_events_are_swept_too(client: Client) -> None:
    erase(client, [2])
    stock.store(client, 9, range(1, 11))
    stock.close(client, 9, 10)
    assert clean(client)
    assert erase(client, [2]) == 2
    assert count(client, "scans WHERE code = 2") == count(client, "scans_by_value WHERE code = 2") == 0
    assert clean(client)
    assert client.query("SELECT seq FROM ledger WHERE source = 9 ORDER BY seq").result_rows == [(1,), (6,)]


class Killed(BaseException):
    """Stands for a kill: nobody catches it."""


@pytest.mark.parametrize("rows", [2_000_000, 30])
def test_it_may_be_killed_after_each_step(client: Client, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(module, "ROWS", rows)
    steps = 0
    while True:
        left = steps

        def kill(what: str, done: int, total: int) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        try:
            erase(client, [3], progress=kill)
            break
        except Killed:
            steps += 1
            both = count(client, "scans WHERE code = 3 AND (source, seq) IN (SELECT source, seq FROM ledger)")
            assert count(client, "scans WHERE code = 3") + count(client, "ledger FINAL") - both == 80
    assert steps >= 4
    assert everything(client, "code = 3") == [[], [], []]
    assert count(client, "ledger") == 80
    assert clean(client)


def test_a_masked_row_leaves_the_disk(client: Client) -> None:
    erase(client, [1])
    masked = "system.parts WHERE active AND has_lightweight_delete AND database = currentDatabase()"
    assert count(client, masked) > 0
    purge(client)
    deadline = time.monotonic() + 60
    while count(client, masked) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert count(client, masked) == 0
    assert clean(client)


def test_a_token_does_not_bring_erased_rows_back(client: Client) -> None:
    lines = [encode_line(sample.event(10, seq))[:-1] for seq in range(1, 51)]
    for _ in range(2):
        batch = Batch(Place("bus", "scans", 0), 1, {10: 0})
        batch.take(decode([Record(None, lines)], 1))
        insert(client, batch.block(), batch.token)
        erase(client, [2])
    stock.close(client, 10, 50)
    assert count(client, "scans WHERE code = 2") == 0
    assert clean(client)


def test_rows_are_kept_as_long_as_was_asked() -> None:
    erasures = [Erasure(birth, "", 1, 50, until) for birth, until in ((1, None), (2, 101), (3, 100))]
    assert due(erasures, 100) == [1, 3]
