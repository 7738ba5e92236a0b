"""A wall clock that can be stepped, for the processes of one drill only.

`stepped/sitecustomize.py` is what Python runs first in a process that has its folder on PYTHONPATH. It adds to
`time.time` and `time.time_ns` what stands in a file that is shared by all of them. The product knows nothing of it.
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
        """To so far from the true time."""
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.write(_OFFSET.pack(int(seconds * 1e9)))

    def environment(self, other_path: str | None) -> dict[str, str]:
        """What a process needs to follow this clock, in place of its PYTHONPATH."""
        return {FILE: str(self.path), "PYTHONPATH": f"{STEPPED}:{other_path}" if other_path else str(STEPPED)}
