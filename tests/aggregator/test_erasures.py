"""Deleted codes leave the warehouse by themselves, and once more when events come late."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
import pytest
import redis.asyncio
from clickhouse_connect.driver.client import Client

from aggregator.audit import Evidence, audit
from aggregator.desk import Away
from aggregator.erasures import BATCH, Erasures
from schemas import keys
from schemas.code import Erasure
from tests.aggregator import stock

T = TypeVar("T")

HOUR = 3_600_000
DELETED = 1_000 * HOUR


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with stock.warehouse(tmp_path_factory.mktemp("warehouse")) as client:
        yield client


class Desk:
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

    def visits_of(self, code: int) -> int:
        return int(self.client.query(f"SELECT count() FROM scans WHERE code = {code}").result_rows[0][0])


@pytest.fixture
def desk(engine: Client) -> Desk:
    stock.empty(engine)
    stock.store(engine, 7, range(1, 101))
    stock.close(engine, 7, 100)
    return Desk(engine)


async def note(redis: "redis.asyncio.Redis", *erasures: Erasure) -> None:
    for one in erasures:
        await redis.hset(keys.ERASURES, str(one.birth), msgspec.json.encode(one))


async def test_a_deleted_code_is_erased_and_late_events_too(redis_url: str, desk: Desk) -> None:
    async with redis.asyncio.from_url(redis_url) as server:
        erasures = Erasures(server, desk.between, desk.clock)
        assert await erasures.sweep() == 0
        await note(server, Erasure(2, "b", 1, DELETED))
        assert await erasures.sweep() == 20
        assert desk.visits_of(2) == 0 and desk.visits_of(3) == 20
        asked = desk.calls
        desk.now += 5_000
        assert await erasures.sweep() == 0 and desk.calls == asked, "nothing is asked while nothing is due"
        stock.store(desk.client, 8, range(1, 11))
        stock.close(desk.client, 8, 10)
        desk.now += 6_000
        assert await erasures.sweep() == 2
        stock.store(desk.client, 9, range(1, 11))
        stock.close(desk.client, 9, 10)
        desk.now += 500 * HOUR
        assert await erasures.sweep() == 2
        assert desk.visits_of(2) == 0 and erasures.erased == 24
        assert audit(desk.client, Evidence(), sleep=lambda _: None).clean


async def test_rows_that_are_to_be_kept_stay_until_then(redis_url: str, desk: Desk) -> None:
    async with redis.asyncio.from_url(redis_url) as server:
        await note(server, Erasure(2, "b", 1, DELETED, keep_until_ms=DELETED + 10 * HOUR))
        erasures = Erasures(server, desk.between, desk.clock)
        for _ in range(3):
            assert await erasures.sweep() == 0
            desk.now += 3 * HOUR
        desk.now += 2 * HOUR
        assert await erasures.sweep() == 20


async def test_many_notes_are_swept_in_batches_and_a_broken_one_stops_nothing(redis_url: str, desk: Desk) -> None:
    async with redis.asyncio.from_url(redis_url) as server:
        await note(server, *(Erasure(birth, str(birth), 1, DELETED) for birth in range(1, 3 * BATCH)))
        await server.hset(keys.ERASURES, "x", "{not json")
        erasures = Erasures(server, desk.between, desk.clock)
        assert await erasures.sweep() == 100
        assert desk.calls == 4, "three batches and a purge"


async def test_redis_or_the_warehouse_may_be_away(redis_url: str, desk: Desk) -> None:
    async with redis.asyncio.from_url("unix:///nowhere/redis.sock") as nobody:
        stop = asyncio.Event()
        task = asyncio.create_task(Erasures(nobody, desk.between, desk.clock).run(stop, 0.01))
        await asyncio.sleep(0.1)
        assert not task.done()
        stop.set()
        await asyncio.wait_for(task, 30)
    async with redis.asyncio.from_url(redis_url) as server:
        await note(server, Erasure(2, "b", 1, DELETED))
        desk.away = True
        stop = asyncio.Event()
        erasures = Erasures(server, desk.between, desk.clock)
        task = asyncio.create_task(erasures.run(stop, 0.01))
        await asyncio.sleep(0.1)
        assert desk.visits_of(2) == 20
        desk.away = False
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if erasures.erased == 20:
                break
        assert erasures.erased == 20
        stop.set()
        await asyncio.wait_for(task, 30)
