"""The tables of docs/scaling.md follow from the figures beside it."""

import json
import re
from pathlib import Path

from bench import scaling

ROOT = Path(__file__).parents[2]


def test_the_page_has_the_figures_that_were_measured_last() -> None:
    text = (scaling.DOCS / "scaling.md").read_text()
    assert scaling.page(text, scaling.measured()) == text, "run: python -m bench.scaling"


def test_figures_are_named_as_the_benches_name_them() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "bench").glob("*.py") if path.name != "scaling.py")
    for unit in scaling.UNITS:
        if unit.bench:
            # (Some names are put together from parts and numbers.)
            last = re.split(r"[:\d]", unit.what)[-1].strip()
            assert last in sources, unit


def test_measured_figures_take_the_place_of_assumed_ones(tmp_path: Path) -> None:
    assert scaling.measured(tmp_path) == {}
    hot = next(unit for unit in scaling.UNITS if unit.name == "hot")
    figures = {"redirect": {"figures": [{"bench": hot.bench, "what": hot.what, "value": 52.0}]}}
    (tmp_path / "performance.json").write_text(json.dumps(figures))
    found = scaling.measured(tmp_path)
    assert found == {"hot": 52.0}
    assert int(scaling.needs(1_000_000, found)["redirectors (cores)"]) == 87
    assert int(scaling.needs(1_000_000, {})["redirectors (cores)"]) == 44
    (tmp_path / "scaling.md").write_text(f"above\n{scaling.BEGIN}\nold\n{scaling.END}\nbelow\n")
    scaling.write(tmp_path)
    text = (tmp_path / "scaling.md").read_text()
    assert text.startswith("above\n") and text.endswith("below\n") and "\nold\n" not in text
    assert "| 52 µs | bench `redirect` |" in text
