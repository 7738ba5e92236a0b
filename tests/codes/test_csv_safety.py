"""codes/csv_safety.py: no cell calculates, whoever writes it."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from codes.csv_safety import escape_formulas, escape_formulas_sql
from infra.warehouse import Warehouse

TEXTS = [
    "",
    "plain text",
    "=1+1",
    "-1",
    " \t=1",
    "\t=1",
    ";=1",
    "a;=1;=2",
    "a;;=1",
    "a\r\n=1",
    "\r\n\r\n=1",
    '"=1"',
    "\u200b=1",
    "a;\ufeff＝1",
    "\x00=1",
    "a\t\t-",
    "\u00a0@x",
    "it's; 'fine'",
    "\\=1",
    "a;\u061c+1",
    "é;＋1",
]
# Mostly what the rule is about.
texts = st.text(
    st.sampled_from("=+-@|%＝＋－＠;\t\r\n\"' \u00a0\u00ad\u2028\u200b\u3000\ufeff\x00\x1f\x7fa1é"), max_size=12
)


def in_the_warehouse(warehouse: Warehouse, cells: list[str]) -> list[str]:
    client = warehouse.connect(max_threads=1)
    try:
        sent = [cell.encode().hex() for cell in cells]
        escaped = f"hex({escape_formulas_sql('unhex(cell)')})"
        sql = f"SELECT arrayMap(cell -> {escaped}, {{cells:Array(String)}})"
        return [
            bytes.fromhex(cell).decode() for cell in client.query(sql, parameters={"cells": sent}).result_rows[0][0]
        ]
    finally:
        client.close()


def test_the_warehouse_escapes_as_we_do(tmp_path: Path) -> None:
    warehouse = Warehouse(folder=tmp_path / "chdb")
    first = warehouse.connect()

    @settings(max_examples=8)
    @given(st.lists(texts | st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=50, max_size=200))
    def check(cells: list[str]) -> None:
        assert in_the_warehouse(warehouse, cells) == list(map(escape_formulas, cells))

    assert in_the_warehouse(warehouse, TEXTS) == list(map(escape_formulas, TEXTS))
    check()
    first.close()
