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


def _same(name: str) -> str:
    return name


class Grouping(msgspec.Struct, frozen=True):
    """SQL in two steps: `base` of each row (over a source's columns), by which rows are added up; and `shown` of each
    such sum, by which they are added up again."""

    base: Callable[[Columns], str]
    shown: Callable[[str], str] = _same

    def of(self, columns: Columns) -> str:
        """In one step."""
        return self.shown(self.base(columns))


class Key(msgspec.Struct, frozen=True):
    """`label` shows a value. Labels are ordered by themselves, those of time by where they stand in `order`; `sortable`
    if the warehouse orders the values alike. `alone` is a quicker way to group by nothing else.
    `numbered`: some value may be shown as UNNUMBERED."""

    dimension: str
    grouping: Grouping
    label: Callable[[Any], Label]
    order: Mapping[Label, int] | None = None
    sortable: bool = False
    alone: Grouping | None = None
    numbered: bool = False

    def rank(self, label: Label) -> Label:
        return label if self.order is None else self.order.get(label, -1)

    def match(self, columns: Columns) -> str:
        """To compare with values as the answer has them."""
        return (
            columns.text(self.dimension) if DIMENSIONS[self.dimension].family == "scan" else self.grouping.of(columns)
        )


# What stands for a value that is not among those that were numbered.
UNNUMBERED = "\0?"


def scan_key(dimension: str) -> Key:
    if dimension in ("scan:kind", "scan:outcome"):
        # (The warehouse numbers them.)
        return Key(dimension, Grouping(lambda columns: columns.of(dimension)), str)
    grouping = Grouping(lambda columns: columns.of(dimension), lambda name: f"toString({name})")
    return Key(dimension, grouping, str, sortable=True)


def numbered_key(dimension: str, values: Sequence[str], parameters: Parameters) -> Key:
    """By several texts the warehouse groups three times slower than by several numbers. Any value that is not among
    these is shown as UNNUMBERED."""
    texts = parameters.array(values, "String")
    numbers = parameters.array(list(range(1, len(values) + 1)), "UInt16")
    grouping = Grouping(
        lambda columns: f"toUInt16(transform({columns.of(dimension)}, {texts}, {numbers}, toUInt16(0)))",
        lambda name: f"if({name} = 0, {parameters.add(UNNUMBERED, 'String')}, arrayElement({texts}, {name}))",
    )
    return Key(dimension, grouping, str, sortable=True, numbered=True)


def time_key(dimension: str, parts: Sequence[Bucket], parameters: Parameters, *, whole_quarters: bool = True) -> Key:
    """`whole_quarters`: whether every part is made of quarters of an hour, which are quickly told."""
    starts = parameters.array([part.start for part in parts], "UInt32")
    labels: dict[int, Label]
    if dimension == "time:hour_of_week":
        offsets = parameters.array([part.label for part in parts], "Int32")

        def shown(seconds: str) -> str:
            offset = f"transform(roundDown(toUInt32({seconds}), {starts}), {starts}, {offsets}, toInt32(0))"
            # (1970 began on a Thursday.)
            return f"toUInt8((intDiv({seconds} + {offset}, 3600) + 72) % 168)"

        labels, order = {hour: hour for hour in range(168)}, None
    else:

        def shown(seconds: str) -> str:
            return f"roundDown(toUInt32({seconds}), {starts})"

        labels = {part.start: part.label for part in parts}
        order = {part.label: at for at, part in enumerate(parts)}
    quarters = Grouping(lambda columns: f"toUInt32(intDiv({columns.seconds}, 900) * 900)", shown)
    return Key(
        dimension,
        Grouping(lambda columns: shown(columns.seconds)),
        labels.__getitem__,
        order,
        sortable=True,
        alone=quarters if whole_quarters else None,
    )


def code_key(dimension: str, attributes: CodeAttributes, parameters: Parameters) -> Key:
    if dimension == "code":
        return Key(
            dimension,
            Grouping(lambda _: "code"),
            lambda number: attributes.id_of(number) or nameless(number),
        )
    groups = {value: numbers for value, numbers in attributes.groups(dimension).items() if value and numbers}
    if not groups:
        return Key(dimension, Grouping(lambda _: "0"), lambda _: "")
    # Values and sets of values are numbered; 0 is none.
    labels = ["", *groups]
    if not DIMENSIONS[dimension].many:
        at = {number: index for index, numbers in enumerate(groups.values(), 1) for number in numbers}
        return _of_code(dimension, _numbered(at, parameters), labels)
    of_codes: dict[int, tuple[int, ...]] = {}
    for index, numbers in enumerate(groups.values(), 1):
        for number in numbers:
            of_codes[number] = (*of_codes.get(number, ()), index)
    sets: dict[tuple[int, ...], int] = {(0,): 0}
    at = {number: sets.setdefault(has, len(sets)) for number, has in of_codes.items()}
    of_sets = parameters.array([list(one) for one in sets], "Array(UInt32)")
    set_of = _numbered(at, parameters)
    return _of_code(dimension, lambda code: f"arrayJoin(arrayElement({of_sets}, {set_of(code)} + 1))", labels)


def _of_code(dimension: str, shown: Callable[[str], str], labels: Sequence[str]) -> Key:
    """There are fewer codes than scans."""
    grouping = Grouping(lambda _: shown("code"))
    return Key(dimension, grouping, labels.__getitem__, alone=Grouping(lambda _: "code", shown))


def _numbered(at: Mapping[int, int], parameters: Parameters) -> Callable[[str], str]:
    codes, numbers = parameters.array(list(at), "UInt64"), parameters.array(list(at.values()), "UInt32")
    return lambda code: f"transform({code}, {codes}, {numbers}, toUInt32(0))"
