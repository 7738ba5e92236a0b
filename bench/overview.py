"""The overview of a large workspace in Chromium: 100,000 codes, 50 million scans of a year, from navigation to the last
chart.

The data takes a quarter of an hour to make. With `--data FOLDER` it is made there once and used again, the same day.
"""

import json
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from aggregator.visitor_counts import count_visitors
from bench import stack, year
from bench.analytics import settle
from bench.chromium import measured
from bench.figures import Figure, Say, figure
from harness.launcher import ROOT, WAYMARK, clean_environment
from infra.migrate import migrate
from infra.warehouse import Warehouse

NAME = "overview"
# The number of the first of the codes; those of Waymark's own are far above.
FIRST = 1_000
LONGEST_S = 1800


class Size(msgspec.Struct, frozen=True):
    scans: int
    codes: int
    rounds: int
    calm_s: float
    data: str = ""


FULL = Size(scans=50_000_000, codes=100_000, rounds=7, calm_s=3)
TINY = Size(scans=2_000, codes=300, rounds=1, calm_s=0)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    with ExitStack() as entered:
        folder = Path(size.data or entered.enter_context(tempfile.TemporaryDirectory(prefix="wm-bench-")))
        if not (folder / "made").exists():
            with stack.running(folder) as up:
                _codes(up, size.codes, say)
            _scans(folder, size, say)
            (folder / "made").touch()
        with stack.running(folder) as up:
            say(f"{size.rounds} rounds in Chromium")
            found = measured(up, size.rounds, only=("cold",))
    yield figure(NAME, "overview, from navigation to the last chart, cold", found["cold"], "ms", at_most=2500)


def _codes(up: stack.Stack, count: int, say: Say) -> None:
    """By `waymark import`, copies of one: by the API they would take longer than the scans."""
    up.create("https://www.example.com/campaigns")
    command = [*WAYMARK, "export", "--data", str(up.data)]
    lines = _run(command).splitlines()
    original = next(one for line in lines if (one := json.loads(line))["is"] == "code")
    say(f"{count:,} codes imported")
    copies = [lines[0], *(json.dumps(_copy(original, at)) for at in range(count))]
    copies.append(json.dumps({**json.loads(lines[-1]), "lines": len(copies)}))
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        file.write("\n".join(copies) + "\n")
        file.flush()
        _run([*WAYMARK, "import", file.name, "--data", str(up.data)])


def _copy(original: dict[str, Any], at: int) -> dict[str, Any]:
    more = {"id": str(uuid.uuid4()), "number": FIRST + at, "slug": f"code-{FIRST + at}", "label": f"Poster {at}"}
    return {**original, "code": {**original["code"], **more}}


def _scans(folder: Path, size: Size, say: Say) -> None:
    client = Warehouse(folder=folder / "data" / "warehouse").connect(max_threads=1)
    try:
        migrate(client)
        # Workspaces ask for their own sums; those of so many codes would take an hour to make.
        share = year.Share(first=FIRST, rows=size.scans, codes=size.codes, code_sums=False)
        written, now = 0, datetime.now(UTC)
        for rows in year.fill(client, share, until=now, source=1):
            written += rows
            say(f"{written:,} of {size.scans:,} scans written")
        say("counting the people of each day")
        count_visitors(client, now.date())
        settle(client, say, calm_s=size.calm_s)
    finally:
        client.close()


def _run(command: list[str]) -> str:
    """Raises subprocess.CalledProcessError."""
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=LONGEST_S, cwd=ROOT, env=clean_environment()
    ).stdout
