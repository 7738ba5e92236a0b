"""A warehouse's disk that is nearly full takes nothing, says so, and goes on by itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from aggregator.aggregator import Aggregator, uptime
from aggregator.committing import Declared
from aggregator.disk_space import DiskSpace, NoRoom
from aggregator.journal_bus import JournalBus
from aggregator.warehouse_writer import Away
from api.health import readiness
from drill.disk import Disk, small
from infra.migrate import migrate
from infra.warehouse import Warehouse
from tests.aggregator.exact import problems
from tests.aggregator.running import append, journal, running, until
from waymark.wiring.aggregator import readiness_of, readings

FLOOR = 16 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """64 MB of its own; where nothing can be mounted, the floor has to be what is moved."""
    one = small(tmp_path / "disk")
    yield one
    one.give_back()


@pytest.fixture
def warehouse(disk: Disk) -> Warehouse:
    return Warehouse(folder=disk.folder / "warehouse")


@pytest.fixture
def client(warehouse: Warehouse) -> Iterator[Client]:
    one = warehouse.connect(max_threads=1)
    migrate(one)
    yield one
    one.close()


async def test_inserts_wait_for_room_and_go_on(
    tmp_path: Path, disk: Disk, warehouse: Warehouse, client: Client
) -> None:
    one = journal(tmp_path, 7)
    bus = JournalBus(tmp_path / "journal", tmp_path / "aggregator" / "intents", uptime)
    loop = Aggregator(bus, lambda: warehouse.connect(max_threads=1), free_floor=FLOOR)
    async with running(loop):
        append(one, 100)
        await until(lambda: loop.status()["inserted"] == 100)
        disk.fill([]) if disk.mounted else setattr(loop.space, "_floor", 1 << 60)
        append(one, 100)
        await until(lambda: any(worker.state == "retrying" for worker in loop.workers.values()))
        # What had begun when the disk was filled may have met the engine's own words first.
        words = "are free on the warehouse's disk (WAYMARK_WAREHOUSE_FREE)"
        await until(lambda: words in str(loop.status()["partitions"]))
        found = await readiness(readiness_of(loop))
        assert found.missing == {"aggregator": "the warehouse's disk is nearly full: scans wait where they are"}
        assert readings(loop)["waymark_warehouse_short_of_room"]
        # Whoever waits for room lets go of the turn: the others hear at once that there is none. Left to pytest's own
        # timeout, the aggregator would stay open, and with it the engine, of which a process has only one.
        with pytest.raises(Away, match="WAYMARK_WAREHOUSE_FREE"):
            async with asyncio.timeout(30):
                await loop.between(lambda client: client.command("TRUNCATE TABLE scans"))
        # Nothing was begun.
        assert not any(worker.declared == Declared.IN_DOUBT for worker in loop.workers.values())
        disk.relieve([]) if disk.mounted else setattr(loop.space, "_floor", FLOOR)
        await until(lambda: loop.status()["inserted"] == 200)
        assert not readings(loop)["waymark_warehouse_short_of_room"]
    assert loop.metrics().settled == 0
    assert problems(client, {7: 200}) == []


def test_without_a_floor_nothing_is_asked(client: Client) -> None:
    nothing = DiskSpace(0)
    nothing.require(client)
    assert nothing.free is None
    everything = DiskSpace(1 << 62)
    with pytest.raises(NoRoom):
        everything.require(client)
    assert everything.free and everything.short
