"""drill.clock: a process of the drill sees steps at once, and only such a process."""

import os
import subprocess
import sys
import time
from pathlib import Path

from drill.clock import Clock

ASKER = "import sys, time\nfor _ in sys.stdin: print(time.time(), time.time_ns() / 1e9, flush=True)"


def test_steps_are_seen(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock")
    environment = os.environ | clock.environment(os.environ.get("PYTHONPATH"))
    with subprocess.Popen(
        [sys.executable, "-P", "-c", ASKER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for step in (0.0, 3600.0, -86_400.0, 0.0):
            clock.step(step)
            process.stdin.write("\n")
            process.stdin.flush()
            told = [float(word) for word in process.stdout.readline().split()]
            assert all(abs(one - (time.time() + step)) < 60 for one in told), (step, told)
        process.kill()


def test_nothing_reads_another_clock() -> None:
    """What the drill cannot step: it is not asked where scans are recorded, carried or stored."""
    root = Path(__file__).parents[2]
    reads = {
        str(path.relative_to(root))
        for room in ("redirect", "ingest", "aggregator", "schemas")
        for path in (root / room).rglob("*.py")
        if "datetime.now" in path.read_text()
    }
    # Signatures for a bucket.
    assert reads <= {"redirect/file_server.py"}
