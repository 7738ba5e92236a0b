"""The terminal: whether there is one, and output that never blocks on it.

A thread writes the lines, so nobody waits for a terminal that is stopped, and nothing fails because a pipe is closed.
Lines that cannot be written are dropped: stopping must not depend on them.
"""

import contextlib
import os
import queue
import threading


def is_there() -> bool:
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return False
    os.close(descriptor)
    return True


# Lines that may wait; further ones are dropped.
WAITING = 10_000
# The time that `close` gives the last lines.
LAST_WORDS_S = 1.0


class Output:
    """Writes lines to a file descriptor that others may write to as well."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._write, daemon=True, name=f"output {descriptor}")
        self._thread.start()

    def say(self, line: str) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(f"{line}\n".encode(errors="backslashreplace"))

    def close(self) -> None:
        """Write what waits, for up to a second. Later lines are dropped."""
        with contextlib.suppress(queue.Full, queue.Empty):
            if self._lines.full():
                self._lines.get_nowait()
            self._lines.put_nowait(None)
        self._thread.join(LAST_WORDS_S)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            # It may come back: the next line is tried, too.
            with contextlib.suppress(OSError):
                while line:
                    line = line[os.write(self._descriptor, line) :]
