"""The pieces that answers are made of."""

from datetime import date

import msgspec


class Ranked(msgspec.Struct, frozen=True):
    """A value of a dimension, and how many visits had it."""

    value: str
    n: int


class Day(msgspec.Struct, frozen=True):
    """A day, and how many visits (or visitors) it had."""

    day: date
    n: int
