"""The languages that an Accept-Language header names."""

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T", bound=str)

_RANGE = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9-]{1,32})?)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?")

# The rest is ignored.
LONGEST_HEADER = 256


def first_choice(raw: bytes) -> str:
    """The tag that the header prefers, in lower case; "" if it names none."""
    best, best_q = "", 0.0
    for tag, q in _ranges(raw):
        if q > best_q:
            best, best_q = tag, q
    return best


def preferred(raw: bytes, among: Sequence[T]) -> T | None:
    """Which of these languages the header prefers, in whatever region; None if it names none of them."""
    best: T | None = None
    best_q = 0.0
    for tag, q in _ranges(raw):
        language = tag.partition("-")[0]
        for one in among:
            if one == language and q > best_q:
                best, best_q = one, q
    return best


def _ranges(raw: bytes) -> Iterator[tuple[str, float]]:
    for part in raw[:LONGEST_HEADER].decode("latin-1").split(",")[:16]:
        match = _RANGE.fullmatch(part)
        if match:
            yield match[1].lower(), float(match[2]) if match[2] else 1.0
