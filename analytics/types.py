"""The types of answers, and the error for a warehouse that cannot answer now."""

from datetime import date

import msgspec

from schemas.event import Kind

HUMANS: tuple[Kind, ...] = ("human",)


class Ranked(msgspec.Struct, frozen=True):
    """A value of a dimension and its number of scans."""

    value: str
    n: int


class Day(msgspec.Struct, frozen=True):
    """A day and its number of scans (or visitors)."""

    day: date
    n: int


class Unavailable(Exception):
    """The warehouse is away, too slow or too busy to answer now. A later retry may succeed."""
