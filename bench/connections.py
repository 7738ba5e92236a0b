"""Cost of a redirect with few and many connections, with and without keep-alive, with one and two workers."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

import msgspec

from bench import load, sides, stack
from bench.against import other_tree
from bench.figures import Figure, Say, figure, plain
from bench.sides import Bout, Side

NAME = "connections"
KEPT, CLOSED = "kept alive", "closed after each answer"
CPU, ANSWERS, P99 = "processor time of one answer", "answers", "p99"


class Size(msgspec.Struct, frozen=True):
    """Rounds of all sides and steps in turn; seconds of load for each, or requests without `wrk`."""

    rounds: int
    seconds: float
    tries: int
    connections: tuple[int, ...]
    workers: tuple[int, ...]
    against: str = ""


FULL = Size(rounds=5, seconds=2, tries=20_000, connections=(1, 8, 64, 512), workers=(1, 2))
TINY = Size(rounds=1, seconds=1, tries=100, connections=(1, 8), workers=(1,))


def measure(size: Size, say: Say) -> Iterator[Figure]:
    bouts: dict[tuple[str, int, str], list[Bout]] = {}
    with ExitStack() as entered:
        here: list[Side] = []
        for workers in size.workers:
            up = entered.enter_context(stack.running(workers=workers))
            here.append(sides.waymark(up, _workers(workers)))
        if size.against:
            tree = entered.enter_context(other_tree(size.against))
            here.append(sides.waymark(entered.enter_context(stack.running(root=tree.root)), tree.name))
        for side in here:
            sides.bout(side, partial(load.each, side.port, [side.path] * min(2000, size.tries)))
        for number in range(size.rounds):
            for connections in size.connections:
                for keep_alive in (True, False):
                    turn = number % len(here)
                    for side in here[turn:] + here[:turn]:
                        step = (side.name, connections, KEPT if keep_alive else CLOSED)
                        say(f"round {number + 1} of {size.rounds}: {_named(*step)}")
                        drive = partial(
                            load.hot,
                            side.port,
                            side.path,
                            seconds=size.seconds,
                            tries=size.tries,
                            connections=connections,
                            keep_alive=keep_alive,
                        )
                        bouts.setdefault(step, []).append(sides.bout(side, drive))
    if size.against:
        pairs = zip(bouts[here[0].name, 1, KEPT], bouts[here[-1].name, 1, KEPT], strict=True)
        ratios = [ours.cpu_us / theirs.cpu_us for ours, theirs in pairs]
        what = f"cost of a hot redirect, one connection at a time, against {here[-1].name}"
        yield figure(NAME, what, ratios, "×", at_most=1.02)
    for step, found in bouts.items():
        yield figure(NAME, f"{_named(*step)}: {CPU}", [one.cpu_us for one in found], "µs")
        yield figure(NAME, f"{_named(*step)}: {ANSWERS}", [one.load.per_second for one in found], "/s")
        yield figure(NAME, f"{_named(*step)}: {P99}", [one.load.p99_ms for one in found], "ms")


def _workers(count: int) -> str:
    return f"{count} worker{'s' * (count > 1)}"


def _named(side: str, connections: int, kept: str) -> str:
    return f"{connections} connection{'s' * (connections > 1)} {kept}, {side}"


def table(figures: Sequence[Figure]) -> Iterator[str]:
    """A line for each load, the sides beside each other, for docs/performance.md."""
    cells: dict[str, dict[tuple[str, str], str]] = {}
    for one in figures:
        name, separator, what = one.what.partition(": ")
        if separator:
            row, _, side = name.rpartition(", ")
            cells.setdefault(row, {})[side, what] = f"{plain(one.value)} {one.unit}"
    named = list(dict.fromkeys(side for row in cells.values() for side, _ in row))
    columns = [(side, what) for what in (CPU, ANSWERS, P99) for side in named]
    yield f"| | {' | '.join(f'{what}, {side}' for side, what in columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    for name, found in cells.items():
        yield f"| {name} | {' | '.join(found.get(column, '') for column in columns)} |"
