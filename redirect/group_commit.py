"""Group commit: append the events of one turn of the event loop with one write, then send their answers.

A turn of the loop reads every connection that has sent something; callbacks scheduled meanwhile run after that. So the
first answer of a turn schedules `flush`; later events of the turn join the group, and their answers are held. No timer
is involved: a single scan is written and answered in the same turn.

Scheduling costs more than a single scan can gain. So after several groups of one in a row the next events are written
at once, and from time to time one is scheduled to see whether more arrive together by now.

Use it in the event loop's thread only. Call `flush` before writing to a connection by another way than `hold`, or
closing it: held answers come first. A task scheduled after the answer need not, because `flush` was scheduled with the
answer.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from redirect.metrics import Counts

# Flush at this many answers: enough share the write, and the first has waited for some hundred microseconds.
MOST = 64
# After this many groups of one in a row, this many events are written at once.
LONELY = 4
AT_ONCE = 32


class Transport(Protocol):
    def is_closing(self) -> bool: ...

    def write(self, data: bytes, /) -> None: ...


class GroupCommit(NamedTuple):
    """`add(event)` takes an event of this turn. Only `hold` and `flush` write it, so call one of them in the same turn:
    `hold` with its answer, or `flush` before the answer goes out by another way, or when nobody is there to answer.

    `hold(transport, answer, began)` writes the answer once the events so far are in the journal, which may be now.
    `began` is when its request was there; after `waited(began)`, when the answer was.

    `flush()` appends the group, then sends its answers. It raises RuntimeError when the journal is closed, and sends
    nothing."""

    add: Callable[[bytes], None]
    hold: Callable[[Transport, bytes, float], None]
    waited: Callable[[float], None]
    flush: Callable[[], None]


def group_commit(
    append: Callable[[bytes], int],
    append_all: Callable[[Sequence[bytes]], int],
    counts: Counts,
    elapsed: Callable[[], float],
) -> GroupCommit:
    """Make a group commit over the journal's `append` and `append_all`, which counts how long answers take."""
    events: list[bytes] = []
    held: list[tuple[Transport, bytes]] = []
    # When the first request of the group was there, and those of answers in it that waited.
    turn_began = 0.0
    waiting: list[float] = []
    latency = counts.latency
    by_power = latency.by_power

    # Groups of one in a row, and how many more events to write at once.
    lonely, at_once = 0, 0

    def hold(transport: Transport, answer: bytes, began: float) -> None:
        nonlocal at_once, turn_began
        if not held:
            if at_once and events:
                at_once -= 1
                commit()
            if not events:
                transport.write(answer)
                if waiting:
                    written(began, 1)
                else:
                    # `Latency.add`, inlined here and below: it would show.
                    microseconds = int((elapsed() - began) * 1e6)
                    by_power[microseconds.bit_length()] += 1
                    latency.microseconds += microseconds
                return
            turn_began = began
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
            # A client that has disconnected misses nothing.
            if not transport.is_closing():
                transport.write(answer)
        if answers:
            written(turn_began, len(answers))

    def written(began: float, answers: int) -> None:
        now = elapsed()
        if waiting:
            answers -= len(waiting)
            for own in waiting:
                latency.add(now - own)
            waiting.clear()
        microseconds = int((now - began) * 1e6)
        by_power[microseconds.bit_length()] += answers
        latency.microseconds += microseconds * answers

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

    return GroupCommit(events.append, hold, waiting.append, flush)
