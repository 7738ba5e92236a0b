"""A backup under a small load, once, on one machine. The drill has as many as one likes, also on engines."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.kill, pytest.mark.timeout(280)]


def test_what_was_acknowledged_before_a_backup_is_restored() -> None:
    command = [sys.executable, "-m", "drill.backup", "--quick", "--seed", "3", "--scans", "20"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=270)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 lost, 0 doubled" in done.stdout
