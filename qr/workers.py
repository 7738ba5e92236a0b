"""The processes that draw: started when they are needed, replaced when one dies."""

import subprocess
import sys
import threading
from contextlib import suppress

from qr import job
from qr.errors import Refused, Unreadable

# By the clock on the wall; the processor's is in `qr.worker`.
PATIENCE_S = 60.0


class Workers:
    """As many processes as there are threads that ask at the same time."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def draw(self, asked: job.Job) -> bytes:
        """Blocks. Raises Refused, for what took a process too long or too much memory as well."""
        worker = self._take()
        answer = self._ask(worker, job.encode(asked))
        if answer is None:
            raise Refused("style", "takes too much time or memory to draw at this size")
        self._give_back(worker)
        found = job.done(answer)
        if not found.picture:
            raise (Unreadable if found.unreadable else Refused)(found.field, found.message)
        return found.picture

    def _take(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.poll() is None:
                    return worker
        return subprocess.Popen([sys.executable, "-m", "qr.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _give_back(self, worker: "subprocess.Popen[bytes]") -> None:
        with self._lock:
            self._idle.append(worker)

    def _ask(self, worker: "subprocess.Popen[bytes]", message: bytes) -> bytes | None:
        assert worker.stdin is not None and worker.stdout is not None
        impatience = threading.Timer(self._patience_s, worker.kill)
        impatience.start()
        answer = None
        try:
            job.send(worker.stdin, message)
            answer = job.receive(worker.stdout)
        except OSError:
            answer = None
        finally:
            impatience.cancel()
            if answer is None:
                _end(worker)
        return answer

    def close(self) -> None:
        """Ends those that draw nothing just now."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            _end(worker)


def _end(worker: "subprocess.Popen[bytes]") -> None:
    worker.kill()
    worker.wait()
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            # What it was still to be sent has nowhere to go.
            with suppress(OSError):
                pipe.close()
