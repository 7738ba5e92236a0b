"""Tables of a server, cloned in a moment, and put into another database."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from harness.clickhouse import server as clickhouse
from infra.migrate import migrate
from infra.progress import silent
from infra.warehouse import Warehouse, put
from waymark.backup import tables
from waymark.backup.tables import Clone, NotEmpty

ALL = ("scans", "scans_by_time", "workspace_by_time", "sources", "ledger")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with clickhouse.apart(tmp_path_factory.mktemp("clickhouse")) as address:
        yield address


def database(url: str, name: str) -> tuple[Warehouse, Client]:
    Warehouse(url=url).connect().command(f"CREATE DATABASE {name}")
    warehouse = Warehouse(url=f"{url}/{name}")
    return warehouse, warehouse.connect()


def add(client: Client, month: str, first: int, last: int) -> None:
    columns = ["source", "seq", "ts", "code", "workspace", "kind", "outcome", "visitor"]
    rows = [
        [7, seq, f"{month}-03 10:00:00.{seq:03d}", 1, 1, "human", "redirect", seq] for seq in range(first, last + 1)
    ]
    put(client, "scans", columns, rows)


def counted(client: Client) -> dict[str, Sequence[Sequence[Any]]]:
    return {
        "scans": client.query("SELECT count(), sum(seq), max(ts) FROM scans").result_rows,
        "by time": client.query("SELECT sum(n), uniqExactMerge(visitors), max(last) FROM scans_by_time").result_rows,
        "workspace": client.query("SELECT sum(n), sum(fingerprint) FROM workspace_by_time").result_rows,
        "sources": client.query("SELECT source, state, last_seq FROM sources ORDER BY ALL").result_rows,
    }


def cloned(client: Client) -> list[Clone]:
    tables.drop_clones(client)
    return tables.clone(client)


def test_there_and_into_another_database(url: str, tmp_path: Path) -> None:
    warehouse, client = database(url, "first")
    migrate(client)
    add(client, "2026-10", 1, 60)
    add(client, "2026-11", 61, 100)
    put(client, "sources", ["source", "state", "at", "last_seq"], [[7, "open", "2026-10-01 00:00:00.000", 0]])
    before = counted(client)
    clones = cloned(client)
    # What comes now is not in it.
    add(client, "2026-11", 101, 110)
    assert tables.first_source(client) == 7 and tables.closed(client) == set()
    highest, count, digest = tables.stored(client)[7]
    assert (highest, count) == (100, 100) and digest
    contents = {one.path: b"".join(tables.content_of(warehouse, one)) for one in clones}
    assert "clickhouse/scans/202610.native" in contents

    _, other = database(url, "second")
    tables.check_empty(other)
    tables.fill(other, [(path, partial(iter, [content])) for path, content in contents.items()], silent)
    assert counted(other) == before
    with pytest.raises(NotEmpty, match="has scans"):
        tables.check_empty(other)

    # The next backup reads what has changed since.
    again = {one.identity for one in cloned(client)} - {one.identity for one in clones}
    assert {name.split()[1] for name in again} == {"scans", "scans_by_time", "workspace_by_time"}
    assert not any(" 202610 " in name for name in again)
    tables.drop_clones(client)
    assert client.query("SELECT count() FROM system.tables WHERE name LIKE '%\\_\\_%'").result_rows == [(0,)]
