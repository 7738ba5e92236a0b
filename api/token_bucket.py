"""Token buckets: each holds up to `most` tokens and gains `per_s` a second. `Buckets` keeps them by name and evicts the
least recently used.
"""

from collections import OrderedDict
from collections.abc import Callable

Clock = Callable[[], float]


class Bucket:
    """Starts full."""

    __slots__ = ("at", "left", "most", "per_s")

    def __init__(self, per_s: float, most: float, now: float) -> None:
        self.per_s = per_s
        self.most = most
        self.left = most
        self.at = now

    def take(self, now: float) -> float:
        """Take a token; returns the seconds to wait until it is there, 0 if it is. It may be given back."""
        self.left = min(self.most, self.left + max(0.0, now - self.at) * self.per_s) - 1
        self.at = now
        return max(0.0, -self.left / self.per_s)

    def give_back(self) -> None:
        self.left = min(self.most, self.left + 1)


class Buckets:
    """For one event loop."""

    def __init__(self, clock: Clock, *, keep: int = 10_000) -> None:
        self.clock = clock
        self._keep = keep
        self._found: OrderedDict[str | int, Bucket] = OrderedDict()

    def of(self, name: str | int, per_s: float, most: float) -> Bucket:
        """The bucket of that name, with these figures from now on; full if it is new."""
        bucket = self._found.get(name)
        if bucket is None:
            bucket = self._found[name] = Bucket(per_s, most, self.clock())
            if len(self._found) > self._keep:
                self._found.popitem(last=False)
        bucket.per_s, bucket.most = per_s, most
        self._found.move_to_end(name)
        return bucket
