"""A rebuild mends whatever is wrong with the rollups, and may be killed at any point."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from aggregator.audit.report import Evidence, audit
from aggregator.rebuild import Step, plan, rebuild
from infra.rollups import ROLLUPS
from tests.aggregator import stock

ALL = [Step(rollup, year) for year in (2027, 2028) for rollup in ROLLUPS]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with stock.warehouse(tmp_path_factory.mktemp("warehouse")) as client:
        yield client


@pytest.fixture
def client(engine: Client) -> Client:
    stock.empty(engine)
    fill(engine)
    return engine


def fill(client: Client) -> None:
    stock.store(client, 7, range(1, 301))
    stock.close(client, 7, 300)


def spoil(client: Client) -> None:
    """Lost, doubled and wrong entries, and some of a year in which there was nothing."""
    stock.remove(client, "scans_by_time", "code = 2")
    client.command("INSERT INTO scans_by_time SELECT * FROM scans_by_time WHERE code = 3")
    stock.remove(client, "scans_by_value", "dimension = 'country'")
    client.command("INSERT INTO scans_by_value VALUES (1, 2, 'country', '2027-12-31', 'XX', 'human', 5)")
    client.command("INSERT INTO scans_by_value VALUES (1, 2, 'country', '2031-12-31', 'XX', 'human', 5)")


def problems(client: Client) -> int:
    return len(audit(client, Evidence(), sleep=lambda _: None).days)


def test_it_mends_what_is_wrong(client: Client) -> None:
    spoil(client)
    assert problems(client) > 4
    said: list[str] = []
    assert rebuild(client, lambda what, done, total: said.append(f"{what} {done}/{total}")) == 3 * len(ROLLUPS)
    assert problems(client) == 0 and audit(client, Evidence()).clean
    assert said[:3] == ["scans_by_time 2027 0/1", "scans_by_time 2027 1/1", "scans_by_time 2027 in place 1/1"]
    tables = {row[0] for row in client.query("SHOW TABLES").result_rows}
    assert not {name for name in tables if "rebuilt" in name}


class Killed(BaseException):
    """Stands for a kill: nobody catches it."""


def test_it_goes_on_where_it_stopped(client: Client) -> None:
    spoil(client)
    rounds = []
    while True:
        made: list[str] = []

        def stop_at_the_third(what: str, done: int, total: int, made: list[str] = made) -> None:
            made.append(what)
            if len(made) == 4:
                raise Killed

        rounds.append(plan(client))
        try:
            rebuild(client, stop_at_the_third)
            break
        except Killed:
            continue
    left = [len(each) for each in rounds]
    assert left[:3] == [15, 14, 13] and left == sorted(left, reverse=True) and left[-1] == 0
    assert audit(client, Evidence()).clean
    assert plan(client) == ALL, "what is finished is forgotten"
    assert plan(client, anew=True) == ALL


def test_events_stored_after_an_interruption_are_not_lost(client: Client) -> None:
    spoil(client)

    def stop(what: str, done: int, total: int) -> None:
        if what == "scans_by_value 2027 in place":
            raise Killed

    with pytest.raises(Killed):
        rebuild(client, stop)
    stock.store(client, 8, range(1, 50))
    stock.close(client, 8, 49)
    assert rebuild(client) == 3 * len(ROLLUPS) - 1
    assert audit(client, Evidence()).clean


def test_an_empty_warehouse_has_nothing_to_rebuild(engine: Client) -> None:
    stock.empty(engine)
    assert rebuild(engine) == 0


CHILD = """
import os, signal, sys
from pathlib import Path
from aggregator.rebuild import rebuild
from tests.aggregator import stock

left = int(sys.argv[2])

def kill(what, done, total):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

with stock.warehouse(Path(sys.argv[1])) as client:
    rebuild(client, kill)
"""


@pytest.mark.kill
def test_it_may_be_killed_at_every_step(tmp_path: Path) -> None:
    """In a process of its own, which begins with what the one before left behind."""
    run = [sys.executable, "-c", f"{FILL}\n{CHILD}", str(tmp_path), "0"]
    killed = 0
    for calls in [0, 1, 2, 2, 3, 4, 5, 100]:
        run[-1] = str(calls)
        result = subprocess.run(run, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=120)
        if result.returncode != -signal.SIGKILL:
            assert result.returncode == 0, result.stderr
            break
        killed += 1
    assert killed >= 5
    check = [sys.executable, "-c", CHECK, str(tmp_path)]
    assert subprocess.run(check, cwd=Path(__file__).parents[2], timeout=120, env=os.environ).returncode == 0


FILL = """
import sys
from pathlib import Path
from tests.aggregator import stock, test_rebuild

if not (Path(sys.argv[1]) / "chdb").exists():
    with stock.warehouse(Path(sys.argv[1])) as client:
        test_rebuild.fill(client)
        test_rebuild.spoil(client)
"""

CHECK = """
import sys
from pathlib import Path
from aggregator.audit.evidence import Evidence
from aggregator.audit.report import audit
from tests.aggregator import stock

with stock.warehouse(Path(sys.argv[1])) as client:
    sys.exit(not audit(client, Evidence()).clean)
"""
