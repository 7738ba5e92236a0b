"""loadtest: scanners, dashboards and operators get what they should, and it is found out when they do not."""

import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.__main__ import counted
from loadtest.world import World, _items

ROOT = Path(__file__).parents[2]


@pytest.mark.kill
def test_a_short_run(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    run = subprocess.run(
        [sys.executable, "-m", "loadtest", "--seconds", "8", "--users", "40", "--hot", "1", "--report", str(report)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
    )
    said = run.stderr + run.stdout
    assert run.returncode == 0, said[-5000:]
    for name in ("scan: a person", "scan: HEAD", "dashboard: GET /", "operator: PATCH"):
        assert name in said
    assert run.stdout.splitlines()[-1] == "clean"
    assert "Locust" in report.read_text()


def test_what_fails_is_counted(tmp_path: Path) -> None:
    figures = tmp_path / "stats.csv"
    figures.write_text(
        "Type,Name,Request Count,Failure Count\n"
        "GET,scan: a person,10,1\nHEAD,scan: HEAD,3,0\nGET,scan: an unknown slug,5,2\nGET,dashboard: x,7,4\n"
        ",Aggregated,25,7\n"
    )
    found = counted(1, figures)
    assert (found.status, found.scans, found.failures) == (1, 12, 7)


def test_codes_are_found_in_any_list() -> None:
    assert _items({"total": 1, "data": [{"id": "a"}], "pagination": {}}) == [{"id": "a"}]
    assert _items([{"id": "b"}]) == [{"id": "b"}]
    assert _items({"results": []}) == []
    assert World().readings == []
