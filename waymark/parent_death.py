"""Child processes end when their parent does, also when it is killed.

Linux signals them (PR_SET_PDEATHSIG). Elsewhere, and as a second line, our own children watch a pipe whose other end
only the parent holds.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

# The variable that tells one of our own children which descriptor to watch.
PIPE = "WAYMARK_PARENT_PIPE"
# The variable that tells it which descriptor to write to when it serves.
READY = "WAYMARK_READY_PIPE"


def before_exec(parent: int, blocked: set[signal.Signals]) -> Callable[[], None]:
    """What a child runs between fork and exec: allocates next to nothing, takes no lock.

    `blocked` signals stay blocked in the program: a Ctrl-C in the terminal goes to the whole process
    group, and it is for the supervisor to say who stops when."""

    def run() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            # The parent ended before the kernel was told: there will be no signal.
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_BLOCK, blocked)

    return run


def say_ready() -> None:
    """Tell `up` that this child serves now. Does nothing in other processes."""
    descriptor = os.environ.pop(READY, None)
    if descriptor is not None:
        with contextlib.suppress(OSError):
            os.write(int(descriptor), b"1")
        os.close(int(descriptor))


def watch_parent() -> None:
    """In a child of `up`: end this process when the pipe closes. Does nothing in other processes."""
    descriptor = os.environ.get(PIPE)
    if descriptor is not None:
        threading.Thread(target=_watch, args=(int(descriptor),), daemon=True, name="parent").start()


def _watch(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
