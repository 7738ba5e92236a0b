"""How the number of codes affects a redirect: the same heavy-tailed load over one code and over a million."""

import random
from collections.abc import Iterator
from functools import partial

import msgspec

from bench import load, stack
from bench.figures import Figure, Say, figure
from bench.machine import resident_mb
from bench.redirect import Bout, bout

NAME = "codes"


class Size(msgspec.Struct, frozen=True):
    """So many codes at each step, and scans in each of the rounds."""

    steps: tuple[int, ...]
    scans: int
    rounds: int


FULL = Size(steps=(1, 1_000, 100_000, 1_000_000), scans=30_000, rounds=3)
TINY = Size(steps=(1, 50), scans=100, rounds=1)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    with stack.running() as up:
        worker = up.worker()
        written = 0
        for codes in size.steps:
            say(f"writing {codes:,} codes")
            up.write_routes([_slug(at) for at in range(written, codes)], first_birth=1_000_000 + written)
            written = codes
            bouts: list[Bout] = []
            # The first round fills the cache, and is left out.
            for number in range(size.rounds + 1):
                paths = [f"/{_slug(at)}" for at in chosen(codes, size.scans, random.Random(number))]
                say(f"{codes:,} codes: round {number} of {size.rounds}")
                bouts.append(bout(worker, partial(load.each, up.redirect_port, paths)))
            of = f"{codes:,} codes"
            yield figure(NAME, f"{of}: processor time of one answer", [one.cpu_us for one in bouts[1:]], "µs")
            yield figure(NAME, f"{of}: memory of the redirect worker", [resident_mb(worker)], "MB")


def chosen(codes: int, count: int, dice: random.Random) -> list[int]:
    """Which codes are scanned: the n-th about as often as 1/n says, as links are in life."""
    return [min(int(codes ** dice.random()), codes) - 1 for _ in range(count)]


def _slug(at: int) -> str:
    return f"many-{at}"
