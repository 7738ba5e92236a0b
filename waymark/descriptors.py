"""How many files and connections a process may have open."""

import contextlib
import resource

# Where there is no hard limit; what Linux allows a process unless told otherwise.
MOST = 1 << 20
# What macOS allows a process, whatever the hard limit says.
MOST_OF_MACOS = 10_240


def raise_limit() -> int:
    """Lifts the soft limit (1,024 on most systems, for old programs) to the hard one. Returns what holds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (MOST if hard == resource.RLIM_INFINITY else hard, MOST_OF_MACOS):
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            break
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            break
    return limit()


def limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else soft
