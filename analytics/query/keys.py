"""What a question groups by: the SQL of each dimension, and how its values are shown and ordered."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from analytics.query.catalogue import DIMENSIONS
from analytics.query.code_sets import CodeAttributes, nameless
from analytics.query.dates import Bucket
from analytics.query.filters import Parameters
from analytics.query.sources import Columns

Label = str | int


class Key(msgspec.Struct, frozen=True):
    """`sql` is over a source's columns, `label` shows a value of it. Labels are ordered by themselves, those of time by
    where they stand in `order`; `sortable` if the warehouse orders the values alike."""

    dimension: str
    sql: Callable[[Columns], str]
    label: Callable[[Any], Label]
    order: Mapping[Label, int] | None = None
    sortable: bool = False

    def rank(self, label: Label) -> Label:
        return label if self.order is None else self.order.get(label, -1)

    def match(self, columns: Columns) -> str:
        """To compare with values as the answer has them."""
        return columns.text(self.dimension) if DIMENSIONS[self.dimension].family == "scan" else self.sql(columns)


def scan_key(dimension: str) -> Key:
    fixed = dimension in ("scan:kind", "scan:outcome")
    # (The warehouse numbers kinds and outcomes.)
    return Key(
        dimension,
        lambda columns: columns.of(dimension) if fixed else f"toString({columns.of(dimension)})",
        str,
        sortable=not fixed,
    )


def time_key(dimension: str, parts: Sequence[Bucket], parameters: Parameters) -> Key:
    starts = parameters.array([part.start for part in parts], "UInt32")
    if dimension == "time:hour_of_week":
        offsets = parameters.array([part.label for part in parts], "Int32")

        def hour(columns: Columns) -> str:
            local = f"({columns.seconds} + transform({_start(columns, starts)}, {starts}, {offsets}, toInt32(0)))"
            # (1970 began on a Thursday.)
            return f"toUInt8((intDiv({local}, 3600) + 72) % 168)"

        return Key(dimension, hour, int, sortable=True)
    labels = {part.start: part.label for part in parts}
    order = {part.label: at for at, part in enumerate(parts)}
    return Key(dimension, lambda columns: _start(columns, starts), labels.__getitem__, order, sortable=True)


def _start(columns: Columns, starts: str) -> str:
    return f"roundDown(toUInt32({columns.seconds}), {starts})"


def code_key(dimension: str, attributes: CodeAttributes, parameters: Parameters) -> Key:
    if dimension == "code":
        return Key(
            dimension,
            lambda _: "code",
            lambda number: attributes.id_of(number) or nameless(number),
        )
    groups = {value: numbers for value, numbers in attributes.groups(dimension).items() if value and numbers}
    if not groups:
        return Key(dimension, lambda _: "0", lambda _: "")
    # Values and sets of values are numbered; 0 is none.
    labels = ["", *groups]
    if not DIMENSIONS[dimension].many:
        at = {number: index for index, numbers in enumerate(groups.values(), 1) for number in numbers}
        value = _numbered(at, parameters)
        return Key(dimension, lambda _: value, labels.__getitem__)
    of_codes: dict[int, tuple[int, ...]] = {}
    for index, numbers in enumerate(groups.values(), 1):
        for number in numbers:
            of_codes[number] = (*of_codes.get(number, ()), index)
    sets: dict[tuple[int, ...], int] = {(0,): 0}
    at = {number: sets.setdefault(has, len(sets)) for number, has in of_codes.items()}
    of_sets = parameters.array([list(one) for one in sets], "Array(UInt32)")
    tags = f"arrayJoin(arrayElement({of_sets}, {_numbered(at, parameters)} + 1))"
    return Key(dimension, lambda _: tags, labels.__getitem__)


def _numbered(at: Mapping[int, int], parameters: Parameters) -> str:
    codes, numbers = parameters.array(list(at), "UInt64"), parameters.array(list(at.values()), "UInt32")
    return f"transform(code, {codes}, {numbers}, toUInt32(0))"
