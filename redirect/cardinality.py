"""Bounds how many distinct values strangers can add to the breakdowns of a code.

A scanner writes its own referrer, campaign, language and user agent, and may write new ones with every request: then
each scan is a new row of every breakdown, for ever. So of each code, UTC day and dimension a redirector records so
many distinct values; what comes after is recorded as `OTHER`, and every scan is still one row of each breakdown.

Memory does not depend on what is sent: known values are 32-bit marks in one open-addressed table, and how many a code
has of a dimension is counted in another one, where two that meet share their bound. When the first is five eighths full
every new value is `OTHER` until the day is over. Marks come from Python's own hash, which is keyed anew in each
process, so nobody can make values that meet.
"""

import mmap
from collections.abc import Hashable

import msgspec

from redirect.event_line import piece

OTHER = "(other)"
# 16 MB and 2 MB, of which no more is taken than is used.
MARKS = 1 << 22
COUNTERS = 1 << 20
MOST_MARKS = MARKS * 5 // 8
# All locations that an edge's headers name in a day, whatever the code; a database of addresses has its own bound.
MOST_LOCATIONS = 50_000
# What a scanner writes, by its position in the piece of a line that begins with the device
# (`redirect.event_recorder`); the other parts are words of our own.
_WRITTEN = (2, 3, 5, 6, 7, 8, 9, 10)


class Cardinality:
    """One for each redirector, used in its event loop. `most` distinct values for each code, day and dimension."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.forget()

    def forget(self) -> None:
        """Another day has begun."""
        self._marks = memoryview(mmap.mmap(-1, 4 * MARKS)).cast("I")
        self._counts = memoryview(mmap.mmap(-1, 2 * COUNTERS)).cast("H")
        self._known = 0
        self._locations = 0

    def bounded(self, code: bytes, said: bytes) -> bytes:
        """The piece as it is to be recorded; the very same object when nothing of it is past its bound."""
        values = msgspec.json.decode(b"[" + said[1:] + b"]")
        past = [at for at in _WRITTEN if values[at] and not self._admits(code, at, values[at])]
        for at in past:
            values[at] = OTHER
        return piece(*values) if past else said

    def admits_location(self, location: Hashable) -> bool:
        """Whether a location that headers name is one of those that may still be told apart."""
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
        """Whether its mark is there, else where it belongs."""
        number = hash(what)
        at, mark = number % MARKS, (number >> 22) & 0xFFFFFFFF or 1
        marks = self._marks
        while there := marks[at]:
            if there == mark:
                return True, at, mark
            at = (at + 1) % MARKS
        return False, at, mark
