"""drill.runner: what is not stored is found, told, and can be repeated."""

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from drill import runner
from drill.__main__ import again
from drill.client_log import ClientLog
from drill.report import show
from drill.schedule import scheduled


@pytest.mark.kill
async def test_a_lost_scan_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_a_visit_that_nobody_recorded(label: str) -> ClientLog:
        made = ClientLog(label)
        made.given.add(made.next())
        return made

    monkeypatch.setattr(runner, "ClientLog", with_a_visit_that_nobody_recorded)
    monkeypatch.setattr(runner, "SETTLED_WITHIN_S", {"journal": 3.0})
    seed = next(seed for seed in range(100) if scheduled("journal", seed).fault.name == "redirector killed")
    said: list[str] = []
    [outcome] = await runner.drill("journal", [seed], seconds=None, say=said.append)
    shutil.rmtree(Path(outcome.problems[-1].partition(": ")[2]))
    assert outcome.failed
    assert (outcome.lost, outcome.doubled) == (1, 0)
    assert outcome.given > 20
    # Its audit is clean all the same: only a client can know of this one.
    assert "redirects are accounted for" in said[0]
    console = Console(file=io.StringIO(), width=120)
    show([outcome], "journal", console, again("journal", None, None, None))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert f"python -m drill --bus journal --seed {seed} --runs 1" in shown


def test_the_table_adds_up() -> None:
    outcomes = [
        runner.Outcome(1, "one", True, given=1000, stored=1001, outage_ms=40),
        runner.Outcome(2, "disk full", False, given=500, stored=400, lost=100, refused=101, outage_ms=9),
        runner.Outcome(3, "one", True, given=10, stored=10, outage_ms=1200),
    ]
    console = Console(file=io.StringIO(), width=120)
    show(outcomes, "journal", console, "again")
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    figures = {cells[1]: cells[2:8] for line in lines if len(cells := [cell.strip() for cell in line.split("│")]) == 9}
    assert figures["one"] == ["2", "1,010", "1,011", "0", "0", "1,200 ms"]
    assert figures["disk full"] == ["1", "500", "400", "0 (100)", "0", "9 ms"]
    assert figures["all"] == ["3", "1,510", "1,411", "0 (100)", "0", "1,200 ms"]
    assert "again" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_the_command_names_the_engines_and_the_fault() -> None:
    assert again("kafka", None, "tls", "broker away") == "python -m drill --bus kafka --kafka tls --fault 'broker away'"
