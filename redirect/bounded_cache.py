"""A dict that makes missing values and drops the oldest when it is full."""

from collections.abc import Callable
from itertools import islice
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound="bytes | str | tuple[bytes | None, ...]")
V = TypeVar("V")


def weight(key: "bytes | str | tuple[bytes | None, ...]") -> int:
    if isinstance(key, tuple):
        return sum(len(part) for part in key if part is not None)
    return len(key)


def forget_oldest(entries: dict[Any, V], limit: int) -> None:
    """Drop a sixteenth of the entries at once: finding a dict's oldest key skips all keys deleted before it, so
    dropping one at a time would cost more and more."""
    if len(entries) >= limit:
        for key in list(islice(entries, limit // 16 + 1)):
            del entries[key]


class BoundedCache(dict[K, V], Generic[K, V]):
    """`bounded[key]` is a plain dict look-up for a value that is there; else it calls `make(key)` and keeps the result.

    Keys come from requests: a key longer than `longest` gets its value, but is not kept.
    """

    def __init__(self, limit: int, make: Callable[[K], V], longest: int = 1024) -> None:
        super().__init__()
        self._limit = limit
        self._make = make
        self._longest = longest

    def __missing__(self, key: K) -> V:
        value = self._make(key)
        if weight(key) <= self._longest:
            forget_oldest(self, self._limit)
            self[key] = value
        return value
