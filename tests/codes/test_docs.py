"""codes: the page about it is true."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "codes.md").read_text()


def test_the_example_runs_and_prints_what_the_page_says(redis_url: str) -> None:
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    said = re.search(r"It prints `(.*?)`", PAGE)
    assert example and said
    run = subprocess.run(
        [sys.executable, "-c", example[1]],
        env={**os.environ, "WAYMARK_REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stderr == ""
    assert run.stdout.strip() == said[1]
