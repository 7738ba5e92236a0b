"""The one thread that writes to the warehouse, and whose turn it is there."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

T = TypeVar("T")
P = ParamSpec("P")


class Away(Exception):
    """The warehouse did not do what was asked: it is away, full, slow or refuses. Whether a write has
    happened is not known."""


class WarehouseWriter:
    """Calls run one after another in one thread with one client. Who inserts holds `turn` (first come,
    first served) from before its intent until its insert is certain."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self.turn = asyncio.Lock()
        self._connect = connect
        self._client: Client | None = None
        self._thread = ThreadPoolExecutor(1, "warehouse")

    async def call(self, work: Callable[Concatenate[Client, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Raises Away for every failure of the warehouse. A call that has begun cannot be cancelled: the thread
        finishes it, and takes the next one after it."""

        def run() -> T:
            try:
                if self._client is None:
                    self._client = self._connect()
                return work(self._client, *args, **kwargs)
            except (ClickHouseError, HTTPError, OSError) as error:
                raise Away(f"{type(error).__name__}: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    async def close(self) -> None:
        """Waits for a call that has begun."""

        def close() -> None:
            if self._client is not None:
                self._client.close()
                self._client = None

        await asyncio.get_running_loop().run_in_executor(self._thread, close)
        self._thread.shutdown()
