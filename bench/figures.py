"""Figures of a measurement, and whether they keep their budget."""

import math
import statistics
from collections.abc import Callable, Sequence

import msgspec

Say = Callable[[str], None]


class Figure(msgspec.Struct, frozen=True):
    """One measured value beside its budget. `low`, `middle` and `high` are the least, the median and the
    greatest of the `samples` measurements (rounds, requests, questions) that `value` was made from."""

    bench: str
    what: str
    value: float
    unit: str
    low: float
    middle: float
    high: float
    samples: int
    at_least: float | None = None
    at_most: float | None = None

    @property
    def held(self) -> bool | None:
        """None when the figure has no budget and is there to be read beside one that has."""
        if self.at_least is not None:
            return self.value >= self.at_least
        if self.at_most is not None:
            return self.value <= self.at_most
        return None

    @property
    def budget(self) -> str:
        if self.at_least is not None:
            return f"≥ {plain(self.at_least)} {self.unit}"
        if self.at_most is not None:
            return f"≤ {plain(self.at_most)} {self.unit}"
        return ""


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` (0 to 1) of the samples do not exceed."""
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(samples)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1]


def figure(
    bench: str,
    what: str,
    samples: Sequence[float],
    unit: str,
    *,
    pick: Callable[[Sequence[float]], float] = statistics.median,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """A figure from its samples; `pick` says which of them counts (the median when nothing is said)."""
    return Figure(
        bench=bench,
        what=what,
        value=pick(samples),
        unit=unit,
        low=min(samples),
        middle=statistics.median(samples),
        high=max(samples),
        samples=len(samples),
        at_least=at_least,
        at_most=at_most,
    )


def plain(value: float) -> str:
    """A number as a person reads it: thousands grouped, three digits that count."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"
