"""Group commit: the events of one turn of the event loop are appended with one write; then their answers go out.

A turn of the loop reads every connection that has something to say; what was scheduled meanwhile runs after that. So
the first answer of a turn schedules `flush`; what the turn brings besides joins the group, and its answers are held.
Nothing waits for a clock: a scan that comes alone is written and answered in the same turn.

Scheduling costs more than a scan that comes alone can win. So where one after the other did, the next ones are written
at once, and every now and then one is scheduled to see whether more come by now.

Used in the event loop's thread alone. Whoever writes to a connection by another way than `hold`, or closes it, calls
`flush` before: what is held for it comes first. A task needs not when it was scheduled after the answer, since `flush`
was scheduled with it.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from redirect.metrics import Counts

# So many answers are not held any longer: the write is shared by enough, and the first has waited for some hundred
# microseconds.
MOST = 64
# After so many groups of one in a row so many events are written at once.
LONELY = 4
AT_ONCE = 32


class Transport(Protocol):
    def is_closing(self) -> bool: ...

    def write(self, data: bytes, /) -> None: ...


class GroupCommit(NamedTuple):
    """`add(event)` takes an event of this turn, whose answer goes to `hold`, or out after `flush`.

    `hold(transport, answer)` writes the answer once the events so far are in the journal, which may be now.

    `flush()` appends what there is, then answers. It raises RuntimeError when the journal is closed, and answers
    nothing."""

    add: Callable[[bytes], None]
    hold: Callable[[Transport, bytes], None]
    flush: Callable[[], None]


def group_commit(
    append: Callable[[bytes], int], append_all: Callable[[Sequence[bytes]], int], counts: Counts
) -> GroupCommit:
    """`append` and `append_all` are the journal's."""
    events: list[bytes] = []
    held: list[tuple[Transport, bytes]] = []

    # Groups of one in a row, and how many events are still to be written at once.
    lonely, at_once = 0, 0

    def hold(transport: Transport, answer: bytes) -> None:
        nonlocal at_once
        if not held:
            if at_once and events:
                at_once -= 1
                commit()
            if not events:
                transport.write(answer)
                return
            asyncio.get_running_loop().call_soon(end_of_turn)
        held.append((transport, answer))
        if len(held) >= MOST:
            flush()

    def end_of_turn() -> None:
        nonlocal lonely, at_once
        lonely = lonely + 1 if len(events) == 1 else 0
        at_once = AT_ONCE if lonely >= LONELY else 0
        flush()

    def flush() -> None:
        if not events:
            return
        answers = held[:]
        held.clear()
        commit()
        for transport, answer in answers:
            # (A client that has gone meanwhile misses nothing.)
            if not transport.is_closing():
                transport.write(answer)

    def commit() -> None:
        try:
            if len(events) > 1:
                counts.refused += len(events) - append_all(events)
            elif not append(events[0]):
                counts.refused += 1
        except OSError:
            counts.journal_errors += len(events)
        finally:
            events.clear()

    return GroupCommit(events.append, hold, flush)
