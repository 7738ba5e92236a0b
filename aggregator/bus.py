"""The interface of a bus. Two implement it: the journal folder of one machine, and Kafka.

A bus has partitions; a partition is a sequence of records, each with an offset that only grows. The aggregator
follows each partition that is assigned to this process; no other process follows it meanwhile.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec


class Range(msgspec.Struct, frozen=True):
    """The offsets of one batch, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


class Record(msgspec.Struct, frozen=True):
    """Whole journal lines, without their newlines. A Kafka record holds many under one offset. A part of a journal
    has `offset` None: there every line is a record, and an event's offset is its seq. `source`, if known, is the
    source that all lines must have."""

    offset: int | None
    lines: list[bytes]
    source: int | None = None


class PartitionId(msgspec.Struct, frozen=True):
    """A partition of a bus. `bus` is a new id for each topic or folder, so that offsets which begin again there cannot
    be taken for old ones."""

    bus: str
    topic: str
    number: int

    def token(self, batch: Range) -> str:
        return f"{self.bus}:{self.topic}:{self.number}:{batch}"


class Resume(msgspec.Struct, frozen=True):
    """Where a partition resumes. `intent` is a batch that was declared and not finished; its insert may have happened,
    wholly, partly or not at all."""

    position: int
    intent: Range | None = None


class Lost(Exception):
    """The partition belongs to another process now: declare nothing more for it."""


class Gone(Exception):
    """Records are gone from the bus before they were read. Stops the partition with an alarm."""


class Held(Exception):
    """Another process repairs rollups, or waits to, and no other insert may run meanwhile. Let others have their turn,
    and try again."""


class Partition(Protocol):
    id: PartitionId
    # Set when this process must release the partition: finish what is declared, declare nothing new.
    leaving: asyncio.Event

    async def resume(self) -> Resume:
        """Where to resume; the next `read` starts there. Raises Gone."""

    async def seek(self, offset: int) -> None:
        """Start the next `read` at the first record at or above the offset."""

    async def read(self, max_bytes: int) -> Sequence[Record] | None:
        """The next records, in order, each once; empty if none arrives within a fraction of a second; None when the
        partition is closed and read to its end. Raises Gone."""

    async def declare(self, batch: Range) -> float:
        """Record the intent to insert these offsets, and that everything below them is done. Returns the clock's time
        at which the bus acknowledged it. Raises Lost; Held (then nothing is declared); or OSError: then call it again
        with the same range."""

    async def hold(self, position: int, intent: Range | None) -> float:
        """Like `declare` (or with nothing declared); from its return until `done` no other process inserts. Raises Held
        while another process has a batch declared: the hold stays in place, call it again. Called once more later, it
        asks whether the hold is still there."""

    async def done(self, position: int) -> None:
        """Record that everything below is done and nothing is declared. Raises like `declare`."""

    async def retire(self) -> None:
        """Called once, after `done`, when `read` has returned None at the end of the partition."""

    async def lag(self) -> int | None:
        """How many offsets on the bus are not read yet; None if the bus cannot tell now."""

    def released(self) -> None:
        """Called when the aggregator has released the partition."""


class Bus(Protocol):
    # The bus reassigns the partitions of a process that is silent for this long; None: never.
    session_timeout_s: float | None
    # Whether other processes may insert the records of other partitions of this bus.
    shared: bool

    async def open(self) -> None: ...

    async def partitions(self) -> Sequence[Partition]:
        """The partitions assigned now. Polled; a partition is the same object as long as it stays assigned."""

    async def until_changed(self) -> None:
        """Returns when there may be others than `partitions` told last, and after a while anyway."""

    async def close(self) -> None:
        """Called when the aggregator has released every partition."""
