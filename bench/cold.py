"""Cost of a redirect with its route read from Redis, compared with one from the cache."""

from collections.abc import Iterator
from functools import partial

import msgspec

from bench import load, stack
from bench.figures import Figure, Say, figure
from bench.redirect import bout

NAME = "cold"


class Size(msgspec.Struct, frozen=True):
    """In each round, so many slugs that the worker has never seen are asked for, and then again."""

    rounds: int
    slugs: int


FULL = Size(rounds=5, slugs=20_000)
TINY = Size(rounds=1, slugs=200)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    cold, hot = [], []
    with stack.running() as up:
        worker = up.worker()
        for number in range(size.rounds):
            say(f"round {number + 1} of {size.rounds}: {size.slugs:,} routes")
            slugs = [f"cold{number}-{place}" for place in range(size.slugs)]
            up.write_routes(slugs, first_birth=1_000_000 * (number + 1))
            paths = [f"/{slug}" for slug in slugs]
            cold.append(bout(worker, partial(load.each, up.redirect_port, paths)))
            hot.append(bout(worker, partial(load.each, up.redirect_port, paths)))
    ratios = [after.cpu_us / before.cpu_us for before, after in zip(cold, hot, strict=True)]
    yield figure(NAME, "cold redirect against the hot one, processor time", ratios, "×", at_least=0.3)
    yield figure(NAME, "cold redirect: processor time of one answer", [one.cpu_us for one in cold], "µs")
    yield figure(NAME, "cold redirect: answers", [one.per_second for one in cold], "/s")
    yield figure(NAME, "the same slugs hot: answers", [one.per_second for one in hot], "/s")
