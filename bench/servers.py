"""Compare the HTTP servers that the redirector could run on, one after another, with the same client."""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import msgspec

from bench import load, stack
from bench.baseline import Server, wait_for
from bench.figures import Figure, Say, figure
from bench.redirect import Bout, bout
from bench.redirector import SERVERS
from harness.launcher import ROOT
from harness.ports import free_ports
from schemas.route import Route
from waymark import embedded_redis
from waymark.data_dir import DataDir

NAME = "servers"
SLUG = "servers"


class Size(msgspec.Struct, frozen=True):
    rounds: int
    seconds: float
    tries: int


FULL = Size(rounds=5, seconds=4, tries=40_000)
TINY = Size(rounds=1, seconds=1, tries=100)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    bouts: dict[str, list[Bout]] = {server: [] for server in SERVERS}
    with ExitStack() as entered:
        up = entered.enter_context(stack.running())
        up.write(SLUG, Route(version=1, birth=1_000_000_009, workspace=1, destination="https://www.example.com/"))
        folder = Path(entered.enter_context(tempfile.TemporaryDirectory(prefix="wm-bench-")))
        redis_url = embedded_redis.url(DataDir(up.data))
        running = {server: entered.enter_context(_served(server, redis_url, folder)) for server in SERVERS}
        for server in running.values():
            load.each(server.port, [f"/{SLUG}"] * min(2_000, size.tries))
        for number in range(size.rounds):
            for name, server in running.items():
                say(f"round {number + 1} of {size.rounds}: {name}")
                drive = partial(load.hot, server.port, f"/{SLUG}", seconds=size.seconds, tries=size.tries)
                bouts[name].append(bout(server.pid, drive))
    for name, found in bouts.items():
        yield figure(NAME, f"{name}: processor time of one answer", [one.cpu_us for one in found], "µs")
        yield figure(NAME, f"{name}: answers", [one.per_second for one in found], "/s")
    ours = bouts[SERVERS[0]]
    for name in SERVERS[1:]:
        ratios = [theirs.per_second / one.per_second for one, theirs in zip(ours, bouts[name], strict=True)]
        yield figure(NAME, f"{name} against {SERVERS[0]}, answers", ratios, "×", pick=statistics.median)


@contextmanager
def _served(server: str, redis_url: str, folder: Path) -> Iterator[Server]:
    port = free_ports(1)[0]
    journal = folder / f"journal-{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.redirector", server, str(port), redis_url, str(journal)], cwd=ROOT
    )
    try:
        wait_for(port, process)
        yield Server(port=port, pid=process.pid)
    finally:
        process.terminate()
        process.wait(20)
