"""The aggregator of this tree against another one's: the same scans through both, in turns in one run.

`python -m bench --only storing --against TREE` (a folder or a commit; without it the tree is measured against itself,
which shows how much the machine moves). Each side runs in a process of its own: processor time is all of it, merges
and reading too, until the last scan is stored.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from bench.against import Tree, other_tree
from bench.figures import Figure, Say, figure
from harness.launcher import ROOT

NAME = "storing"
OURS = "this tree"
SIDE = Path(__file__).with_name("storing_side.py")


class Size(msgspec.Struct, frozen=True):
    """So many scans for each side in each round, in so many journals at each step."""

    rounds: int
    scans: int
    steps: tuple[int, ...]
    patience_s: float
    against: str = ""


FULL = Size(rounds=5, scans=640_000, steps=(1, 16), patience_s=300)
TINY = Size(rounds=1, scans=2_000, steps=(2,), patience_s=60)


class Stored(msgspec.Struct, frozen=True):
    rate: float
    cpu_us: float


def measure(size: Size, say: Say) -> Iterator[Figure]:
    with ExitStack() as entered:
        sides = [Tree(OURS, ROOT)]
        sides.append(entered.enter_context(other_tree(size.against)) if size.against else Tree("itself", ROOT))
        for step in size.steps:
            found: dict[str, list[Stored]] = {side.name: [] for side in sides}
            for number in range(size.rounds):
                # Each round begins with the other side.
                for side in sides if number % 2 == 0 else sides[::-1]:
                    say(f"round {number + 1} of {size.rounds}, {_journals(step)}: {side.name}")
                    found[side.name].append(_stored(side, size, step))
            yield from _figures(step, found, sides[1].name, 1.3 if size.against else None)


def _stored(side: Tree, size: Size, journals: int) -> Stored:
    """Raises CalledProcessError with what it said."""
    command = [sys.executable, "-c", SIDE.read_text(), str(size.scans), str(journals), str(size.patience_s)]
    done = subprocess.run(command, cwd=side.root, stdout=subprocess.PIPE, text=True, check=True)
    rate, cpu_us = done.stdout.split()[-2:]
    return Stored(float(rate), float(cpu_us))


def _figures(step: int, found: dict[str, list[Stored]], other: str, at_least: float | None) -> Iterator[Figure]:
    pairs = list(zip(found[OURS], found[other], strict=True))
    named = _journals(step)
    yield figure(
        NAME, f"{named}: speed against {other}", [one.rate / two.rate for one, two in pairs], "×", at_least=at_least
    )
    yield figure(NAME, f"{named}: processor time against {other}", [one.cpu_us / two.cpu_us for one, two in pairs], "×")
    for name, stored in found.items():
        yield figure(NAME, f"{named}, {name}", [one.rate for one in stored], "scans/s")
        yield figure(NAME, f"{named}, {name}: processor time of a scan", [one.cpu_us for one in stored], "µs")


def _journals(count: int) -> str:
    return f"{count} journal{'s' * (count > 1)}"
