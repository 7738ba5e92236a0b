"""Drive the dashboard in Chromium (`flow.mjs`), with what the tests of pages install for it.

One browser serves all tests of a process; each flow has a context of its own, with no cookie of another.
"""

import atexit
import contextlib
import functools
import json
import re
import select
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import require
from tests.waymark.running import Up

HERE = Path(__file__).parent
PAGES = HERE.parent / "pages"
LONGEST_S = 300
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}

Step = Sequence[str]


class Chromium:
    """The browser, and the page that is open in it: one at a time."""

    def __init__(self) -> None:
        require.programs("chromium", "node", "npm", why="the dashboard in a real browser")
        if not (PAGES / "node_modules" / ".package-lock.json").exists():
            subprocess.run(["npm", "ci", "--silent", "--ignore-scripts"], cwd=PAGES, check=True, timeout=LONGEST_S)
        chromium = shutil.which("chromium")
        assert chromium is not None
        self._process = subprocess.Popen(
            ["node", str(HERE / "flow.mjs"), chromium], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        atexit.register(self.end)

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Raises AssertionError with what the page showed when a step does not succeed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        assert select.select([self._process.stdout], [], [], LONGEST_S)[0], f"not within {LONGEST_S} s"
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def end(self) -> None:
        # It ends by itself at the end of its input.
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(timeout=60)


@functools.cache
def chromium() -> Chromium:
    return Chromium()


class Flow:
    """Steps on one page, and what came of them, in order."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self.end: dict[str, Any] = {}

    def run(self, *steps: Step) -> None:
        self.steps += chromium().ask({"steps": steps})["told"]

    def told(self, verb: str) -> list[Any]:
        return [one["told"] for one in self.steps if one["verb"] == verb]


@contextmanager
def page(base: str, *, scheme: str = "light", **size: int) -> Iterator[Flow]:
    """An empty page in a fresh context; afterwards `end` tells what it complained of."""
    flow = Flow()
    chromium().ask({"open": {"base": base, "scheme": scheme, **(size or DESK)}})
    try:
        yield flow
    finally:
        flow.end = chromium().ask({"close": True})


def drive(base: str, steps: Sequence[Step], *, scheme: str = "light", **size: int) -> Flow:
    with page(base, scheme=scheme, **size) as flow:
        flow.run(*steps)
    return flow


def base(running: Up) -> str:
    return f"http://localhost:{running.api_port}"


def link(running: Up) -> str:
    """The path of the link that was printed last."""
    return str(re.findall(r"^dashboard +http://\S+?(/#token=\S+)", running.told(), re.MULTILINE)[-1])


def clean(running: Up, flow: Flow, *meant: str) -> None:
    """No error in the console but for answers that are `meant`, and nothing asked of another host."""
    allowed = [f"Failed to load resource: the server responded with a status of {one}" for one in meant]
    assert flow.end["faults"] == allowed, flow.end["faults"]
    assert flow.end["hosts"] == [f"localhost:{running.api_port}"]


def sign_in(running: Up, path: str = "/") -> list[list[str]]:
    """The page at `path`, as who has the key."""
    assert running.key is not None
    return [["signed", running.key], ["open", path]]
