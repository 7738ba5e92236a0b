"""`python -m qr.worker`: draws what comes in on stdin, one after another, until that is closed.

A process of its own, because what it does must be possible to stop: it decodes other people's pictures, and renders
with the interpreter's lock held. It may use so much memory, and so much processor time for one picture, and is ended by
the kernel when it wants more.
"""

import ctypes
import resource
import signal
import sys

from qr import job
from qr.drawing import draw
from qr.errors import Refused, Unreadable

MEMORY_BYTES = 3 * 1024**3
CPU_S = 20
_PR_SET_PDEATHSIG = 1


def main() -> None:
    # Ctrl-C reaches the whole group; this one ends when its parent has.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    while (message := job.receive(sys.stdin.buffer)) is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime)
        resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_S, resource.RLIM_INFINITY))
        job.send(sys.stdout.buffer, job.encode(_done(job.job(message))))


def _done(asked: job.Job) -> job.Done:
    try:
        return job.Done(draw(asked.data, asked.style, asked.format, asked.size, more_fonts=asked.more_fonts))
    except Refused as refused:
        unreadable = isinstance(refused, Unreadable)
        return job.Done(field=refused.field, message=refused.message, unreadable=unreadable)


if __name__ == "__main__":
    main()
