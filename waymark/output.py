"""Lines for a stream that may be slow, stopped or gone.

A thread writes them, so whoever speaks never waits for a terminal that was stopped, and never fails because a pipe is
closed. What cannot be written is nobody's loss: stopping must not depend on it.
"""

import contextlib
import os
import queue
import threading

# Lines that wait for a stream which takes none; further ones are dropped.
WAITING = 10_000
# How long the last lines may take at the end.
LAST_WORDS_S = 1.0


class Output:
    """Writes to a file descriptor, which others may write to as well."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._write, daemon=True, name=f"output {descriptor}")
        self._thread.start()

    def say(self, line: str) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(f"{line}\n".encode(errors="backslashreplace"))

    def close(self) -> None:
        """Writes what was said, within a second. What is said afterwards is dropped."""
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
