"""Every warehouse that a test opens in a folder, behind ClickHouse's HTTP interface: with WAYMARK_TEST_WIRE=1."""

import os
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from harness.clickhouse.server import Bridge
from infra.warehouse import Warehouse

WIRE = os.environ.get("WAYMARK_TEST_WIRE") == "1"
# Of tests about the engine in the process itself.
EMBEDDED = pytest.mark.skipif(WIRE, reason="about the engine in the process, which nothing stands between")


class Wire:
    """A server for the folder that is open, from its first client to its last: a process opens one folder at a time,
    and tests open one after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bridges: dict[Path, Bridge] = {}
        self._clients: dict[Path, int] = {}

    def reach(self, folder: Path, timeout_s: int, settings: Mapping[str, Any]) -> Client:
        at = folder.resolve()
        with self._lock:
            if at not in self._bridges:
                at.mkdir(parents=True, exist_ok=True)
                self._bridges[at] = Bridge(at)
            self._clients[at] = self._clients.get(at, 0) + 1
            url = self._bridges[at].url
        try:
            client = _CLIENT(Warehouse(url=f"{url}/default"), timeout_s, settings)
        except BaseException:
            self._left(at)
            raise
        left, close = weakref.finalize(client, self._left, at), client.close

        def closed() -> None:
            close()
            left()

        client.close = closed  # type: ignore[method-assign]
        return client

    def _left(self, folder: Path) -> None:
        with self._lock:
            self._clients[folder] -= 1
            if not self._clients[folder]:
                self._bridges.pop(folder).close()


_CLIENT = Warehouse._client


def put_between(patch: pytest.MonkeyPatch) -> None:
    wire = Wire()

    def client(warehouse: Warehouse, timeout_s: int, settings: Mapping[str, Any]) -> Client:
        if warehouse.folder is None:
            return _CLIENT(warehouse, timeout_s, settings)
        return wire.reach(warehouse.folder, timeout_s, settings)

    patch.setattr(Warehouse, "_client", client)
