"""The drill itself, for a short while: the table of zeros."""

import json
import subprocess
import sys

import pytest

from drill import volume
from drill.schedule import BUSES, scheduled
from tests.servers import require

pytestmark = [pytest.mark.kill, pytest.mark.timeout(280)]

FIELDS = ["seed", "fault", "promised", "given", "stored", "lost", "doubled", "outage_ms", "gone", "gone_oldest_ms"]


def drill(*flags: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "drill", *flags], capture_output=True, text=True, timeout=270)


def check(done: "subprocess.CompletedProcess[str]", *, most: int) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stdout + done.stderr
    runs = json.loads(done.stdout.splitlines()[-1])["runs"]
    assert 1 <= len(runs) <= most
    for run in runs:
        assert list(run) == FIELDS
        assert run["doubled"] == 0
        assert run["given"] > 20
        assert run["lost"] == 0 or not run["promised"]
        assert run["stored"] >= run["given"] - run["lost"]
    return list(runs)


def test_a_handful_of_faults() -> None:
    runs = check(drill("--json", "--seed", "109", "--runs", "2", "--seconds", "50"), most=2)
    assert [(run["seed"], run["fault"]) for run in runs] == [
        (seed, scheduled("journal", seed).fault.name) for seed in range(109, 109 + len(runs))
    ]
    # A full disk is among them, and its loss is told.
    full = runs[0]
    assert (full["fault"], full["promised"]) == ("disk full", False)
    assert full["lost"]


def test_a_power_cut_takes_the_last_moments_alone() -> None:
    done = drill("--json", "--fault", "power cut", "--seed", "12", "--runs", "1")
    if not volume.possible():
        # Nothing here can be cut off: it is left out, and said so. (`tests/infra/test_migrate.py` looks at the
        # syncs.)
        assert done.returncode == 1
        assert "left out: power cut" in done.stderr
        return
    [run] = check(done, most=1)
    assert run["lost"] == 0


@pytest.mark.kafka
def test_one_with_a_broker_by_tls_and_scram() -> None:
    require.programs("java", "mvn", why="a Kafka broker")
    seed = next(seed for seed in range(100) if scheduled("kafka", seed).fault.name == "broker restarted")
    [run] = check(drill("--json", "--kafka", "scram", "--seed", str(seed), "--runs", "1"), most=1)
    assert run["lost"] == 0


def test_both_buses_are_offered() -> None:
    said = drill("--help").stdout
    assert all(bus in said for bus in BUSES)
    assert drill("--bus", "pigeon").returncode == 2
