"""What the aggregator promises on each bus with each warehouse: chDB, and ClickHouse's HTTP interface. Its server is
chDB behind `harness.clickhouse`, or the one that WAYMARK_TEST_CLICKHOUSE_URL names. Between it and the aggregator some
of the inserts are cut off, delivered twice or once more."""

import secrets
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from aggregator.aggregator import Aggregator
from aggregator.committing import Declared
from aggregator.dead_letters import skip
from harness.clickhouse.fates import QUICK, Fates
from harness.clickhouse.proxy import Proxy
from infra.migrate import migrate
from infra.warehouse import Warehouse
from tests.aggregator import following
from tests.aggregator.engines import served
from tests.aggregator.exact import problems
from tests.aggregator.feeds import Feed, JournalFeed, kafka_feed
from tests.aggregator.running import running, until

pytestmark = pytest.mark.timeout(120)

# (Not into the log of batches: what runs between batches says when that fails, and these tests do not ask again.)
INSERTS = rb"INSERT.INTO.(scans|workspace|sources)"


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


class Warehouses(msgspec.Struct, frozen=True):
    """The same one, as the aggregator reaches it and as the test does."""

    aggregator: Warehouse
    test: Warehouse


@pytest.fixture(params=["chdb", "server"])
def warehouses(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouses]:
    if request.param == "chdb":
        one = Warehouse(folder=tmp_path / "warehouse")
        yield Warehouses(one, one)
        return
    with served(tmp_path / "warehouse") as one:
        at = urlsplit(one.url or "")
        if at.scheme == "https":
            # A proxy cannot look inside.
            yield Warehouses(one, one)
            return
        seed = zlib.crc32(request.node.name.encode())
        proxy = Proxy(at.port or 8123, Fates(seed, what=INSERTS, share=0.2, hows=QUICK), at.hostname or "")
        user, has_user, _ = at.netloc.rpartition("@")
        through = at._replace(netloc=f"{user}{has_user}127.0.0.1:{proxy.port}")
        yield Warehouses(Warehouse(url=through.geturl()), one)
        proxy.close()


@pytest.fixture
def warehouse(warehouses: Warehouses) -> Warehouse:
    return warehouses.aggregator


@pytest.fixture
def client(warehouses: Warehouses) -> Iterator[Client]:
    one = warehouses.test.connect()
    migrate(one)
    yield one
    one.close()


def rows(client: Client) -> int:
    return int(client.query("SELECT count() FROM scans").result_rows[0][0])


async def until_right(client: Client, expected: dict[int, int]) -> None:
    """While the aggregator runs: one that is stopped in the middle of settling leaves the rest to the next."""
    await until(lambda: problems(client, expected) == [])


async def test_every_event_is_stored_once_through_restarts(feed: Feed, warehouse: Warehouse, client: Client) -> None:
    for before in (0, 230, 460):
        await feed.put(7, 120)
        await feed.put(8, 80)
        async with running(Aggregator(feed.bus(), warehouse.connect)):
            await until(lambda already=before: rows(client) == already + 200)  # type: ignore[misc]
            await feed.put(7, 30)
            await until(lambda already=before: rows(client) == already + 230)  # type: ignore[misc]
            if before == 460:
                await until_right(client, {7: 450, 8: 240})
                await until(lambda: following.problems(client, {7: 450, 8: 240}) == [])


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
        await until_right(client, {7: 120})


async def test_a_source_is_noted_when_it_opens_and_closes(feed: Feed, warehouse: Warehouse, client: Client) -> None:
    await feed.put(7, 10)
    query = "SELECT toString(state), last_seq FROM sources FINAL WHERE source = 7 ORDER BY state"
    async with running(Aggregator(feed.bus(), warehouse.connect)):
        await until(lambda: client.query(query).result_rows == [("open", 0)])
        await feed.close(7)
        await until(lambda: client.query(query).result_rows == [("open", 0), ("closed", 10)])
        await until_right(client, {7: 10})


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
        await until_right(client, {7: 110})
