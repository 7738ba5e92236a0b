"""What the aggregator promises on each bus with each warehouse: chDB, and ClickHouse's HTTP interface. Its server is
chDB behind `tests.servers.clickhouse`, or the one that WAYMARK_TEST_CLICKHOUSE_URL names."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from aggregator.aggregator import Aggregator
from aggregator.committing import Declared
from aggregator.dead_letters import skip
from infra.migrate import migrate
from infra.warehouse import Warehouse
from tests.aggregator import following
from tests.aggregator.exact import problems
from tests.aggregator.feeds import Feed, JournalFeed, kafka_feed
from tests.aggregator.running import running, until
from tests.servers.clickhouse import running as bridge

pytestmark = pytest.mark.timeout(120)

SERVER = os.environ.get("WAYMARK_TEST_CLICKHOUSE_URL")


@pytest.fixture(params=["journal", pytest.param("kafka", marks=pytest.mark.kafka)])
async def feed(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Feed]:
    if request.param == "journal":
        yield JournalFeed(tmp_path)
        return
    server = request.getfixturevalue("kafka")
    topic = f"scans-{secrets.token_hex(4)}"
    server.create_topic(topic)
    async with kafka_feed(server.bootstrap, topic) as one:
        yield one


@pytest.fixture(params=["chdb", "server"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    if request.param == "chdb":
        yield Warehouse(folder=tmp_path / "warehouse")
        return
    if SERVER is None:
        with bridge(tmp_path / "warehouse") as one:
            yield Warehouse(url=f"{one.url}/default")
        return
    name = f"waymark_test_{secrets.token_hex(4)}"
    keeper = clickhouse_connect.get_client(dsn=SERVER)
    keeper.command(f"CREATE DATABASE {name}")
    yield Warehouse(url=f"{SERVER.rstrip('/')}/{name}")
    keeper.command(f"DROP DATABASE {name}")
    keeper.close()


@pytest.fixture
def client(warehouse: Warehouse) -> Iterator[Client]:
    one = warehouse.connect()
    migrate(one)
    yield one
    one.close()


def rows(client: Client) -> int:
    return int(client.query("SELECT count() FROM scans").result_rows[0][0])


async def test_every_event_is_stored_once_through_restarts(feed: Feed, warehouse: Warehouse, client: Client) -> None:
    for before in (0, 230, 460):
        await feed.put(7, 120)
        await feed.put(8, 80)
        async with running(Aggregator(feed.bus(), warehouse.connect)):
            await until(lambda already=before: rows(client) == already + 200)  # type: ignore[misc]
            await feed.put(7, 30)
            await until(lambda already=before: rows(client) == already + 230)  # type: ignore[misc]
    assert problems(client, {7: 450, 8: 240}) == []
    assert following.problems(client, {7: 450, 8: 240}) == []


async def test_old_events_once_more_are_dropped(feed: Feed, warehouse: Warehouse, client: Client) -> None:
    await feed.put(7, 100)
    async with running(Aggregator(feed.bus(), warehouse.connect)):
        await until(lambda: rows(client) == 100)
    again = Aggregator(feed.bus(), warehouse.connect)
    async with running(again):
        await until(lambda: any(worker.state == "following" for worker in again.workers.values()))
        await feed.again(7, 61, 100)
        await until(lambda: again.status()["dropped"] == 40)
        await feed.put(7, 20)
        await until(lambda: rows(client) == 120)
    assert problems(client, {7: 120}) == []


async def test_a_source_is_noted_when_it_opens_and_closes(feed: Feed, warehouse: Warehouse, client: Client) -> None:
    await feed.put(7, 10)
    query = "SELECT toString(state), last_seq FROM sources FINAL WHERE source = 7 ORDER BY state"
    async with running(Aggregator(feed.bus(), warehouse.connect)):
        await until(lambda: client.query(query).result_rows == [("open", 0)])
        await feed.close(7)
        await until(lambda: client.query(query).result_rows == [("open", 0), ("closed", 10)])
    assert problems(client, {7: 10}) == []


async def test_an_unreadable_record_stops_one_partition_until_it_is_skipped(
    feed: Feed, warehouse: Warehouse, client: Client
) -> None:
    await feed.put(7, 50)
    await feed.spoiled(7)
    await feed.put(7, 50)
    await feed.put(8, 50)
    loop = Aggregator(feed.bus(), warehouse.connect)
    async with running(loop):
        await until(lambda: loop.status()["alarms"] == 1)
        await until(lambda: rows(client) == 100)
        stopped = next(worker for worker in loop.workers.values() if worker.state == "stopped")
        await skip(loop, stopped.partition.id.number)
        await until(lambda: rows(client) == 150)
    assert client.query("SELECT count() FROM dead_letters FINAL").result_rows == [(1,)]


async def test_work_runs_between_batches_with_nothing_declared(
    feed: Feed, warehouse: Warehouse, client: Client
) -> None:
    await feed.put(7, 100)
    loop = Aggregator(feed.bus(), warehouse.connect)
    async with running(loop):
        await until(lambda: rows(client) == 100)
        assert await loop.between(rows) == 100
        assert all(worker.declared == Declared.NOTHING for worker in loop.workers.values())
        await feed.put(7, 10)
        await until(lambda: rows(client) == 110)
    assert problems(client, {7: 110}) == []
