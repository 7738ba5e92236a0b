"""bench: what samples come to, and how it is told."""

import json
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from bench import performance, report
from bench.figures import figure, percentile, plain


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.5, 50.0), (0.95, 95.0), (0.99, 99.0), (0.991, 100.0), (1.0, 100.0)]
)
def test_a_percentile_is_a_sample_that_so_many_do_not_exceed(share: float, expected: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], share) == expected


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 0.5)


@pytest.mark.parametrize(
    ("at_least", "at_most", "held"),
    [(2.0, None, True), (2.1, None, False), (None, 2.0, True), (None, 1.9, False), (None, None, None)],
)
def test_a_budget_is_kept_at_its_very_limit(at_least: float | None, at_most: float | None, held: bool | None) -> None:
    assert figure("b", "w", [1.0, 2.0, 3.0], "×", at_least=at_least, at_most=at_most).held is held


def test_the_report_shows_spread_budget_and_what_was_missed() -> None:
    figures = [
        figure("redirect", "hot", [0.7, 0.8, 0.9], "×", at_least=0.75),
        figure("startup", "first redirect", [11.0, 12.0], "s", at_most=10),
    ]
    console = Console(width=160, record=True, file=None, quiet=True)
    with console.capture() as captured:
        console.quiet = False
        report.show(figures, console)
    text = captured.get()
    assert "0.7 / 0.8 / 0.9" in text
    assert "≥ 0.75 ×" in text
    assert "MISSED" in text
    assert "1 of 2 budgets kept" in text


def test_json_says_what_was_held_and_where() -> None:
    said = json.loads(report.as_json([figure("a", "w", [2.0], "ms", at_most=1)], {"cores": 2}))
    assert said["machine"] == {"cores": 2}
    assert said["figures"][0] == {
        "bench": "a",
        "what": "w",
        "value": 2.0,
        "unit": "ms",
        "low": 2.0,
        "middle": 2.0,
        "high": 2.0,
        "samples": 1,
        "at_least": None,
        "at_most": 1,
        "held": False,
    }


@pytest.mark.parametrize(
    ("value", "shown"), [(1234567.8, "1,234,568"), (123.4, "123"), (12.34, "12.3"), (0.01234, "0.0123"), (0.0, "0")]
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert plain(value) == shown


def test_the_page_keeps_other_benches_and_what_people_wrote(tmp_path: Path) -> None:
    machine: dict[str, str | int] = {
        "processor": "Abacus",
        "cores": 2,
        "memory_mb": 4096,
        "system": "Linux",
        "python": "3.11",
    }
    hot = figure("redirect", "hot", [0.7, 0.8, 0.9], "×", at_least=0.75)
    performance.write([hot], machine, date(2026, 1, 1), tmp_path)
    page = tmp_path / "performance.md"
    page.write_text(page.read_text() + "\nWhy it is so.\n")
    slow = figure("startup", "first redirect", [11.0], "s", at_most=10)
    performance.write([slow], machine | {"processor": "Slide rule"}, date(2026, 2, 2), tmp_path)
    text = page.read_text()
    assert text.count(performance.BELOW) == 1
    assert text.endswith("\nWhy it is so.\n")
    assert "| hot | 0.8 × | ≥ 0.75 × | kept | 0.7 / 0.8 / 0.9 (3) |" in text
    assert "| first redirect | 11 s | ≤ 10 s | **missed** |  |" in text
    assert "2026-01-01, Abacus, 2 cores, 4 GiB" in text
    assert "2026-02-02, Slide rule" in text
    assert text.index("## startup") < text.index("## redirect")
