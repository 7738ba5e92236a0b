"""How long work says how far it is: what it is doing, how much of it is done, and how much there is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """For whoever does not want to know."""
