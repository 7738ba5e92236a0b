"""The aggregator is killed at every place where it could hurt, and started again. What counts is what is
stored in the end: every event once, and rollups that follow from it."""

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.aggregator.following import Follower
from tests.aggregator.killing import (
    drive,
    finishes,
    follow,
    killed_at_rename,
    on_the_way,
    prepared,
    redirector_killed,
    start,
)
from tests.aggregator.running import append, journal
from tests.servers import require

pytestmark = [pytest.mark.kill, pytest.mark.timeout(150)]

COUNT = 300
# Four months of raw, and two years of each rollup, in the order in which an insert names them.
_ROLLUPS = ("scans_by_time", "workspace_by_time", "scans_by_value", "workspace_by_value", "workspace_by_month")
INSERTED = ("scans", "scans", "scans", "scans", *(rollup for rollup in _ROLLUPS for _ in range(2)))


@pytest.mark.parametrize(
    "die_at",
    [
        *("gathered:1", "gathered:2", "declared:1", "declared:2", "rows inserted:1", "rows inserted:2"),
        *("inserted:1", "inserted:2", "noted:1", "noted:2", "logged:1", "logged:2"),
    ],
)
def test_killed_at_a_checkpoint(tmp_path: Path, die_at: str) -> None:
    expected = {7: COUNT, 8: COUNT}
    reader = Follower()
    prepared(tmp_path, expected)
    assert drive(tmp_path, "--die-at", die_at)[0] == -signal.SIGKILL
    follow(tmp_path, reader)
    finishes(tmp_path, expected)
    follow(tmp_path, reader)
    assert reader.problems(expected) == []


@pytest.fixture
def ptrace() -> None:
    require.programs("strace", why="kills at the rename of a part")


@pytest.mark.parametrize("number", range(1, len(INSERTED) + 1))
@pytest.mark.usefixtures("ptrace")
def test_killed_at_each_rename_of_a_part(tmp_path: Path, number: int) -> None:
    expected = {7: COUNT}
    prepared(tmp_path, expected)
    assert killed_at_rename(tmp_path, number, "declared:1")
    finishes(tmp_path, expected)


def damaged_at(folder: Path, rename: int) -> Path:
    require.programs("strace", why="kills at the rename of a part")
    prepared(folder, {7: COUNT})
    assert killed_at_rename(folder, rename, "declared:1")
    return folder


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An insert that was killed when one of raw's four parts had no name yet, and no view had run."""
    return damaged_at(tmp_path_factory.mktemp("damaged") / "one", 3)


@pytest.fixture(scope="module")
def half_summed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whose rows are there, and which was killed when the first of two parts of its sums by value had no name."""
    return damaged_at(tmp_path_factory.mktemp("half-summed") / "one", INSERTED.index("scans_by_value") + 1)


@pytest.fixture(scope="module", params=["workspace_by_value", "workspace_by_month"])
def without_workspaces(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """One whose codes have their sums, and which was killed at the first part of those of its workspaces."""
    return damaged_at(tmp_path_factory.mktemp("without") / "one", INSERTED.index(request.param) + 1)


@pytest.mark.usefixtures("ptrace")
def test_a_redirector_killed_in_the_middle_of_a_group(tmp_path: Path, redis_url: str) -> None:
    expected = redirector_killed(tmp_path, redis_url)
    finishes(prepared(tmp_path, {}), expected)


REPAIR = (
    *("recovering", "rows retried", "retried", "missing inserted", "scans_by_time deleted", "scans_by_time inserted"),
    *("noted", "recovered"),
)
SUMS_REPAIR = ("rows retried", "retried", "scans_by_value deleted", "scans_by_value inserted")
WORKSPACES_REPAIR = ("retried", "workspace_by_month deleted", "workspace_by_month inserted", "recovered")


@pytest.mark.parametrize("name", REPAIR)
def test_killed_at_each_checkpoint_of_the_repair(tmp_path: Path, damaged: Path, name: str) -> None:
    folder = Path(shutil.copytree(damaged, tmp_path / "copy", symlinks=True))
    assert drive(folder, "--die-at", f"{name}:1")[0] == -signal.SIGKILL
    finishes(folder, {7: COUNT})


@pytest.mark.parametrize("name", SUMS_REPAIR)
def test_killed_at_each_checkpoint_of_the_repair_of_sums(tmp_path: Path, half_summed: Path, name: str) -> None:
    folder = Path(shutil.copytree(half_summed, tmp_path / "copy", symlinks=True))
    assert drive(folder, "--die-at", f"{name}:1")[0] == -signal.SIGKILL
    finishes(folder, {7: COUNT})


@pytest.mark.parametrize("name", WORKSPACES_REPAIR)
def test_killed_at_each_checkpoint_of_the_repair_of_workspaces(
    tmp_path: Path, without_workspaces: Path, name: str
) -> None:
    folder = Path(shutil.copytree(without_workspaces, tmp_path / "copy", symlinks=True))
    drive(folder, "--die-at", f"{name}:1")
    finishes(folder, {7: COUNT})


@pytest.mark.parametrize("number", [1, 4, 7, 10, 13, 16])
def test_killed_at_renames_of_the_repair(tmp_path: Path, damaged: Path, number: int) -> None:
    folder = Path(shutil.copytree(damaged, tmp_path / "copy", symlinks=True))
    killed_at_rename(folder, number, "recovering:1", everywhere=True)
    finishes(folder, {7: COUNT})


def test_killed_at_random_while_events_come(tmp_path: Path) -> None:
    dice, reader = random.Random(11), Follower()
    folder = prepared(tmp_path, {})
    one = journal(folder, 7)
    for _ in range(8):
        with on_the_way(folder) as (way, _):
            process = start(folder, *way)
            until = time.monotonic() + dice.uniform(0.3, 2.0)
            while time.monotonic() < until:
                append(one, 100)
                time.sleep(0.02)
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        follow(folder, reader)
    one.close()
    finishes(folder, {7: one.seq})
    follow(folder, reader)
    assert reader.problems({7: one.seq}) == []
