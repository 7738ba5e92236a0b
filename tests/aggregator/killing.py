"""Aggregators as processes that are killed, and what must be stored when another has gone on."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from harness.clickhouse.server import started
from infra.migrate import migrate
from infra.warehouse import Warehouse
from ingest.reader import sources
from tests.aggregator import following
from tests.aggregator.engines import SERVER, of_processes
from tests.aggregator.exact import problems
from tests.aggregator.running import append, journal
from tests.redirect.asked_at_once import killed_half_written
from tests.redirect.scanner import Publisher, redirector, until
from tests.servers.wire import WIRE

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
    if SERVER:
        client = of_processes(folder).connect()
        migrate(client)
        client.close()
    else:
        shutil.copytree(tables().name, folder / "warehouse", symlinks=True)
    for source, count in sources.items():
        one = journal(folder, source)
        append(one, count)
        one.close()
    return folder


@contextmanager
def on_the_way(folder: Path) -> Iterator[tuple[list[str], int]]:
    """What `start` needs to know, and the process of the server where there is one of ours."""
    if SERVER:
        yield ["--url", of_processes(folder).url or ""], 0
    elif WIRE:
        with started(folder / "warehouse") as server:
            try:
                assert server.stdout is not None
                yield ["--url", f"{server.stdout.readline().strip()}/default"], server.pid
            finally:
                server.kill()
    else:
        yield [], 0


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.aggregator.drive", str(folder), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def drive(folder: Path, *options: str) -> tuple[int, list[str]]:
    with on_the_way(folder) as (way, _):
        process = start(folder, *options, *way)
        try:
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, said.splitlines()


def check(folder: Path, expected: dict[int, int]) -> None:
    client = of_processes(folder).connect()
    try:
        assert problems(client, expected) == []
        assert following.problems(client, expected) == []
    finally:
        client.close()


def follow(folder: Path, reader: following.Follower) -> None:
    """Reads what the feed has, between two processes."""
    client = of_processes(folder).connect()
    try:
        reader.catch_up(client)
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
    if SERVER:
        pytest.skip("a server's renames are its own")
    with on_the_way(folder) as (way, server):
        process = start(folder, *options, *way, "--hold-at", hold_at)
        assert process.stdin is not None and process.stdout is not None
        said = ""
        while not said.startswith("holding "):
            said = process.stdout.readline()
            assert said, "it ended before it came to the checkpoint"
        whom = ["-f", "-p", str(server or process.pid)] if everywhere or server else ["-p", said.split()[1]]
        strace = subprocess.Popen(
            ["strace", *whom, "-e", f"trace={CALLS}", "-e", f"inject={CALLS}:signal=SIGKILL:when={number}"],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert strace.stderr is not None
        attached = strace.stderr.readline()
        assert "attached" in attached, attached
        if server:
            return _killed_server(process, strace)
        process.communicate("go\n", timeout=60)
        strace.communicate(timeout=20)
        assert process.returncode in (0, -signal.SIGKILL)
        return process.returncode != 0


def _killed_server(process: subprocess.Popen[str], strace: subprocess.Popen[str]) -> bool:
    """The same of a server; the aggregator, which would wait for it, is ended when it is gone."""
    assert process.stdin is not None
    print("go", file=process.stdin, flush=True)
    until(lambda: process.poll() is not None or strace.poll() is not None, "an end of either")
    killed = process.poll() is None
    for one in (process, strace):
        one.kill()
        one.communicate()
    return killed


def redirector_killed(folder: Path, redis_url: str) -> dict[int, int]:
    """Its source, and how many events it has, of which none is half."""
    with closing(Publisher(redis_url)) as publisher, redirector(folder, redis_url) as server:
        publisher.write("abc", "https://example.com/")
        until(server.trusted, "trust")
        count = killed_half_written(server, "abc")
    (source,) = sources(folder / "journal")
    return {source: count}
