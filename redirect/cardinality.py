"""Bound how many distinct values strangers can add to a code's breakdowns.

Scanners write their own referrer, campaign, placement, language and user agent, and can send new ones with every
request: without a bound, each scan would add a row to every breakdown, for ever. So for each code, UTC day and
dimension a redirector records a limited number of distinct values; later ones are recorded as `OTHER`, and every scan
still counts as one row in each breakdown.

Memory is constant. Known values are 32-bit marks in one open-addressed table; a second table counts the values of each
code and dimension, where two that collide share their bound. When the first table is five eighths full, every new value
is `OTHER` until the day ends. Marks come from Python's hash, which has a new key in each process, so nobody can craft
collisions.
"""

import mmap
from collections.abc import Hashable

import msgspec

from redirect.event_line import piece

OTHER = "(other)"
# 16 MB and 2 MB; the system only allocates the pages that are used.
MARKS = 1 << 22
COUNTERS = 1 << 20
MOST_MARKS = MARKS * 5 // 8
# Bound on the locations that edge headers may name in a day, over all codes. A geo database is bounded by itself.
MOST_LOCATIONS = 50_000
# The parts that a scanner writes, by position in the pieces of a line from device to campaign and from entry to
# placement (`redirect.event_recorder`). The other parts have values of our own.
_WRITTEN = (2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
_CLIENT_PARTS = 13
# Never `OTHER`: the entries that follow from the path.
_OWN = frozenset({"qr", "link"})


class Cardinality:
    """One per redirector, used in its event loop: `most` distinct values for each code, day and dimension."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.forget()

    def forget(self) -> None:
        """Start a new day."""
        self._marks = memoryview(mmap.mmap(-1, 4 * MARKS)).cast("I")
        self._counts = memoryview(mmap.mmap(-1, 2 * COUNTERS)).cast("H")
        self._known = 0
        self._locations = 0

    def bounded(self, code: bytes, said: bytes, entry: bytes) -> tuple[bytes, bytes]:
        """The pieces to record; the same objects if no value is past its bound."""
        values = msgspec.json.decode(b"[" + said[1:] + entry + b"]")
        past = [
            at for at in _WRITTEN if values[at] and values[at] not in _OWN and not self._admits(code, at, values[at])
        ]
        for at in past:
            values[at] = OTHER
        return (piece(*values[:_CLIENT_PARTS]), piece(*values[_CLIENT_PARTS:])) if past else (said, entry)

    def admits_location(self, location: Hashable) -> bool:
        """Whether this location, named by headers, is still within the day's bound."""
        found, at, mark = self._find(location)
        if not found:
            if self._locations >= MOST_LOCATIONS or self._known >= MOST_MARKS:
                return False
            self._locations += 1
            self._known += 1
            self._marks[at] = mark
        return True

    def _admits(self, code: bytes, dimension: int, value: str) -> bool:
        found, at, mark = self._find((code, dimension, value))
        if not found:
            counter = hash((code, dimension)) % COUNTERS
            if self._counts[counter] >= self._most or self._known >= MOST_MARKS:
                return False
            self._counts[counter] += 1
            self._known += 1
            self._marks[at] = mark
        return True

    def _find(self, what: Hashable) -> tuple[bool, int, int]:
        """Whether its mark is in the table, and where it is or belongs."""
        number = hash(what)
        at, mark = number % MARKS, (number >> 22) & 0xFFFFFFFF or 1
        marks = self._marks
        while there := marks[at]:
            if there == mark:
                return True, at, mark
            at = (at + 1) % MARKS
        return False, at, mark
