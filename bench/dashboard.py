"""The dashboard in Chromium, on the demonstration: until the overview is drawn, after a click, after a scan; and how
long its build takes."""

import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec

from bench import stack
from bench.chromium import LONGEST_S, measured
from bench.figures import Figure, Say, figure
from harness.launcher import ROOT, WAYMARK, clean_environment

NAME = "dashboard"


class Size(msgspec.Struct, frozen=True):
    scans: int
    rounds: int
    builds: int


FULL = Size(scans=200_000, rounds=10, builds=1)
TINY = Size(scans=300, rounds=1, builds=0)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    with stack.running() as up:
        say(f"{size.scans:,} scans of the demonstration")
        demo = [*WAYMARK, "demo", "--scans", str(size.scans), "--data", str(up.data)]
        subprocess.run(demo, check=True, capture_output=True, timeout=LONGEST_S, cwd=ROOT, env=clean_environment())
        say(f"{size.rounds} rounds in Chromium")
        found = measured(up, size.rounds)
    yield figure(NAME, "overview, from navigation to the last chart, cold", found["cold"], "ms", at_most=1500)
    yield figure(NAME, "overview, a change of filter to the last chart", found["filter"], "ms", at_most=400)
    yield figure(NAME, "longest task while a year is drawn", found["year"], "ms", at_most=50)
    yield figure(NAME, "the live number after a scan", found["live"], "ms", at_most=2000)
    if size.builds:
        say("building")
        yield figure(
            NAME, "build of the dashboard, with its packages", [_build() for _ in range(size.builds)], "s", at_most=45
        )


def _build() -> float:
    """Seconds of the build in a fresh clone, but for Node itself: packages are installed anew."""
    for stamp in ("dist/.built", "node_modules/.installed"):
        (ROOT / "dashboard" / stamp).unlink(missing_ok=True)
    began = time.perf_counter()
    subprocess.run([sys.executable, "deploy/build_dashboard.py"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
