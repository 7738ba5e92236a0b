"""Before the engines are used: migrate the warehouse, and check that Redis may keep codes."""

import asyncio
import logging
from contextlib import suppress

from clickhouse_connect.driver.exceptions import ClickHouseError
from redis.asyncio import Redis
from urllib3.exceptions import HTTPError

from codes import workspaces
from codes.errors import Unavailable, UnfitRedis
from codes.redis_check import check_server
from infra.migrate import migrate
from infra.warehouse import UnfitWarehouse, Warehouse
from waymark import embedded, emptied_redis
from waymark.data_dir import DataDir
from waymark.errors import UserError
from waymark.settings import Settings

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 5.0


def warehouse_of(settings: Settings) -> Warehouse:
    """The configured warehouse. Raises UserError if it is chDB and chDB is not installed."""
    embedded.check_warehouse(settings)
    if settings.clickhouse_url is not None:
        return Warehouse(
            url=settings.clickhouse_url, cluster=settings.clickhouse_cluster, quorum=settings.clickhouse_quorum
        )
    return Warehouse(folder=DataDir(settings.data).warehouse)


class Prepared:
    """`tables` is set once the warehouse is migrated."""

    def __init__(self) -> None:
        self.tables = asyncio.Event()
        self.applied: list[str] = []


async def prepare(settings: Settings, warehouse: Warehouse, redis: Redis, prepared: Prepared) -> None:
    """Retry until both succeed, however long the warehouse or Redis are down. Raises UserError for an engine that must
    not be used."""
    has_scans = False
    pause, waited_for = 0.1, ""
    while True:
        try:
            # A bad Redis is reported even while the warehouse is down.
            with suppress(Unavailable):
                await check_server(redis, settings.redis_fsync)
            if not prepared.tables.is_set():
                prepared.applied, has_scans = await asyncio.to_thread(_look, warehouse)
                prepared.tables.set()
            await check_server(redis, settings.redis_fsync)
            if not await workspaces.any_exist(redis):
                left = "scans in the warehouse" if has_scans else await emptied_redis.logged(settings, redis)
                if left is not None:
                    raise emptied_redis.refusal(left, settings)
        except UnfitWarehouse as error:
            raise UserError(str(error)) from None
        except (ClickHouseError, HTTPError, OSError, Unavailable) as error:
            engine = "Redis" if prepared.tables.is_set() else "the warehouse"
            if engine != waited_for:
                log.warning("waiting for %s: %s", engine, error)
            waited_for = engine
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
        except UnfitRedis as error:
            raise UserError(f"This Redis cannot keep codes: {error}") from None
        else:
            return


def _look(warehouse: Warehouse) -> tuple[list[str], bool]:
    client = warehouse.connect()
    try:
        return migrate(client), emptied_redis.has_scans(client)
    finally:
        client.close()
