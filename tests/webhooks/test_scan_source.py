"""webhooks: stored scans are told once, in batches, to those who listen; whoever ends in between."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from analytics.feed_position import KEPT_MS
from analytics.query_pool import QueryPool
from codes.code_fields import NewCode
from infra.migrate import migrate
from infra.warehouse import Warehouse, put
from schemas.code import Code
from schemas.stored_batch import COLUMNS, StoredBatch
from schemas.webhook import Endpoint
from tests.webhooks.conftest import Hooks
from webhooks import deliveries, scan_source
from webhooks.scan_source import ScanSource, newest_position
from webhooks.worker import Parts

BUS = "ab" * 16
SCAN = ("source", "seq", "ts", "code", "workspace", "kind", "outcome", "country", "bus", "bus_partition", "bus_offset")


class Scans:
    """Scans as the aggregator stores and logs them, each batch one of one partition."""

    def __init__(self, client: Client, pool: QueryPool, hooks: Hooks) -> None:
        self.pool = pool
        self._client = client
        self._hooks = hooks
        self._offsets = count(1)

    def store(self, code: Code, number: int, **fields: Any) -> None:
        at_ms = self._hooks.clock()
        first = next(self._offsets)
        kept = {"kind": "human", "outcome": "redirect", "country": "DE", "workspace": code.workspace, **fields}
        rows = [
            [
                *(7, first * 1000 + each, _moment(at_ms), code.birth),
                *(kept[name] for name in ("workspace", "kind", "outcome", "country")),
                *(BUS, 7, first),
            ]
            for each in range(number)
        ]
        put(self._client, "scans", SCAN, rows)
        entry = StoredBatch(BUS, 7, first, first, number, at_ms, at_ms)
        row = [BUS, 7, first, first, number, _moment(at_ms), _moment(at_ms), 0, "", entry.track, _moment(at_ms)]
        put(self._client, "stored_batches", COLUMNS, [row])

    def source(self, parts: Parts) -> ScanSource:
        return ScanSource(parts, self.pool, self._hooks.codes.attributes)

    async def listening(self, **fields: Any) -> Endpoint:
        given = {"url": self._hooks.receiver.url, "events": ("scan",), **fields}
        position = await newest_position(self.pool, self._hooks.clock())
        return await self._hooks.endpoints.create(self._hooks.workspace, given, self._hooks.signing, position=position)

    def told(self) -> list[dict[str, Any]]:
        """The scans that were received, each as often as it was."""
        return [scan for one in self._hooks.receiver.received for scan in one.message["data"]["scans"]]


def _moment(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03d}"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse(folder=tmp_path_factory.mktemp("warehouse") / "chdb")


@pytest.fixture(scope="module")
def client(warehouse: Warehouse) -> Iterator[Client]:
    client = warehouse.connect(max_threads=1)
    migrate(client)
    yield client
    client.close()


@pytest.fixture
async def scans(client: Client, warehouse: Warehouse, hooks: Hooks) -> AsyncIterator[Scans]:
    for table in ("scans", "stored_batches"):
        client.command(f"TRUNCATE TABLE {table}")
    pool = QueryPool(warehouse, 1)
    yield Scans(client, pool, hooks)
    await pool.close()


@pytest.fixture
async def code(hooks: Hooks) -> Code:
    return await hooks.codes.create(hooks.workspace, NewCode(destination="https://example.com/a", slug="menu"))


async def test_scans_are_told_once_and_in_batches(hooks: Hooks, scans: Scans, code: Code) -> None:
    scans.store(code, 5)
    endpoint = await scans.listening(batch_size=4)
    assert (await hooks.found(endpoint)).batch_size == 4
    scans.store(code, 10)
    scans.store(code, 3, kind="bot")
    scans.store(code, 3, outcome="paused")
    scans.store(code, 3, workspace=hooks.workspace + 1)
    async with hooks.working(sources=[scans.source]):
        await hooks.until_received(3)
        scans.store(code, 1)
        await hooks.until_received(4)
    told = scans.told()
    # (Those from before it was there are not told, nor what no total counts.)
    assert [len(one.message["data"]["scans"]) for one in hooks.receiver.received] == [4, 4, 2, 1]
    assert len({scan["id"] for scan in told}) == 11
    first = told[0]["scan"]
    assert (first["code"], first["country"], first["kind"]) == (code.id, "DE", "human")
    assert not {"visitor", "source", "seq"} & first.keys() and str(code.birth) not in str(told)
    assert hooks.receiver.received[3].id == told[-1]["id"], "one alone has its own id"
    assert len(set(hooks.receiver.ids)) == 4


async def test_another_worker_goes_on_where_the_last_one_ended(hooks: Hooks, scans: Scans, code: Code) -> None:
    """Whatever it had read but not queued is read again."""
    await scans.listening(batch_size=1_000)
    for _ in range(4):
        scans.store(code, 25)
        async with hooks.working(sources=[scans.source]):
            await asyncio.sleep(0.05)
    async with hooks.working(sources=[scans.source]):
        await hooks.until(lambda: len({scan["id"] for scan in scans.told()}) == 100)
    assert len(scans.told()) == 100


async def test_filters_and_kinds(hooks: Hooks, scans: Scans, code: Code) -> None:
    other = await hooks.codes.create(hooks.workspace, NewCode(destination="https://example.com/b", tags=("poster",)))
    await scans.listening(filters=(["is", "code:tag", ["poster"]],), kinds=("human", "bot"))
    scans.store(code, 3)
    scans.store(other, 2)
    scans.store(other, 1, kind="bot")
    async with hooks.working(sources=[scans.source]):
        await hooks.until(lambda: len(scans.told()) == 3)
    assert {scan["scan"]["code"] for scan in scans.told()} == {other.id}


@pytest.mark.timeout(90)
async def test_scans_wait_for_a_receiver_that_is_away(
    hooks: Hooks, scans: Scans, code: Code, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_source, "MOST_WAITING", 3)
    endpoint = await scans.listening(batch_size=1)
    hooks.receiver.answer = lambda received: (500, {})
    scans.store(code, 5)
    async with hooks.working(sources=[scans.source]):
        await hooks.until_failed(endpoint)
    state = await deliveries.state(hooks.redis, endpoint.id)
    assert state.pending == 3, "the others are in the warehouse"
    # It is paused, and scanned meanwhile.
    await hooks.endpoints.edit(hooks.workspace, endpoint.id, {"stopped": "paused"})
    async with hooks.working(sources=[scans.source]):
        scans.store(code, 2)
    hooks.receiver.answer = lambda received: (200, {})
    hooks.receiver.received.clear()
    await hooks.endpoints.edit(hooks.workspace, endpoint.id, {"stopped": ""})
    hooks.clock.pass_by(3_600_000)
    async with hooks.working(sources=[scans.source]):
        await hooks.until(lambda: len({scan["id"] for scan in scans.told()}) == 7)
    assert (await deliveries.state(hooks.redis, endpoint.id)).missed_ms is None


async def test_what_has_waited_for_too_long_is_said_to_be_missing(hooks: Hooks, scans: Scans, code: Code) -> None:
    endpoint = await scans.listening()
    scans.store(code, 1)
    hooks.clock.pass_by(KEPT_MS + 3_600_000)
    async with hooks.working(sources=[scans.source]):

        async def said() -> bool:
            return (await deliveries.state(hooks.redis, endpoint.id)).missed_ms is not None

        await hooks.until(said)
        scans.store(code, 2)
        await hooks.until(lambda: len(scans.told()) == 2)
