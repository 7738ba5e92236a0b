"""Failovers and restores, once each: the drill has a hundred."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.kill, pytest.mark.timeout(280)]


@pytest.mark.parametrize("how", ["failover", "restore"])
def test_no_code_shows_the_scans_of_one_that_was_lost(how: str) -> None:
    command = [sys.executable, "-m", "drill.redis_rollback", how, "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=270)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 codes show scans of others" in done.stdout
