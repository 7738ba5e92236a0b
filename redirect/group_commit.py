"""Group commit: the events of one turn of the event loop are appended with one write; then their answers go out.

A turn of the loop reads every connection that has something to say; what was scheduled meanwhile runs after that. So
the first event of a turn schedules `flush`; what the turn brings besides joins the group, and its answers are held.
Nothing waits for a clock: a visit that comes alone is written and answered in the same turn.

Used in the event loop's thread alone. Whoever writes to a connection by another way than `hold`, or closes it, calls
`flush` before: what is held for it comes first. A task needs not when it was scheduled after the event, since `flush`
was scheduled with the event.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from redirect.metrics import Counts

# So many answers are not held any longer: the write is shared by enough, and the first has waited for some hundred
# microseconds.
MOST = 64


class Transport(Protocol):
    def is_closing(self) -> bool: ...

    def write(self, data: bytes, /) -> None: ...


class GroupCommit:
    """`append` and `append_all` are the journal's."""

    __slots__ = ("_append", "_append_all", "_counts", "_events", "_held", "_scheduled")

    def __init__(
        self, append: Callable[[bytes], int], append_all: Callable[[Sequence[bytes]], int], counts: Counts
    ) -> None:
        self._append = append
        self._append_all = append_all
        self._counts = counts
        self._events: list[bytes] = []
        self._held: list[tuple[Transport, bytes]] = []
        # Whether `flush` is among what the loop runs next.
        self._scheduled = False

    def add(self, event: bytes) -> None:
        """An event of this turn. Its answer is to be handed to `hold`, or to be written after `flush`."""
        self._events.append(event)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._end_of_turn)

    def hold(self, transport: Transport, answer: bytes) -> None:
        """Writes the answer once the events so far are in the journal, which may be now."""
        if not self._events:
            transport.write(answer)
            return
        self._held.append((transport, answer))
        if len(self._held) >= MOST:
            self.flush()

    def _end_of_turn(self) -> None:
        self._scheduled = False
        self.flush()

    def flush(self) -> None:
        """Appends what there is, then answers. Raises RuntimeError when the journal is closed, and answers nothing."""
        events, held = self._events, self._held
        if not events:
            return
        self._events, self._held = [], []
        try:
            taken = self._append_all(events) if len(events) > 1 else self._append(events[0]) != 0
            self._counts.refused += len(events) - taken
        except OSError:
            self._counts.journal_errors += len(events)
        for transport, answer in held:
            # (A client that has gone meanwhile misses nothing.)
            if not transport.is_closing():
                transport.write(answer)
