"""Ask the bus and the warehouse until they answer, and tell meanwhile what a partition waits for."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeVar

from aggregator.bus import Partition
from aggregator.warehouse_writer import Away

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0


class State(StrEnum):
    """What a partition's worker does; `waymark status` shows it."""

    RECOVERING = "recovering"
    FOLLOWING = "following"
    RETRYING = "retrying"
    STOPPED = "stopped"
    ENDED = "ended"
    LEFT = "left"


class Leaving(Exception):
    """The partition is to be let go of now; what is declared stays declared."""


class Retrier:
    """Everything that a worker asks goes through `until_answered`."""

    def __init__(self, partition: Partition) -> None:
        self.state = State.RECOVERING
        self.reason = ""
        self._partition = partition

    async def until_answered(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Repeats with growing pauses. Raises Leaving, and every other failure than of the bus or the warehouse."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                answer = await ask()
            except (Away, OSError) as error:
                self.note(error)
            else:
                if self.state == State.RETRYING:
                    self.state, self.reason = State.FOLLOWING, ""
                return answer
            await self.pause(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def pause(self, seconds: float) -> None:
        """Raises Leaving."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._partition.leaving.wait()
        self.raise_if_leaving()

    def raise_if_leaving(self) -> None:
        """Raises Leaving when the partition is to be let go of."""
        if self._partition.leaving.is_set():
            raise Leaving

    def note(self, error: Exception) -> None:
        """Keeps what is waited for, and logs it once."""
        if self.reason != str(error):
            log.warning("partition %d waits: %s", self._partition.id.number, error)
        self.reason = str(error)
        if self.state == State.FOLLOWING:
            self.state = State.RETRYING

    def stop(self, reason: str) -> None:
        self.state, self.reason = State.STOPPED, reason
        log.error("partition %d is stopped: %s", self._partition.id.number, reason)
