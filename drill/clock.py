"""A steppable wall clock for the processes of one drill.

Python runs `stepped/sitecustomize.py` first in each process with its folder on PYTHONPATH. It adds an offset, read from
a file that all of them share, to `time.time` and `time.time_ns`. The product knows nothing of it.
Redis and the warehouse keep the true time; so do timers, which run on another clock.
"""

import struct
from pathlib import Path

STEPPED = Path(__file__).with_name("stepped")
FILE = "DRILL_CLOCK"
_OFFSET = struct.Struct("<q")


class Clock:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.step(0.0)

    def step(self, seconds: float) -> None:
        """Set the offset from the true time."""
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.write(_OFFSET.pack(int(seconds * 1e9)))

    def environment(self, other_path: str | None) -> dict[str, str]:
        """Return the environment of a process that follows this clock; it replaces PYTHONPATH by one with `other_path`
        behind."""
        return {FILE: str(self.path), "PYTHONPATH": f"{STEPPED}:{other_path}" if other_path else str(STEPPED)}
