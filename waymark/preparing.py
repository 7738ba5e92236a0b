"""What must be so before a warehouse is used: its tables are the newest, and no number in it can be given out
again by a Redis that was restored from an older day."""

import asyncio
import logging

from clickhouse_connect.driver.exceptions import ClickHouseError
from redis.asyncio import Redis
from urllib3.exceptions import HTTPError

from codes import numbers
from codes.errors import Unavailable, Unfit
from codes.server import Fsync, check_server
from schemas.migrate import migrate
from schemas.warehouse import Warehouse
from waymark.folder import Folder
from waymark.settings import Settings
from waymark.trouble import Trouble

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 5.0


def warehouse_of(settings: Settings) -> Warehouse:
    if settings.clickhouse_url is not None:
        return Warehouse(url=settings.clickhouse_url)
    return Warehouse(folder=Folder(settings.data).warehouse)


class Prepared:
    """Two steps, each set when it is done: `tables` (all there, newest form) and `numbers` (lifted)."""

    def __init__(self) -> None:
        self.tables = asyncio.Event()
        self.numbers = asyncio.Event()
        self.applied: list[str] = []


async def prepare(warehouse: Warehouse, redis: Redis, prepared: Prepared, fsync: Fsync = "always") -> None:
    """Tries until both steps are done; the warehouse or Redis may be away for as long as they like. Raises Trouble
    for a Redis that must not be used."""
    pause = 0.1
    while True:
        try:
            if not prepared.tables.is_set():
                prepared.applied, code, workspace = await asyncio.to_thread(_look, warehouse)
                prepared.tables.set()
            await check_server(redis, fsync)
            await numbers.lift(redis, code)
            await numbers.lift_workspaces(redis, workspace)
        except (ClickHouseError, HTTPError, OSError, Unavailable) as error:
            log.warning("waiting for the %s: %s", "numbers" if prepared.tables.is_set() else "warehouse", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
        except Unfit as error:
            raise Trouble(f"This Redis cannot keep codes: {error}") from None
        else:
            prepared.numbers.set()
            return


def _look(warehouse: Warehouse) -> tuple[list[str], int, int]:
    client = warehouse.connect()
    try:
        applied = migrate(client)
        code, workspace = client.query("SELECT max(code), max(workspace) FROM scans").result_rows[0]
        return applied, int(code), int(workspace)
    finally:
        client.close()
