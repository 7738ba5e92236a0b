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
    if dimension == "code":
        return Key(dimension, "code", lambda number: attributes.id_of(number) or nameless(number))
    groups = {value: numbers for value, numbers in attributes.groups(dimension).items() if value and numbers}
    if not groups:
        return Key(dimension, "0", lambda _: "")
    # Values and sets of values are numbered; 0 is none.
    labels = ["", *groups]
    if not DIMENSIONS[dimension].many:
        at = {number: index for index, numbers in enumerate(groups.values(), 1) for number in numbers}
        return Key(dimension, _numbered(at, parameters), labels.__getitem__)
    of_codes: dict[int, tuple[int, ...]] = {}
    for index, numbers in enumerate(groups.values(), 1):
        for number in numbers:
            of_codes[number] = (*of_codes.get(number, ()), index)
    sets: dict[tuple[int, ...], int] = {(0,): 0}
    at = {number: sets.setdefault(has, len(sets)) for number, has in of_codes.items()}
    of_sets = parameters.array([list(one) for one in sets], "Array(UInt32)")
    return Key(dimension, f"arrayJoin(arrayElement({of_sets}, {_numbered(at, parameters)} + 1))", labels.__getitem__)


def _numbered(at: Mapping[int, int], parameters: Parameters) -> str:
    codes, numbers = parameters.array(list(at), "UInt64"), parameters.array(list(at.values()), "UInt32")
    return f"transform(code, {codes}, {numbers}, toUInt32(0))"
