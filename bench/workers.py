"""Cost per answer with two redirect workers, compared with one."""

import statistics
from collections.abc import Iterator
from functools import partial

import msgspec

from bench import load, stack
from bench.figures import Figure, Say, figure
from bench.machine import cpu_seconds

NAME = "workers"


class Size(msgspec.Struct, frozen=True):
    rounds: int
    seconds: float
    tries: int
    workers: tuple[int, ...]


FULL = Size(rounds=5, seconds=4, tries=40_000, workers=(1, 2))
TINY = Size(rounds=1, seconds=1, tries=200, workers=(1,))


def measure(size: Size, say: Say) -> Iterator[Figure]:
    costs: dict[int, float] = {}
    for workers in size.workers:
        with stack.running(workers=workers) as up:
            path = f"/{up.create('https://www.example.com/landing')['slug']}"
            pids = up.workers()
            drive = partial(load.hot, up.redirect_port, path, seconds=size.seconds, tries=size.tries)
            drive()
            spent, shares, speeds = [], [], []
            for number in range(size.rounds):
                say(f"{workers} workers: round {number + 1} of {size.rounds}")
                before = [cpu_seconds(pid) for pid in pids]
                done = drive()
                used = [cpu_seconds(pid) - began for pid, began in zip(pids, before, strict=True)]
                spent.append(sum(used) / done.answers * 1e6)
                shares.append(min(used) / max(used))
                speeds.append(done.per_second)
        costs[workers] = statistics.median(spent)
        yield figure(NAME, f"{workers} workers: processor time of one answer, all of them", spent, "µs")
        yield figure(NAME, f"{workers} workers: the least busy against the busiest", shares, "×")
        yield figure(NAME, f"{workers} workers: answers", speeds, "/s")
    one, most = size.workers[0], size.workers[-1]
    yield figure(
        NAME, f"an answer of {one} worker against one of {most}, processor time", [costs[one] / costs[most]], "×"
    )
