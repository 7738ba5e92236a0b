"""The machine of the figures, and the CPU time of processes."""

import os
import platform
import time


def described() -> dict[str, str | int]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_mb": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20,
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as info:
            return next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "")
    except OSError:
        return platform.processor()


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process so far. Linux gives the clock of any process by
    its number (clock_getcpuclockid(3)), to the nanosecond where /proc counts in hundredths of a second.

    Raises OSError when there is no such process.
    """
    return time.clock_gettime((~pid << 3) | 2)


def resident_mb(pid: int) -> float:
    """Memory of a process that is in RAM, in MB of 10^6 bytes. Raises OSError when there is none."""
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
