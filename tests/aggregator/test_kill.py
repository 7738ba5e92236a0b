"""The aggregator is killed at every place where it could hurt, and started again. What counts is what is
stored in the end: every event once, and rollups that follow from it."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from infra.migrate import migrate
from infra.warehouse import Warehouse
from ingest.reader import sources
from tests.aggregator.exact import problems
from tests.aggregator.running import append, journal
from tests.redirect.asked_at_once import killed_half_written
from tests.redirect.scanner import Publisher, redirector, until
from tests.servers import require

pytestmark = [pytest.mark.kill, pytest.mark.timeout(150)]

COUNT = 1500
PARTS = 8
CALLS = "rename,renameat,renameat2"


@cache
def tables() -> TemporaryDirectory[str]:
    """An empty warehouse, made once for the run."""
    made = TemporaryDirectory(prefix="wm-tables-")
    client = Warehouse(folder=Path(made.name)).connect()
    migrate(client)
    client.close()
    return made


def prepared(folder: Path, sources: dict[int, int]) -> Path:
    shutil.copytree(tables().name, folder / "warehouse", symlinks=True)
    for source, count in sources.items():
        one = journal(folder, source)
        append(one, count)
        one.close()
    return folder


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.aggregator.drive", str(folder), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def drive(folder: Path, *options: str) -> tuple[int, list[str]]:
    process = start(folder, *options)
    try:
        said, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, said.splitlines()


def check(folder: Path, expected: dict[int, int]) -> None:
    client = Warehouse(folder=folder / "warehouse").connect()
    try:
        assert problems(client, expected) == []
    finally:
        client.close()


def finishes(folder: Path, expected: dict[int, int]) -> None:
    status, said = drive(folder)
    assert (status, said[-1]) == (0, "stored")
    check(folder, expected)


def killed_at_rename(
    folder: Path, number: int, hold_at: str, *, everywhere: bool = False, options: tuple[str, ...] = ()
) -> bool:
    """Runs until the warehouse's thread (or, `everywhere`, any) renames for the number-th time after the
    checkpoint; that rename does not happen. False when it came to its end before."""
    process = start(folder, *options, "--hold-at", hold_at)
    assert process.stdin is not None and process.stdout is not None
    said = ""
    while not said.startswith("holding "):
        said = process.stdout.readline()
        assert said, "it ended before it came to the checkpoint"
    whom = ["-f", "-p", str(process.pid)] if everywhere else ["-p", said.split()[1]]
    strace = subprocess.Popen(
        ["strace", *whom, "-e", f"trace={CALLS}", "-e", f"inject={CALLS}:signal=SIGKILL:when={number}"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert strace.stderr is not None
    attached = strace.stderr.readline()
    assert "attached" in attached, attached
    process.communicate("go\n", timeout=60)
    strace.communicate(timeout=20)
    assert process.returncode in (0, -signal.SIGKILL)
    return process.returncode != 0


@pytest.mark.parametrize(
    "die_at",
    [
        *("gathered:1", "gathered:2", "declared:1", "declared:2", "rows inserted:1", "rows inserted:2"),
        *("inserted:1", "inserted:2", "noted:1", "noted:2"),
    ],
)
def test_killed_at_a_checkpoint(tmp_path: Path, die_at: str) -> None:
    expected = {7: COUNT, 8: COUNT}
    prepared(tmp_path, expected)
    assert drive(tmp_path, "--die-at", die_at)[0] == -signal.SIGKILL
    finishes(tmp_path, expected)


@pytest.fixture
def ptrace() -> None:
    require.programs("strace", why="kills at the rename of a part")


@pytest.mark.parametrize("number", range(1, PARTS + 1))
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
    return damaged_at(tmp_path_factory.mktemp("half-summed") / "one", PARTS - 1)


def redirector_killed(folder: Path, redis_url: str) -> dict[int, int]:
    """Its source, and how many events it has, of which none is half."""
    with closing(Publisher(redis_url)) as publisher, redirector(folder, redis_url) as server:
        publisher.write("abc", "https://example.com/")
        until(server.trusted, "trust")
        count = killed_half_written(server, "abc")
    (source,) = sources(folder / "journal")
    return {source: count}


@pytest.mark.usefixtures("ptrace")
def test_a_redirector_killed_in_the_middle_of_a_group(tmp_path: Path, redis_url: str) -> None:
    expected = redirector_killed(tmp_path, redis_url)
    finishes(prepared(tmp_path, {}), expected)


REPAIR = (
    *("recovering", "rows retried", "retried", "missing inserted", "scans_by_time deleted", "scans_by_time inserted"),
    *("noted", "recovered"),
)
SUMS_REPAIR = ("rows retried", "retried", "scans_by_value deleted", "scans_by_value inserted")


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


@pytest.mark.parametrize("number", [1, 4, 7, 10, 13, 16])
def test_killed_at_renames_of_the_repair(tmp_path: Path, damaged: Path, number: int) -> None:
    folder = Path(shutil.copytree(damaged, tmp_path / "copy", symlinks=True))
    killed_at_rename(folder, number, "recovering:1", everywhere=True)
    finishes(folder, {7: COUNT})


def test_killed_at_random_while_events_come(tmp_path: Path) -> None:
    dice = random.Random(11)
    folder = prepared(tmp_path, {})
    one = journal(folder, 7)
    for _ in range(8):
        process = start(folder)
        until = time.monotonic() + dice.uniform(0.3, 2.0)
        while time.monotonic() < until:
            append(one, 100)
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    one.close()
    finishes(folder, {7: one.seq})
