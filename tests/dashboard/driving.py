"""Drive the dashboard in Chromium (`flow.mjs`), with what the tests of pages install for it."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.servers import require
from tests.waymark.running import Up

HERE = Path(__file__).parent
PAGES = HERE.parent / "pages"
LONGEST_S = 240
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}


class Flow:
    """What came of the steps, in order."""

    def __init__(self, lines: list[dict[str, Any]]) -> None:
        self.steps, self.end = lines[:-1], lines[-1]

    def told(self, verb: str) -> list[Any]:
        return [one["told"] for one in self.steps if one["verb"] == verb]


def drive(base: str, steps: Sequence[Sequence[str]], *, scheme: str = "light", **size: int) -> Flow:
    """Raises AssertionError with what the page showed when a step does not succeed."""
    require.programs("chromium", "node", "npm", why="the dashboard in a real browser")
    if not (PAGES / "node_modules" / ".package-lock.json").exists():
        subprocess.run(["npm", "ci", "--silent", "--ignore-scripts"], cwd=PAGES, check=True, timeout=LONGEST_S)
    job = {"base": base, "steps": steps, "scheme": scheme, "chromium": shutil.which("chromium"), **(size or DESK)}
    done = subprocess.run(
        ["node", str(HERE / "flow.mjs")],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return Flow([json.loads(line) for line in done.stdout.splitlines()])


def base(running: Up) -> str:
    return f"http://localhost:{running.api_port}"


def link(running: Up) -> str:
    """The path of the link that was printed last."""
    return str(re.findall(r"^dashboard +http://\S+?(/#token=\S+)", running.told(), re.MULTILINE)[-1])


def clean(running: Up, flow: Flow, *meant: str) -> None:
    """No error in the console but for answers that are `meant`, and nothing asked of another host."""
    assert flow.end["faults"] == [
        f"Failed to load resource: the server responded with a status of {one}" for one in meant
    ]
    assert flow.end["hosts"] == [f"localhost:{running.api_port}"]


def sign_in(running: Up) -> list[list[str]]:
    assert running.key is not None
    return [
        ["open", "/"],
        ["fill", "textbox:API key", running.key],
        ["click", "button:Sign in"],
        ["see", "heading:Overview"],
    ]
