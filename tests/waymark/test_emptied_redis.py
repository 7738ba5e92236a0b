"""An empty Redis beside stored scans, on a cluster: nothing begins anew there unless that is said."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from codes.redis_client import connect
from harness.clickhouse import server as clickhouse
from infra.migrate import migrate
from infra.warehouse import Warehouse
from tests.ingest.events import event, open_journal, rest_of
from waymark.command import main
from waymark.emptied_redis import Emptied
from waymark.settings import read
from waymark.startup_checks import Prepared, prepare


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with clickhouse.apart(tmp_path_factory.mktemp("clickhouse")) as url:
        yield url


def scanned(warehouse: str, code: int) -> None:
    client = Warehouse(url=warehouse).connect()
    try:
        migrate(client)
        client.command(f"INSERT INTO scans (code, source, seq, ts) VALUES ({code}, 1, 1, now64(3))")
    finally:
        client.close()


async def test_it_is_refused_where_the_warehouse_has_scans(warehouse: str, redis_url: str, tmp_path: Path) -> None:
    environment = {"WAYMARK_REDIS_URL": redis_url, "WAYMARK_CLICKHOUSE_URL": warehouse, "WAYMARK_DATA": str(tmp_path)}
    settings = read(environment)
    at = Warehouse(url=warehouse)
    redis = connect(redis_url)
    try:
        # A first start: there is nothing but a stranger's visit of a slug that is not there.
        scanned(warehouse, 0)
        await prepare(settings, at, redis, Prepared())
        scanned(warehouse, 1)
        with pytest.raises(Emptied, match="there are scans in the warehouse"):
            await prepare(settings, at, redis, Prepared())
    finally:
        await redis.aclose()


def test_no_command_makes_it_look_like_a_first_start(
    warehouse: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(warehouse, 1)
    monkeypatch.setenv("WAYMARK_REDIS_URL", redis_url)
    monkeypatch.setenv("WAYMARK_CLICKHOUSE_URL", warehouse)
    monkeypatch.setenv("WAYMARK_DATA", str(tmp_path))
    for words in (["key", "create"], ["workspace", "create", "default"], ["check"]):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == (1 if words == ["check"] else 2), done.output
        assert "there are scans in the warehouse of WAYMARK_CLICKHOUSE_URL" in done.output
    assert CliRunner().invoke(main, ["workspace", "create", "default", "--new"]).exit_code == 0
    assert CliRunner().invoke(main, ["key", "create"]).exit_code == 0


def test_scans_in_a_journal_count_as_well(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYMARK_REDIS_URL", redis_url)
    monkeypatch.setenv("WAYMARK_DATA", str(tmp_path))
    for source, code in ((1, 0), (2, 7)):
        journal = open_journal(tmp_path / "journal", source)
        journal.append(rest_of(event(source, 1, code=code)))
        journal.close()
        assert CliRunner().invoke(main, ["check"]).exit_code == (1 if code else 0)
    done = CliRunner().invoke(main, ["key", "create"])
    assert done.exit_code == 2
    assert f"there are scans in the journals of {tmp_path / 'journal'}" in done.output
    assert CliRunner().invoke(main, ["workspace", "create", "default", "--new"]).exit_code == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("secret", "hush"), "ClickHouse does not let us in: .*AUTHENTICATION_FAILED"),
        (("default:secret@", ""), "ClickHouse does not let us in: .*REQUIRED_PASSWORD"),
        (("http:", "https:"), r"ClickHouse at 127\.0\.0\.1:\d+ does not answer: .*SSL"),
    ],
)
def test_a_check_says_in_one_line_why_it_is_not_let_in(
    warehouse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], said: str
) -> None:
    monkeypatch.setenv("WAYMARK_CLICKHOUSE_URL", warehouse.replace(*change))
    monkeypatch.setenv("WAYMARK_DATA", str(tmp_path))
    done = CliRunner().invoke(main, ["check", "--json"])
    (found,) = [one for one in json.loads(done.stdout) if one["about"] == "warehouse"]
    assert done.exit_code == 1 and found["state"] == "bad"
    assert re.match(said, found["text"]) and "hush" not in done.output and "\n" not in found["text"]
