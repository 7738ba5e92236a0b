"""Memory of a redirect worker with a full cache."""

from collections.abc import Iterator

import msgspec

from bench import load, stack
from bench.figures import Figure, Say, figure
from bench.machine import resident_mb

NAME = "memory"


class Size(msgspec.Struct, frozen=True):
    routes: int


# The redirector's bound on its cache, when nothing else is said.
FULL = Size(routes=100_000)
TINY = Size(routes=500)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    with stack.running() as up:
        worker = up.worker()
        before = resident_mb(worker)
        slugs = [f"mem-{place}" for place in range(size.routes)]
        say(f"{size.routes:,} routes")
        up.write_routes(slugs, first_birth=1_000_000)
        for at in range(0, len(slugs), 10_000):
            load.each(up.redirect_port, [f"/{slug}" for slug in slugs[at : at + 10_000]])
            say(f"{at:,} of {size.routes:,} cached")
        after = resident_mb(worker)
    yield figure(NAME, f"redirect worker with {size.routes:,} routes cached", [after], "MB", at_most=200)
    yield figure(NAME, "redirect worker with none", [before], "MB")
