"""Time from a scan until the API shows it, under load on other codes."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import requests

from bench import stack
from bench.figures import Figure, Say, figure, percentile
from harness.agents import HEADERS
from harness.launcher import ROOT

NAME = "freshness"
POLL_S = 0.01


class Size(msgspec.Struct, frozen=True):
    """Scans timed, and how many others happen each second meanwhile."""

    scans: int
    others_per_s: int


FULL = Size(scans=300, others_per_s=200)
TINY = Size(scans=2, others_per_s=20)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    waits = []
    with stack.running() as up:
        watched, other = up.create("https://www.example.com/watched"), up.create("https://www.example.com/other")
        with _others(up.redirect_port, f"/{other['slug']}", size.others_per_s), up.session() as session:
            for number in range(size.scans):
                say(f"scan {number + 1} of {size.scans}")
                waits.append(visible_after(up, session, watched, number + 1))
                # Not in step with the aggregator's batches.
                time.sleep(random.uniform(0, 0.3))
    yield figure(
        NAME,
        "scan to visible in analytics, p99",
        waits,
        "s",
        pick=lambda samples: percentile(samples, 0.99),
        at_most=1,
    )


def visible_after(up: stack.Stack, session: requests.Session, code: dict[str, str], expected: int) -> float:
    """Raises TimeoutError when the scan is not there after half a minute."""
    headers = HEADERS[expected % len(HEADERS)]
    answer = requests.get(f"{up.short}/{code['slug']}", headers=headers, allow_redirects=False, timeout=30)
    answered = time.perf_counter()
    if answer.status_code != 302:
        raise RuntimeError(f"the scan was answered with {answer.status_code}")
    while time.perf_counter() - answered < 30:
        found = session.get(f"{up.api}/v1/dynamic/{code['id']}/scans", params={"days": 7}, timeout=30)
        found.raise_for_status()
        if found.json()["scans"]["total"] >= expected:
            return time.perf_counter() - answered
        time.sleep(POLL_S)
    raise TimeoutError(f"scan {expected} is not in the analytics after 30 s")


@contextmanager
def _others(port: int, path: str, per_second: int) -> Iterator[None]:
    """Scans of another code in another process, until left."""
    command = [sys.executable, "-m", "bench.client", str(port), "--connections", "1"]
    feed = subprocess.Popen(
        [*command, "--path", path, "--every", str(1 / per_second)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        yield
        if feed.poll() is not None:
            raise RuntimeError("the other scans ended early")
    finally:
        feed.terminate()
        feed.wait(10)
