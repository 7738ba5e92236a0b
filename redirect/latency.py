"""How long answers take, in powers of two of microseconds: from the end of a request's headers to the moment when its
answer is written to the connection.

One entry of a list grows by one for each answer, and the clock is read once for all answers of a turn: all of them
count from the first request of that turn, so none is told too short. Answers that waited (for Redis, as a rule) are
told apart and count from their own request.
"""

from infra.exposition import Histogram
from infra.metrics import LATENCIES

METRIC = "waymark_redirect_latency_seconds"
# Exponents of the first and the last bound that is shown.
_FIRST, _LAST = (round(bound * 1e6).bit_length() - 1 for bound in (LATENCIES[0], LATENCIES[-1]))
# More than a clock that counts microseconds can tell.
_POWERS = 64


class Latency:
    """`by_power[n]` counts answers that took less than 2ⁿ µs, and not less than half of it."""

    __slots__ = ("by_power", "microseconds")

    def __init__(self) -> None:
        self.by_power = [0] * _POWERS
        self.microseconds = 0

    def add(self, seconds: float, answers: int = 1) -> None:
        took = int(seconds * 1e6)
        self.by_power[took.bit_length()] += answers
        self.microseconds += took * answers

    def spread(self) -> Histogram:
        """For /metrics."""
        made = Histogram(METRIC)
        powers = self.by_power
        made.counts = [sum(powers[: _FIRST + 1]), *powers[_FIRST + 1 : _LAST + 1], sum(powers[_LAST + 1 :])]
        made.sum = self.microseconds / 1e6
        return made
