"""Tables that we write are shown by a spreadsheet, and calculate nothing there."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import picture_archive
from codes.importing import report
from codes.importing.importer import Outcome
from codes.importing.types import NotImported

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "codes", "analytics", "aggregator", "waymark", "redirect", "ingest", "pages", "qr", "webhooks")
# Those below are looked at here; a new table belongs to them.
TABLES = {"api/picture_archive.py", "codes/importing/report.py"}
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    '=HYPERLINK("http://evil.example","x")',
    "=cmd|' /C calc'!A0",
    " =1",
    "＝1",
    "a;=1",
    "a; +1",
    'a;"=1"',
    "a\t@x",
    "a\n=1",
    "\ufeff=1",
    "\u200b=1",
    "\u2060\u200d -1",
    "\x00=1",
    "a;\ufeff=1",
]
_texts = st.one_of(st.sampled_from(FORMULAS), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))


def starts_a_formula(cell: str) -> bool:
    """As the most credulous spreadsheet reads it: with semicolons, tabs and new lines between cells, and without seeing
    what is not seen."""
    return any(
        part.lstrip('"\x00 \u00a0\u200b\u200d\u2060\u3000\ufeff').startswith(tuple("=+-@|%＝＋－＠"))
        for part in re.split("[;\t\r\n]", cell)
    )


def test_no_other_tables_are_written() -> None:
    writers = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if "csv.writer(" in path.read_text() or "csv.DictWriter(" in path.read_text()
    }
    assert writers == TABLES


@given(st.lists(_texts, min_size=1, max_size=4))
def test_the_manifest_of_an_archive(cells: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(picture_archive.manifest(["cell"] * len(cells), [cells]).decode(), newline="")))
    (read,) = rows[1:]
    for sent, cell in zip(cells, read, strict=True):
        assert not starts_a_formula(cell)
        # Nothing but apostrophes is added, and none where nothing would be calculated.
        assert cell.replace("'", "") == sent.replace("'", "")
        assert cell == sent or starts_a_formula(sent) or sent[:1] in "\t\r\n" or cell == f"'{sent}"


@pytest.mark.parametrize("text", FORMULAS)
def test_the_report_of_an_import(tmp_path: Path, text: str) -> None:
    lost = (NotImported(text), NotImported("column", text))
    one = Outcome(1, "made", text, (text, text), destination=text, id=text, reason=text, left_out=lost)
    path = tmp_path / "report.csv"
    report.write(path, [one])
    with path.open(newline="", encoding="utf-8") as file:
        _, row = csv.reader(file)
    assert not any(starts_a_formula(cell) for cell in row)
    # Programs get it as it is.
    report.write(tmp_path / "report.json", [one])
    (said,) = json.loads((tmp_path / "report.json").read_bytes())
    assert said["reason"] == text
