"""Waymark beside a bare ASGI app, nginx with an access log and any other server that is given, in turns in one run:
what an answer costs, and for Waymark also what it costs until the scan is stored."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial

import msgspec

from bench import load, sides, stack
from bench.against import other_tree
from bench.figures import Figure, Say, figure, plain
from bench.sides import BARE, NGINX, Bout, Side

NAME = "peers"
CONNECTIONS = 64
OURS = "waymark"

# What is said of a side, in the order of the table's columns.
CPU, ANSWERS, P50, P99 = "processor time of one answer", "answers", "p50", "p99"
STORING, WHOLE = "processor time until a scan is stored, after its answer", "whole way of a scan"
ANSWERED, COUNTED = "answered in all rounds", "on record"


class Size(msgspec.Struct, frozen=True):
    """Rounds of all sides in turn; seconds of load for each side in a round, or requests without `wrk`."""

    rounds: int
    seconds: float
    tries: int
    against: str = ""
    peers: tuple[sides.Peer, ...] = ()


FULL = Size(rounds=5, seconds=4, tries=40_000)
TINY = Size(rounds=1, seconds=1, tries=200)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    if not load.has_wrk():
        say("wrk is not installed (Debian: apt-get install wrk): a slower client of our own asks instead")
    bouts: dict[str, list[Bout]] = {}
    with ExitStack() as entered:
        here = [sides.waymark(entered.enter_context(stack.running()))]
        if size.against:
            tree = entered.enter_context(other_tree(size.against))
            here.append(sides.waymark(entered.enter_context(stack.running(root=tree.root)), tree.name))
        for made in (sides.bare(), sides.nginx(), *map(sides.installed, size.peers)):
            here += _entered(entered, made, say)
        for side in here:
            sides.bout(side, partial(load.each, side.port, [side.path] * min(2000, size.tries)))
        for number in range(size.rounds):
            # Each round begins with another side: what one leaves behind for the next is spread over all.
            turn = number % len(here)
            for side in here[turn:] + here[:turn]:
                say(f"round {number + 1} of {size.rounds}: {side.name}")
                drive = partial(
                    load.hot,
                    side.port,
                    side.path,
                    seconds=size.seconds,
                    tries=size.tries,
                    connections=CONNECTIONS,
                )
                bouts.setdefault(side.name, []).append(sides.bout(side, drive))
    yield from _figures(bouts, here[1].name if size.against else "")


def _entered(entered: ExitStack, made: AbstractContextManager[Side], say: Say) -> list[Side]:
    """The side, or nothing when it is not there, which is said."""
    try:
        return [entered.enter_context(made)]
    except sides.Missing as missing:
        say(f"left out: {missing}")
        return []


def _figures(bouts: Mapping[str, Sequence[Bout]], against: str) -> Iterator[Figure]:
    limits = {BARE: 0.75, NGINX: 1.6}
    for other, theirs in bouts.items():
        if other in (OURS, against):
            continue
        ratios = [ours.cpu_us / one.cpu_us for ours, one in zip(bouts[OURS], theirs, strict=True)]
        yield figure(
            NAME, f"cost of a hot redirect against {other}, processor time", ratios, "×", at_most=limits.get(other)
        )
    if against:
        pairs = list(zip(bouts[OURS], bouts[against], strict=True))
        for what, ratios, at_most in (
            ("cost of a hot redirect", [ours.cpu_us / one.cpu_us for ours, one in pairs], None),
            (WHOLE, [_whole(ours) / _whole(one) for ours, one in pairs], 0.7),
            ("p99", [ours.load.p99_ms / one.load.p99_ms for ours, one in pairs], 1.0),
        ):
            yield figure(NAME, f"{what} against {against}", ratios, "×", at_most=at_most)
    for name, found in bouts.items():
        yield figure(NAME, f"{name}: {CPU}", [one.cpu_us for one in found], "µs")
        yield figure(NAME, f"{name}: {ANSWERS}", [one.load.per_second for one in found], "/s")
        yield figure(NAME, f"{name}: {P50}", [one.load.p50_ms for one in found], "ms")
        yield figure(NAME, f"{name}: {P99}", [one.load.p99_ms for one in found], "ms")
        if found[0].stored_us is not None:
            yield figure(NAME, f"{name}: {STORING}", [one.stored_us or 0 for one in found], "µs")
            yield figure(NAME, f"{name}: {WHOLE}", [_whole(one) for one in found], "µs")
        yield figure(NAME, f"{name}: {ANSWERED}", [sum(one.load.answers for one in found)], "")
        if found[0].counted is not None:
            yield figure(NAME, f"{name}: {COUNTED}", [sum(one.counted or 0 for one in found)], "")


def _whole(one: Bout) -> float:
    return one.cpu_us + (one.stored_us or 0)


def table(figures: Sequence[Figure]) -> Iterator[str]:
    """One line for each side, for docs/performance.md."""
    columns = (CPU, STORING, WHOLE, ANSWERS, P50, P99, ANSWERED, COUNTED)
    cells: dict[str, dict[str, str]] = {}
    for one in figures:
        name, separator, what = one.what.partition(": ")
        if separator:
            shown = f"{one.value:,.0f}" if what in (ANSWERED, COUNTED) else f"{plain(one.value)} {one.unit}"
            cells.setdefault(name, {})[what] = shown
    yield f"| | {' | '.join(columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    for name, row in cells.items():
        yield f"| {name} | {' | '.join(row.get(column, '') for column in columns)} |"
    if not any(name == NGINX for name in cells):
        yield f"| {NGINX} | not installed{' |' * len(columns)}"
