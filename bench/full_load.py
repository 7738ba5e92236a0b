"""What a scan waits for its answer, and its code's owner for the figure, while another code is scanned as fast as the
redirector can answer."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import msgspec

from bench import load, sides, stack
from bench.against import other_tree
from bench.figures import Figure, Say, figure, percentile
from bench.freshness import visible_after

NAME = "full-load"
CONNECTIONS = 64


class Size(msgspec.Struct, frozen=True):
    """Rounds of all sides in turn; seconds of load in each, or requests without `wrk`."""

    rounds: int
    seconds: float
    tries: int
    against: str = ""


FULL = Size(rounds=5, seconds=10, tries=100_000)
TINY = Size(rounds=1, seconds=1, tries=400)


class Watched(msgspec.Struct, frozen=True):
    """A running Waymark, the code under load and the one whose scans are waited for. `bouts` and `waits` grow."""

    up: stack.Stack
    loaded: sides.Side
    code: dict[str, str]
    bouts: list[sides.Bout]
    waits: list[float]


def measure(size: Size, say: Say) -> Iterator[Figure]:
    with ExitStack() as entered:
        here = [_watched(entered.enter_context(stack.running()), "waymark")]
        if size.against:
            tree = entered.enter_context(other_tree(size.against))
            here.append(_watched(entered.enter_context(stack.running(root=tree.root)), tree.name))
        for number in range(size.rounds):
            turn = number % len(here)
            for one in here[turn:] + here[:turn]:
                say(f"round {number + 1} of {size.rounds}: {one.loaded.name}")
                _bout(one, size)
    for one in here:
        name = one.loaded.name
        yield figure(NAME, f"{name}: answers", [each.load.per_second for each in one.bouts], "/s")
        yield figure(NAME, f"{name}: p50 of a scan", [each.load.p50_ms for each in one.bouts], "ms")
        yield figure(NAME, f"{name}: p99 of a scan", [each.load.p99_ms for each in one.bouts], "ms")
        for share in (0.5, 0.99):
            yield figure(
                NAME,
                f"{name}: scan to visible in analytics, p{share * 100:.0f}",
                one.waits,
                "s",
                pick=partial(percentile, share=share),
            )
    if size.against:
        ours, theirs = (one.bouts for one in here)
        ratios = [mine.load.p99_ms / other.load.p99_ms for mine, other in zip(ours, theirs, strict=True)]
        yield figure(NAME, f"p99 of a scan against {here[1].loaded.name}", ratios, "×", at_most=1.0)


def _watched(up: stack.Stack, name: str) -> Watched:
    return Watched(up, sides.waymark(up, name), up.create("https://www.example.com/watched"), bouts=[], waits=[])


def _bout(one: Watched, size: Size) -> None:
    """Scans the other code again and again while the load lasts."""
    stop = threading.Event()
    failed: list[Exception] = []
    watching = threading.Thread(target=_watch, args=(one, stop, failed))
    drive = partial(
        load.hot,
        one.loaded.port,
        one.loaded.path,
        seconds=size.seconds,
        tries=size.tries,
        connections=CONNECTIONS,
    )

    def under_watch() -> load.Load:
        watching.start()
        try:
            return drive()
        finally:
            stop.set()
            watching.join()

    one.bouts.append(sides.bout(one.loaded, under_watch))
    if failed:
        raise failed[0]


def _watch(one: Watched, stop: threading.Event, failed: list[Exception]) -> None:
    try:
        with one.up.session() as session:
            while True:
                one.waits.append(visible_after(one.up, session, one.code, len(one.waits) + 1))
                # Not in step with the aggregator's batches.
                time.sleep(random.uniform(0, 0.3))
                if stop.is_set():
                    return
    except Exception as error:  # noqa: BLE001 (It is raised where the load is.)
        failed.append(error)
