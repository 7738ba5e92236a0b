"""What Chromium measures of a running dashboard."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench import stack
from harness.launcher import ROOT

HERE = Path(__file__).parent
PAGES = ROOT / "tests" / "pages"
LONGEST_S = 600
SHORT = "/menu"
EVERYTHING = ("cold", "filter", "year", "live")


def measured(up: stack.Stack, rounds: int, *, only: Sequence[str] = EVERYTHING) -> dict[str, list[float]]:
    """Milliseconds of each of `only`. Raises LookupError without a Chromium or Node, and RuntimeError with what it
    said."""
    chromium, node, npm = (shutil.which(name) for name in ("chromium", "node", "npm"))
    if not (chromium and node and npm):
        raise LookupError("chromium, node and npm are needed")
    if not (PAGES / "node_modules" / ".package-lock.json").exists():
        subprocess.run([npm, "ci", "--silent", "--ignore-scripts"], cwd=PAGES, check=True, timeout=LONGEST_S)
    base = up.api.replace("127.0.0.1", "localhost")
    job = {"chromium": chromium, "base": base, "short": up.short + SHORT, "key": up.key, "rounds": rounds, "only": only}
    done = subprocess.run(
        [node, str(HERE / "dashboard.mjs")], input=json.dumps(job), capture_output=True, text=True, timeout=LONGEST_S
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found
