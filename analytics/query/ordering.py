"""The order of rows, and pages of them."""

from collections.abc import Sequence
from datetime import datetime
from functools import total_ordering
from typing import Any

import msgspec

from analytics.query.grammar import Direction
from analytics.query.keys import Key, Label

Value = datetime | float | int | None


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """`metrics` in the order in which they were asked for."""

    dimensions: tuple[Label, ...]
    metrics: tuple[Value, ...]
    comparison: "Comparison | None" = None


class Comparison(msgspec.Struct, frozen=True):
    """The same of the earlier range. `change` is in percent of it, None where it is nothing to compare with."""

    dimensions: tuple[Label, ...]
    metrics: tuple[Value, ...]
    change: tuple[float | None, ...]


@total_ordering
class _Descending:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Descending") -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and bool(self.value == other.value)


def sort_key(
    row: Row, *, order_by: Sequence[tuple[str, Direction]], metrics: Sequence[str], keys: Sequence[Key]
) -> tuple[Any, ...]:
    """By which rows are sorted: as asked, then by all dimensions ascending. No scan is before every scan."""
    at = {key.dimension: number for number, key in enumerate(keys)}
    found: list[Any] = []
    for name, direction in order_by:
        value: Any
        if name in at:
            value = keys[at[name]].rank(row.dimensions[at[name]])
        else:
            metric = row.metrics[metrics.index(name)]
            value = metric.timestamp() if isinstance(metric, datetime) else -1 if metric is None else metric
        found.append(value if direction == "asc" else _Descending(value))
    return (*found, *(key.rank(label) for key, label in zip(keys, row.dimensions, strict=True)))


def change(now: Value, then: Value) -> float | None:
    """By how many percent, to a tenth; None from nothing, and between moments."""
    if isinstance(now, int | float) and isinstance(then, int | float) and then:
        return round((now - then) / then * 100, 1)
    return None
