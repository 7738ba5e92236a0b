"""What one hot redirect costs its worker, beside the usual way. (`bench.peers` has other servers.)

The worker is that of a running `waymark up`: it records every scan, and the aggregator stores them beside it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import msgspec

from bench import load, stack
from bench.baseline import served
from bench.figures import Figure, Say, figure
from bench.machine import cpu_seconds
from bench.rules import SLUG, busy_route

NAME = "redirect"


class Size(msgspec.Struct, frozen=True):
    """Rounds of all sides in turn; seconds of load for each side in a round, or requests without `wrk`."""

    rounds: int
    seconds: float
    tries: int


FULL = Size(rounds=7, seconds=4, tries=40_000)
TINY = Size(rounds=1, seconds=1, tries=200)

OURS, USUAL = "waymark", "Starlette RedirectResponse"
BUSY = "a code with 10 rules and 10 variants"


class Bout(msgspec.Struct, frozen=True):
    """One side of one round."""

    cpu_us: float
    per_second: float


def measure(size: Size, say: Say) -> Iterator[Figure]:
    bouts: dict[str, list[Bout]] = {OURS: [], BUSY: [], USUAL: []}
    with ExitStack() as entered:
        up = entered.enter_context(stack.running())
        slug = up.create("https://www.example.com/landing")["slug"]
        up.write(SLUG, busy_route())
        usual = entered.enter_context(served("usual"))
        sides = {
            OURS: (up.worker(), up.redirect_port, f"/{slug}"),
            BUSY: (up.worker(), up.redirect_port, f"/{SLUG}"),
            USUAL: (usual.pid, usual.port, f"/{slug}"),
        }
        for pid, port, path in sides.values():
            bout(pid, partial(load.each, port, [path] * min(2000, size.tries)))
        for number in range(size.rounds):
            for side, (pid, port, path) in sides.items():
                say(f"round {number + 1} of {size.rounds}: {side}")
                drive = partial(load.hot, port, path, seconds=size.seconds, tries=size.tries)
                bouts[side].append(bout(pid, drive))
    yield from _figures(bouts)


def bout(pid: int, drive: Callable[[], load.Load]) -> Bout:
    """Processor time of the process for each answer of the load."""
    before = cpu_seconds(pid)
    done = drive()
    return Bout(cpu_us=(cpu_seconds(pid) - before) / done.answers * 1e6, per_second=done.per_second)


def _figures(bouts: dict[str, list[Bout]]) -> Iterator[Figure]:
    ratios = [theirs.cpu_us / ours.cpu_us for ours, theirs in zip(bouts[OURS], bouts[USUAL], strict=True)]
    yield figure(NAME, f"hot redirect against {USUAL}, processor time", ratios, "×", at_least=1.3)
    ratios = [plain.cpu_us / busy.cpu_us for plain, busy in zip(bouts[OURS], bouts[BUSY], strict=True)]
    yield figure(NAME, f"{BUSY} against a plain one, processor time", ratios, "×", at_least=0.6)
    for side, found in bouts.items():
        yield figure(NAME, f"{side}: processor time of one answer", [one.cpu_us for one in found], "µs")
        yield figure(NAME, f"{side}: answers", [one.per_second for one in found], "/s")
