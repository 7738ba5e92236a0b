"""Deleted codes leave the warehouse by themselves, and once more when events come late."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
import pytest
import redis.asyncio
from clickhouse_connect.driver.client import Client

from aggregator import erasure as module
from aggregator.audit.report import Evidence, audit
from aggregator.batch import Batch
from aggregator.bus import PartitionId, Record
from aggregator.decoding import decode
from aggregator.erasure import BATCH, Erasures, due, erase, purge
from aggregator.queries import insert
from aggregator.warehouse_writer import Away
from schemas import keys
from schemas.code import Erasure
from schemas.event import encode_line
from tests.aggregator import sample, stock

T = TypeVar("T")

HOUR = 3_600_000
DELETED = 1_000 * HOUR


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with stock.warehouse(tmp_path_factory.mktemp("warehouse")) as client:
        yield client


class Turns:
    """Runs work on the client, as the aggregator does, and has a clock that is set by hand."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.now = DELETED
        self.calls = 0
        self.away = False

    async def between(self, work: Callable[[Client], T]) -> T:
        self.calls += 1
        if self.away:
            raise Away("gone")
        return work(self.client)

    def clock(self) -> int:
        return self.now

    def scans_of(self, code: int) -> int:
        return int(self.client.query(f"SELECT count() FROM scans WHERE code = {code}").result_rows[0][0])


@pytest.fixture
def turns(engine: Client) -> Turns:
    stock.empty(engine)
    stock.store(engine, 7, range(1, 101))
    stock.close(engine, 7, 100)
    return Turns(engine)


async def note(redis: "redis.asyncio.Redis", *erasures: Erasure) -> None:
    for one in erasures:
        await redis.hset(keys.ERASURES, str(one.birth), msgspec.json.encode(one))


async def test_a_deleted_code_is_erased_and_late_events_too(redis_url: str, turns: Turns) -> None:
    async with redis.asyncio.from_url(redis_url) as server:
        erasures = Erasures(server, turns.between, turns.clock)
        assert await erasures.sweep() == 0
        await note(server, Erasure(2, "b", 1, DELETED))
        assert await erasures.sweep() == 20
        assert turns.scans_of(2) == 0 and turns.scans_of(3) == 20
        asked = turns.calls
        turns.now += 5_000
        assert await erasures.sweep() == 0 and turns.calls == asked, "nothing is asked while nothing is due"
        stock.store(turns.client, 8, range(1, 11))
        stock.close(turns.client, 8, 10)
        turns.now += 6_000
        assert await erasures.sweep() == 2
        stock.store(turns.client, 9, range(1, 11))
        stock.close(turns.client, 9, 10)
        turns.now += 500 * HOUR
        assert await erasures.sweep() == 2
        assert turns.scans_of(2) == 0 and erasures.erased == 24
        assert audit(turns.client, Evidence(), sleep=lambda _: None).clean


async def test_rows_that_are_to_be_kept_stay_until_then(redis_url: str, turns: Turns) -> None:
    async with redis.asyncio.from_url(redis_url) as server:
        await note(server, Erasure(2, "b", 1, DELETED, keep_until_ms=DELETED + 10 * HOUR))
        erasures = Erasures(server, turns.between, turns.clock)
        for _ in range(3):
            assert await erasures.sweep() == 0
            turns.now += 3 * HOUR
        turns.now += 2 * HOUR
        assert await erasures.sweep() == 20


async def test_many_notes_are_swept_in_batches_and_a_broken_one_stops_nothing(redis_url: str, turns: Turns) -> None:
    async with redis.asyncio.from_url(redis_url) as server:
        await note(server, *(Erasure(birth, str(birth), 1, DELETED) for birth in range(1, 3 * BATCH)))
        await server.hset(keys.ERASURES, "x", "{not json")
        erasures = Erasures(server, turns.between, turns.clock)
        assert await erasures.sweep() == 100
        assert erasures.settled == 3 * BATCH
        assert turns.calls == 4, "three batches and a purge"


async def test_redis_or_the_warehouse_may_be_away(redis_url: str, turns: Turns) -> None:
    async with redis.asyncio.from_url("unix:///nowhere/redis.sock") as nobody:
        stop = asyncio.Event()
        task = asyncio.create_task(Erasures(nobody, turns.between, turns.clock).run(stop, 0.01))
        await asyncio.sleep(0.1)
        assert not task.done()
        stop.set()
        await asyncio.wait_for(task, 30)
    async with redis.asyncio.from_url(redis_url) as server:
        await note(server, Erasure(2, "b", 1, DELETED))
        turns.away = True
        stop = asyncio.Event()
        erasures = Erasures(server, turns.between, turns.clock)
        task = asyncio.create_task(erasures.run(stop, 0.01))
        await asyncio.sleep(0.1)
        assert turns.scans_of(2) == 20
        turns.away = False
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if erasures.erased == 20:
                break
        assert erasures.erased == 20
        stop.set()
        await asyncio.wait_for(task, 30)


# What is erased is gone from raw and rollups, accounted for in the ledger, and nothing else is touched.


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
    assert erase(client, [(1, 2), (1, 4), (1, 999)]) == 160
    assert everything(client, "code IN (2, 4)") == [[], [], []], "no view has brought them back"
    assert everything(client, "1") == others
    assert count(client, "ledger") == 160
    report = audit(client, Evidence(), sleep=lambda _: None)
    assert report.clean and report.erased == 160 and report.stored == 240


def test_erasing_again_adds_nothing_and_costs_no_mutation(client: Client) -> None:
    erase(client, [(1, 2)])
    mutations = count(client, "system.mutations")
    assert erase(client, [(1, 2)]) == 0
    assert (count(client, "ledger"), count(client, "system.mutations")) == (80, mutations)


def test_late_events_are_swept_too(client: Client) -> None:
    erase(client, [(1, 2)])
    stock.store(client, 9, range(1, 11))
    stock.close(client, 9, 10)
    assert clean(client)
    assert erase(client, [(1, 2)]) == 2
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
            erase(client, [(1, 3)], progress=kill)
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
    erase(client, [(1, 1)])
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
        batch = Batch(PartitionId("bus", "scans", 0), 1, {10: 0})
        batch.take(decode([Record(None, lines)], 1))
        insert(client, batch.block(), batch.token)
        erase(client, [(1, 2)])
    stock.close(client, 10, 50)
    assert count(client, "scans WHERE code = 2") == 0
    assert clean(client)


def test_rows_are_kept_as_long_as_was_asked() -> None:
    erasures = [Erasure(birth, "", 1, 50, until) for birth, until in ((1, None), (2, 101), (3, 100))]
    assert due(erasures, 100) == [1, 3]
