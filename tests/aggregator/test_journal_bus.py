"""The loop on the journal folder and chDB."""

from pathlib import Path

from infra.migrate import migrate
from infra.warehouse import Warehouse
from tests.aggregator.exact import problems
from tests.aggregator.running import aggregator, append, journal, running, until


async def test_two_sources_are_counted_and_their_closed_journals_go(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate(client)
        one, two = journal(tmp_path, 7), journal(tmp_path, 2**63 - 8)
        loop = aggregator(tmp_path)
        async with running(loop):
            append(one, 1000)
            append(two, 300)
            await until(lambda: loop.status()["inserted"] == 1300)
            append(one, 500)
            one.close()
            two.close()
            await until(lambda: not list((tmp_path / "journal").glob("[0-9]*")))
        assert problems(client, {7: 1500, 2**63 - 8: 300}) == []
        closed = client.query("SELECT source, last_seq FROM sources FINAL WHERE state = 'closed' ORDER BY source")
        assert closed.result_rows == [(7, 1500), (2**63 - 8, 300)]
        assert list((tmp_path / "aggregator" / "intents").iterdir()) == []
    finally:
        client.close()
