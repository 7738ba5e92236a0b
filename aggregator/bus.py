"""What the loop asks of a bus. Two answer: the journal folder of one machine, and Kafka.

A bus is partitions; a partition is records in a row, each with an offset that only grows. The loop
follows each partition that is assigned to this process, and no other process follows it then.
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
    """Whole journal lines, without their newlines. A Kafka record holds many under one offset. A stretch
    of a journal has `offset` None: there every line is a record of its own, and an event's offset is its seq.
    `source`, where it is known, is whose lines these must be."""

    offset: int | None
    lines: list[bytes]
    source: int | None = None


class PartitionId(msgspec.Struct, frozen=True):
    """Which partition of which bus. `bus` is made new with the topic or the folder, so that offsets
    that begin again there cannot be taken for old ones."""

    bus: str
    topic: str
    number: int

    def token(self, batch: Range) -> str:
        return f"{self.bus}:{self.topic}:{self.number}:{batch}"


class Resume(msgspec.Struct, frozen=True):
    """Where a partition goes on. `intent`: a batch that was declared and not finished; its insert may
    have happened, or half happened, or not."""

    position: int
    intent: Range | None = None


class Lost(Exception):
    """The partition belongs to another process now: nothing more may be declared for it."""


class Gone(Exception):
    """Records that were to be read are not on the bus any more. Stops the partition with an alarm."""


class Held(Exception):
    """Another process repairs rollups, or waits to, and nothing may be inserted beside it. Let others have
    their turn, and try again."""


class Partition(Protocol):
    id: PartitionId
    # Set when this process must let go of the partition: finish what is declared, declare nothing new.
    leaving: asyncio.Event

    async def resume(self) -> Resume:
        """Where to go on; the next `read` starts there. Raises Gone."""

    async def seek(self, offset: int) -> None:
        """The next `read` starts at the first record at or above the offset."""

    async def read(self, max_bytes: int) -> Sequence[Record] | None:
        """The next records, in order, each once; empty when nothing has come within a tenth of a
        second or so; None when the partition is closed and read to its end. Raises Gone."""

    async def declare(self, batch: Range) -> float:
        """Keeps the intent to insert these offsets, and with it that everything below them is done
        with. Returns the clock's time at which the bus has acknowledged it. Raises Lost; Held (then
        nothing is declared); or OSError, after which it is to be called again with the same range."""

    async def hold(self, position: int, intent: Range | None) -> None:
        """As `declare` (or with nothing declared), and from its return until `done` no other process inserts.
        Raises Held while one of them has a batch declared: what is held stays so, call it again."""

    async def done(self, position: int) -> None:
        """Keeps that everything below is done with and nothing is declared. Raises as `declare`."""

    async def retire(self) -> None:
        """Called once, after `done`, when `read` said that the partition is at its end."""

    async def lag(self) -> int | None:
        """How many offsets the bus holds above what was read; None when it cannot say now."""

    def released(self) -> None:
        """The loop has let go of the partition."""


class Bus(Protocol):
    # After this long without a sign of life the bus gives a process's partitions to another; None: never.
    session_timeout_s: float | None
    # Whether other processes may insert what other partitions of this bus hold.
    shared: bool

    async def open(self) -> None: ...

    async def partitions(self) -> Sequence[Partition]:
        """Those assigned now. Called again and again; a partition is the same object as long as it stays assigned."""

    async def close(self) -> None:
        """Called when the loop has let go of every partition."""
