"""The warehouse fails before it has stored a batch, or after, or is away: nothing is lost, nothing is doubled."""

from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from aggregator.aggregator import Aggregator, uptime
from aggregator.journal_bus import JournalBus
from infra.migrate import migrate
from infra.warehouse import Warehouse
from tests.aggregator.exact import problems
from tests.aggregator.running import append, journal, running, until


class Unreliable:
    """A real client whose inserts fail by plan, one letter each: `b`efore it is done, `a`fter it, `k`ept out by the
    quorum of another, or `.`: not. A batch is three: its rows, then its sums."""

    def __init__(self, client: Client, plan: list[str]) -> None:
        self._client = client
        self._plan = plan

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def raw_insert(self, *args: Any, **kwargs: Any) -> None:
        how = self._plan.pop(0) if self._plan else "."
        if how == "b":
            raise OSError("no connection")
        if how == "k":
            raise DatabaseError("Code: 286. DB::Exception: … (UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE)")
        self._client.raw_insert(*args, **kwargs)
        if how == "a":
            raise OSError("no answer")


@pytest.mark.parametrize("plan", ["b", "a", "ab", "bbb", "aa", ".b", ".a", ".bab", ".a.b"])
async def test_failed_inserts_are_settled(tmp_path: Path, plan: str) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate(client)
        one, two = journal(tmp_path, 7), journal(tmp_path, 8)
        append(one, 200)
        append(two, 200)
        steps = list(plan)

        def connect() -> Any:
            return Unreliable(Warehouse(folder=tmp_path / "warehouse").connect(), steps)

        bus = JournalBus(tmp_path / "journal", tmp_path / "aggregator" / "intents", uptime)
        loop = Aggregator(bus, connect)
        async with running(loop):
            await until(lambda: loop.status()["inserted"] == 400)
            append(one, 50)
            append(two, 50)
            await until(lambda: loop.status()["inserted"] == 500)
        assert not steps
        assert problems(client, {7: 250, 8: 250}) == []
    finally:
        client.close()


async def test_an_insert_that_is_kept_out_is_begun_again_and_not_settled(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate(client)
        append(journal(tmp_path, 7), 100)
        steps = list("k.k..k")

        def connect() -> Any:
            return Unreliable(Warehouse(folder=tmp_path / "warehouse").connect(), steps)

        loop = Aggregator(JournalBus(tmp_path / "journal", tmp_path / "aggregator" / "intents", uptime), connect)
        async with running(loop):
            await until(lambda: loop.status()["inserted"] == 100)
            assert (loop.metrics().settled, steps) == (0, [])
        assert problems(client, {7: 100}) == []
    finally:
        client.close()


async def test_a_warehouse_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate(client)
        append(journal(tmp_path, 7), 100)
        tries: list[str] = []

        def connect() -> Client:
            tries.append("x")
            if len(tries) < 3:
                raise OSError("refused")
            return Warehouse(folder=tmp_path / "warehouse").connect()

        loop = Aggregator(JournalBus(tmp_path / "journal", tmp_path / "aggregator" / "intents", uptime), connect)
        async with running(loop):
            await until(lambda: loop.status()["inserted"] == 100)
        assert problems(client, {7: 100}) == []
    finally:
        client.close()


async def test_it_can_be_stopped_while_the_warehouse_is_away(tmp_path: Path) -> None:
    append(journal(tmp_path, 7), 100)

    def connect() -> Client:
        raise OSError("refused")

    loop = Aggregator(JournalBus(tmp_path / "journal", tmp_path / "aggregator" / "intents", uptime), connect)
    async with running(loop):
        await until(lambda: len(loop.workers) == 1 and "refused" in str(loop.status()))
