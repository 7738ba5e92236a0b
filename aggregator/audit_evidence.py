"""What the audit holds the warehouse against. Nothing here is read from the tables that it proves.

Whoever runs the audit says how each of these is asked for; the audit asks at the right moments. A call may
raise Unreachable: then the report says what was not compared, and is not clean.
"""

from collections.abc import Callable, Collection, Iterable

import msgspec

Ranges = tuple[tuple[int, int], ...]


class Unreachable(Exception):
    """Who holds the evidence does not answer; the message says who, and why."""


class JournalHead(msgspec.Struct, frozen=True):
    """A journal that is not closed: the last seq given out so far, and inclusive ranges of refused ones."""

    source: int
    head: int
    refused: Ranges = ()


class StoppedPartition(msgspec.Struct, frozen=True):
    """A partition that is not followed any further until a person has looked."""

    partition: int
    reason: str


def nothing() -> Iterable[JournalHead]:
    return ()


class Evidence(msgspec.Struct, frozen=True):
    """`journals` are those at hand that are not closed, each head read when it is asked for. `deleted` says which of
    these codes are deleted, by what is on record; `stopped`, which partitions of the aggregator beside the audit are.
    None: nobody can say, and it is not asked."""

    journals: Callable[[], Iterable[JournalHead]] = nothing
    deleted: Callable[[Collection[int]], Collection[int]] | None = None
    stopped: Callable[[], tuple[int, list[StoppedPartition]]] | None = None
