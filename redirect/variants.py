"""Which of several destinations a visit is led to, by weight."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Things with whole weights: each has as many of the `total` points as it weighs."""

    __slots__ = ("_ends", "_things", "total")

    def __init__(self, weighted: Sequence[tuple[T, int]]) -> None:
        kept = [(thing, weight) for thing, weight in weighted if weight > 0]
        self._things = [thing for thing, _ in kept]
        self._ends = list(accumulate(weight for _, weight in kept))
        self.total = self._ends[-1] if kept else 0

    def at(self, point: int) -> T:
        """The same for the same point, so a visitor's number leads a visitor to one of them for as long as weights
        stay as they are. Any point from 0 on will do; call it only when `total` is above 0."""
        return self._things[bisect_right(self._ends, point % self.total)]
