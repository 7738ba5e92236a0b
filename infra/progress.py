"""Progress of long work: called with what is being done, how much is done, and how much there is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Report nothing."""
