"""Time from `waymark up` to the first redirect, in an empty and in a used folder."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import requests

from bench import stack
from bench.figures import Figure, Say, figure
from harness.agents import HEADERS
from harness.launcher import WaymarkUp

NAME = "startup"
PATIENCE_S = 60.0


class Size(msgspec.Struct, frozen=True):
    rounds: int


FULL = Size(rounds=5)
TINY = Size(rounds=1)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    first, again = [], []
    for number in range(size.rounds):
        say(f"round {number + 1} of {size.rounds}")
        with tempfile.TemporaryDirectory(prefix="wm-bench-", ignore_cleanup_errors=True) as folder:
            data, log = Path(folder) / "data", Path(folder) / "log"
            seconds, slug = _start(data, log, None)
            first.append(seconds)
            again.append(_start(data, log, slug)[0])
    yield figure(NAME, "`waymark up` to the first redirect, empty folder", first, "s", at_most=10)
    yield figure(NAME, "`waymark up` to a known code's redirect, used folder", again, "s", at_most=10)


def _start(data: Path, log: Path, slug: str | None) -> tuple[float, str]:
    """Seconds to the first 302, and the slug. Without a slug a code is made as soon as the API takes one."""
    began = time.perf_counter()
    launched, up = stack.spawn(data, log)
    try:
        while slug is None:
            _alive(launched, began)
            with suppress(requests.RequestException):
                slug = up.create("https://www.example.com/first")["slug"]
            time.sleep(0.01)
        while True:
            _alive(launched, began)
            with suppress(requests.RequestException):
                answer = requests.get(f"{up.short}/{slug}", headers=HEADERS[0], allow_redirects=False, timeout=2)
                if answer.status_code == 302:
                    return time.perf_counter() - began, slug
            time.sleep(0.01)
    finally:
        launched.stop()


def _alive(launched: WaymarkUp, began: float) -> None:
    if launched.ended or time.perf_counter() - began > PATIENCE_S:
        raise RuntimeError(f"waymark up does not start; its log ends with\n{launched.log_tail()}")
