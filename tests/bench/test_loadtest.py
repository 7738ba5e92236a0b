"""loadtest: Locust's scanners get what they should from a running `waymark up`."""

import os
import subprocess
import sys
from pathlib import Path

from bench import stack

ROOT = Path(__file__).parents[2]


def test_a_short_headless_run(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    with stack.running() as up:
        run = subprocess.run(
            [
                *(sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", "--headless"),
                *("-u", "20", "-r", "20", "-t", "3s", "--only-summary", "--html", str(report)),
            ],
            cwd=ROOT,
            env=os.environ | {"WAYMARK_KEY": up.key, "WAYMARK_API_URL": up.api, "WAYMARK_SHORT_URL": up.short},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "a person" in run.stderr + run.stdout
    assert "Locust" in report.read_text()
