"""bench: each bench still measures what it should, at sizes that say nothing of speed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench import BENCHES, stack
from bench.__main__ import main as command
from bench.figures import Figure, Say, figure
from tests.servers import require

pytestmark = pytest.mark.proof

ROOT = Path(__file__).parents[2]
NOTHING: dict[str, Any] = {"against": "", "peers": "", "data": "", "rounds": None}

# Of each bench: the budgets that it measures (docs/performance.md has them).
BUDGETS = {
    "startup": [("≤ 10 s", 2)],
    "redirect": [("≥ 1.3 ×", 1), ("≥ 0.6 ×", 1)],
    "peers": [("≤ 0.75 ×", 1), ("≤ 1.6 ×", 1)],
    "cold": [("≥ 0.3 ×", 1)],
    "memory": [("≤ 200 MB", 1)],
    "freshness": [("≤ 1 s", 1)],
    "stream": [("≤ 1.5 s", 1), ("≤ 1 cores", 1)],
    "aggregator": [("≥ 100,000 scans/s", 1)],
    "analytics": [("≤ 50 ms", 1), ("≤ 1.5 ×", 1)],
    "questions": [("≤ 200 ms", 1), ("≤ 1,000 ms", 3), ("≤ 300 ms", 1)],
    "export": [("≥ 500,000 rows/s", 1), ("≤ 300 MB", 1)],
    "dashboard": [("≤ 1,500 ms", 1), ("≤ 400 ms", 1), ("≤ 50 ms", 1), ("≤ 2,000 ms", 1)],
    "overview": [("≤ 2,500 ms", 1)],
    "codes": [],
    "scans": [],
    "sources": [],
    "partitions": [],
    "storing": [],
    "workers": [],
    "connections": [],
    "full-load": [],
    "servers": [],
    "soak": [("≤ 1.1 ×", 3)],
}


@pytest.fixture(scope="module")
def up() -> Iterator[stack.Stack]:
    with stack.running() as running:
        yield running


@pytest.fixture(autouse=True)
def one_for_all(up: stack.Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The benches start a `waymark up` each; to see whether they work, one is enough for all."""
    monkeypatch.setattr(stack, "running", lambda *_, **__: nullcontext(up))


def measured(name: str) -> list[Figure]:
    bench = BENCHES[name]()
    said: list[str] = []
    figures: list[Figure] = list(bench.measure(bench.TINY, said.append))
    assert said, "long work shows progress"
    return figures


def test_every_bench_is_here() -> None:
    assert BUDGETS.keys() == BENCHES.keys()


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_measures_its_budgets(name: str) -> None:
    if name == "partitions":
        require.programs("java", "mvn", why="a Kafka broker")
    if name == "peers":
        require.programs("nginx", why="the server that is compared with")
    if name in ("dashboard", "overview"):
        require.programs("chromium", "node", "npm", why="the dashboard in a real browser")
    figures = measured(name)
    budgets = [one.budget for one in figures if one.budget]
    assert sorted(budgets) == sorted(budget for budget, times in BUDGETS[name] for _ in range(times))
    for one in figures:
        assert one.bench == name
        assert 0 < one.low <= one.middle <= one.high
        assert one.low <= one.value <= one.high or name == "analytics"
    if table := getattr(BENCHES[name](), "table", None):
        lines = list(table(figures))
        assert len(lines) > 2 and len({line.count("|") for line in lines}) == 1


def test_the_command_ends_well_whatever_was_measured() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bench", "--tiny", "--json", "--only", "aggregator"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert {one["bench"] for one in said["figures"]} == {"aggregator"}
    assert said["machine"]["cores"] >= 1
    assert "scans stored" in run.stderr


def test_what_cannot_be_measured_is_said_and_the_rest_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ends_badly(size: object, say: Say) -> Iterator[Figure]:
        say("starting")
        yield figure("bad", "speed", [1.0], "s", at_most=2)
        raise RuntimeError("no [room] on the disk")

    def measures(size: object, say: Say) -> Iterator[Figure]:
        yield figure("good", "speed", [1.0], "s", at_most=0.5)

    benches = {"bad": SimpleNamespace(measure=ends_badly, TINY=0), "good": SimpleNamespace(measure=measures, TINY=0)}
    monkeypatch.setattr("bench.__main__.BENCHES", {name: lambda name=name: benches[name] for name in benches})
    with pytest.raises(SystemExit, match="not measured: bad"):
        command.callback(names=tuple(benches), growth=False, tiny=True, as_json=False, write=False, **NOTHING)  # type: ignore[misc]
    said = capsys.readouterr()
    assert "no [room] on the disk" in said.err
    assert "1 of 2 budgets kept" in said.out
