"""Events as columns: the form of a batch from decoded lines to a block of the warehouse.

A text column is a dictionary and an index for each row, built while the fields of a line are in the cache. So the sums
by value (`aggregator.value_sums`) count small integers, and the warehouse parses no text.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from infra.native_format import Array, Texts
from schemas.event import EVENT_COLUMNS, KINDS, OUTCOMES, ScanEvent

NUMBERS = ("source", "seq", "ts_ms", "code", "workspace", "visitor")
ENUMS: dict[str, tuple[str, ...]] = {"kind": KINDS, "outcome": OUTCOMES}
DEGREES = ("lat", "lon")
TEXTS = tuple(name for name in EVENT_COLUMNS if name not in (*NUMBERS, *ENUMS, *DEGREES))


class Columns(msgspec.Struct, frozen=True):
    """Rows in order. `degrees` has NaN for an event without coordinates."""

    numbers: dict[str, Array]
    enums: dict[str, Array]
    degrees: dict[str, Array]
    texts: dict[str, Texts]

    def __len__(self) -> int:
        return len(self.numbers["seq"])

    def keys(self) -> Iterator[tuple[int, int]]:
        """The source and seq of each row."""
        return zip(self.numbers["source"].tolist(), self.numbers["seq"].tolist(), strict=True)

    def rows(self, at: Sequence[int] | slice) -> "Columns":
        """Some of the rows, by index."""
        where: Any = at if isinstance(at, slice) else np.array(at, dtype=np.int64)
        return Columns(
            {name: values[where] for name, values in self.numbers.items()},
            {name: values[where] for name, values in self.enums.items()},
            {name: values[where] for name, values in self.degrees.items()},
            {name: Texts(texts.values, texts.index[where]) for name, texts in self.texts.items()},
        )


class Dictionary(dict[str, int]):
    """Gives each new text the next number."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


class Builder:
    """Builds columns from rows as they are decoded, a few hundred at a time: the rows are in the processor's cache
    then, and reading them later costs twice as much."""

    def __init__(self) -> None:
        self._numbers = {name: array("Q") for name in NUMBERS}
        self._enums = {name: bytearray() for name in ENUMS}
        self._degrees: dict[str, list[float | None]] = {name: [] for name in DEGREES}
        self._indexes = {name: array("I") for name in TEXTS}
        self._dictionaries = {name: Dictionary() for name in TEXTS}
        self._takers = [self._taker(name) for name in EVENT_COLUMNS]

    def _taker(self, name: str) -> Any:
        if name in self._numbers:
            return self._numbers[name].extend
        if name in self._degrees:
            return self._degrees[name].extend
        if name in ENUMS:
            numbers, column = {label: at for at, label in enumerate(ENUMS[name], start=1)}, self._enums[name]
            return lambda values: column.extend(map(numbers.__getitem__, values))
        index, number = self._indexes[name].extend, self._dictionaries[name].__getitem__
        return lambda values: index(map(number, values))

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows of fields as in a line; fields after the last column are dropped."""
        for take, values in zip(self._takers, zip(*rows, strict=True), strict=False):
            take(values)

    def columns(self) -> Columns:
        return Columns(
            {name: np.array(values, dtype=np.uint64) for name, values in self._numbers.items()},
            {name: np.array(values, dtype=np.uint8) for name, values in self._enums.items()},
            {name: np.array(values, dtype=np.float32) for name, values in self._degrees.items()},
            {
                name: Texts(list(self._dictionaries[name]), np.array(index, dtype=np.uint32))
                for name, index in self._indexes.items()
            },
        )


def columns_of(events: Iterable[ScanEvent]) -> Columns:
    made = Builder()
    rows = [msgspec.structs.astuple(event) for event in events]
    if rows:
        made.add(rows)
    return made.columns()


def concatenate(parts: Sequence[Columns]) -> Columns:
    """Concatenate the rows. The dictionaries hold each text once, and only texts that a row has."""
    return Columns(
        {name: np.concatenate([part.numbers[name] for part in parts]) for name in NUMBERS},
        {name: np.concatenate([part.enums[name] for part in parts]) for name in ENUMS},
        {name: np.concatenate([part.degrees[name] for part in parts]) for name in DEGREES},
        {name: _joined([part.texts[name] for part in parts]) for name in TEXTS},
    )


def _joined(parts: Sequence[Texts]) -> Texts:
    known = Dictionary()
    indexes = []
    for part in parts:
        used = np.flatnonzero(np.bincount(part.index, minlength=len(part.values)))
        numbers = np.zeros(len(part.values), dtype=np.uint32)
        numbers[used] = [known[part.values[at]] for at in used.tolist()]
        indexes.append(numbers[part.index])
    return Texts(list(known), np.concatenate(indexes))
