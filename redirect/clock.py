"""The clock that measures trust: it keeps counting while the machine sleeps."""

import time
from collections.abc import Callable

if hasattr(time, "CLOCK_BOOTTIME"):
    from functools import partial

    elapsed: Callable[[], float] = partial(time.clock_gettime, time.CLOCK_BOOTTIME)
else:
    elapsed = time.monotonic


def now_ms() -> int:
    return time.time_ns() // 1_000_000
