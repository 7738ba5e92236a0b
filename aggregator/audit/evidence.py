"""What the audit holds the warehouse against. Nothing here is read from the tables that it proves.

Whoever runs the audit says how each of these is asked for; the audit asks at the right moments. A call may
raise Unreachable: then the report says what was not compared, and is not clean.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Literal

import msgspec

Ranges = tuple[tuple[int, int], ...]


class Unreachable(Exception):
    """Who holds the evidence does not answer; the message says who, and why."""


class JournalHead(msgspec.Struct, frozen=True):
    """A journal at hand: the last seq given out so far, inclusive ranges of refused ones, and why it cannot be read,
    where that is so."""

    source: int
    head: int
    refused: Ranges = ()
    trouble: str = ""


class StoppedPartition(msgspec.Struct, frozen=True):
    """A partition that is not followed any further until a person has looked."""

    partition: int
    reason: str


# Where a source's account is kept: beside the journals, in Redis, or with the notes that came by the bus.
Copy = Literal["the journals' register", "Redis", "the bus"]


class Account(msgspec.Struct, frozen=True):
    """What one copy says of a source: at `at_ms` it had given out 1 to `last`, of which so many were refused, and the
    checks of the others add up to `digest` (None: it cannot say). It may be behind, but never ahead."""

    copy: Copy
    source: int
    last: int
    refused: int
    digest: int | None
    closed: bool
    at_ms: int


def no_journals() -> Iterable[JournalHead]:
    return ()


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """`journals` are those at hand that are not closed, each head read when it is asked for. `registers` are the copies
    of the register of sources. `elsewhere`: journals may also be on machines that the audit cannot see; a source from
    there that has scans on their way, and of which nothing was heard since `silent_before_ms`, counts as silent.
    `deleted` says which of these codes are deleted, by what is on record; `stopped`, how many partitions the aggregator
    beside the audit has, and which are stopped. None: nobody can say, and it is not asked."""

    journals: Callable[[], Iterable[JournalHead]] = no_journals
    registers: tuple[Callable[[], Iterable[Account]], ...] = ()
    elsewhere: bool = False
    silent_before_ms: int = 0
    deleted: Callable[[Collection[int]], Collection[int]] | None = None
    stopped: Callable[[], tuple[int, list[StoppedPartition]]] | None = None
