"""What a question groups by: the SQL of each dimension, and how its values are shown and ordered."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from analytics.query.catalogue import DIMENSIONS
from analytics.query.code_sets import CodeAttributes, nameless
from analytics.query.dates import Bucket
from analytics.query.filters import Parameters

Label = str | int


class Key(msgspec.Struct, frozen=True):
    """`sql` is over the columns of `scans` (or of a rollup that has them); `label` shows a value of it. Labels are
    ordered by themselves, those of time by where they stand in `order`."""

    dimension: str
    sql: str
    label: Callable[[Any], Label]
    order: Mapping[Label, int] | None = None
    # Whether the warehouse orders the values as their labels are.
    sortable: bool = False

    def rank(self, label: Label) -> Label:
        return label if self.order is None else self.order.get(label, -1)


def scan_key(dimension: str) -> Key:
    return Key(dimension, DIMENSIONS[dimension].sql, str, sortable=True)


def time_key(dimension: str, parts: Sequence[Bucket], parameters: Parameters, seconds: str) -> Key:
    """`seconds` is the SQL of the second since 1970."""
    starts = parameters.add([part.start for part in parts], "Array(UInt32)")
    start = f"roundDown(toUInt32({seconds}), {starts})"
    if dimension == "time:hour_of_week":
        hours = parameters.add([part.label for part in parts], "Array(UInt8)")
        return Key(dimension, f"transform({start}, {starts}, {hours}, toUInt8(0))", int, sortable=True)
    labels = {part.start: part.label for part in parts}
    return Key(
        dimension,
        start,
        labels.__getitem__,
        {part.label: at for at, part in enumerate(parts)},
        sortable=True,
    )


def code_key(dimension: str, attributes: CodeAttributes, parameters: Parameters) -> Key:
    of_codes = attributes.values(dimension)
    if dimension == "code":
        return Key(dimension, "code", lambda number: (of_codes.get(number) or (nameless(number),))[0])
    # Numbers of the values, and of the sets of values that codes have; 0 is that of none.
    sets: dict[tuple[str, ...], int] = {("",): 0}
    numbered = {number: sets.setdefault(tuple(has) or ("",), len(sets)) for number, has in of_codes.items()}
    numbered = {number: at for number, at in sorted(numbered.items()) if at}
    if not numbered:
        return Key(dimension, "0", lambda _: "")
    at = (
        f"transform(code, {parameters.array(list(numbered), 'UInt64')}, "
        f"{parameters.array(list(numbered.values()), 'UInt32')}, toUInt32(0))"
    )
    if not DIMENSIONS[dimension].many:
        labels = [has[0] for has in sets]
        return Key(dimension, at, labels.__getitem__)
    labels = sorted({text for has in sets for text in has})
    number_of = {text: number for number, text in enumerate(labels)}
    of_sets = parameters.array([[number_of[text] for text in has] for has in sets], "Array(UInt32)")
    return Key(dimension, f"arrayJoin(arrayElement({of_sets}, {at} + 1))", labels.__getitem__)
