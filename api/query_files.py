"""The answer to a question as a file: one row for each row of the answer, in its order.

Columns are the dimensions and metrics as they were asked for; those of a comparison begin with `previous:` and
`change:`. The remainder is the last row, with nulls for its dimensions.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from analytics.query.answer import Answer
from analytics.query.ordering import Row, Value
from analytics.scan_rows import Contents

_METRICS = {"scans": "UInt64", "visitors": "UInt64", "share": "Float64", "last_scan": "Int64"}
_NUMBERED = "time:hour_of_week"


class _Column(msgspec.Struct, frozen=True):
    name: str
    type: str
    text: bool = False
    moment: bool = False


def file_of(found: Answer, escape: Callable[[str], str]) -> Contents:
    """`escape` makes an expression for a text safe in that file."""
    dimensions, metrics = found.query["dimensions"], found.query["metrics"]
    compared = found.query["compare"] is not None
    columns = [*_dimensions(dimensions), *(_metric(name) for name in metrics)]
    if compared:
        columns += [_metric(name, "previous:") for name in metrics]
        columns += [_Column(f"change:{name}", "Nullable(Float64)") for name in metrics if name != "last_scan"]
    rows = [_row(row, row.dimensions, metrics, compared) for row in found.results]
    if isinstance(found.remainder, Row):
        rows.append(_row(found.remainder, [None] * len(dimensions), metrics, compared))
    structure = ", ".join(f"c{at} {column.type}" for at, column in enumerate(columns))
    data = "\n".join(msgspec.json.encode(row).decode() for row in rows)
    shown = ", ".join(_shown(at, column, escape) for at, column in enumerate(columns))
    sql = f"SELECT {shown} FROM format(JSONCompactEachRow, {_quoted(structure)}, {_quoted(data)})"  # noqa: S608
    return Contents(sql, {}, len(rows))


def _dimensions(names: Sequence[str]) -> list[_Column]:
    return [
        _Column(name, "Nullable(UInt16)") if name == _NUMBERED else _Column(name, "Nullable(String)", text=True)
        for name in names
    ]


def _metric(name: str, before: str = "") -> _Column:
    return _Column(f"{before}{name}", f"Nullable({_METRICS[name]})", moment=name == "last_scan")


def _row(row: Row, labels: Sequence[Any], metrics: Sequence[str], compared: bool) -> list[Any]:
    cells = [*labels, *map(_cell, row.metrics)]
    if compared:
        then = row.comparison
        cells += [None] * len(metrics) if then is None else map(_cell, then.metrics)
        changes: Sequence[Value] = [None] * len(metrics) if then is None else then.change
        cells += [change for name, change in zip(metrics, changes, strict=True) if name != "last_scan"]
    return cells


def _cell(value: Value) -> Value:
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value


def _shown(at: int, column: _Column, escape: Callable[[str], str]) -> str:
    value = escape(f"c{at}") if column.text else f"c{at}"
    if column.moment:
        value = f"fromUnixTimestamp64Milli({value}, 'UTC')"
    return f"{value} AS `{column.name}`"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
