"""One side of `bench.storing`: stores scans with the tree in whose folder it is run, which may be an older one.

`python -c "$(cat bench/storing_side.py)" SCANS JOURNALS PATIENCE` prints the rate, and the processor time of a scan
in µs. What it imports has been there, under these names, since the trees that are compared.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

from bench import scans
from bench.aggregator import journals, moved


def used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(count: int, sources: int, patience_s: float) -> None:
    with tempfile.TemporaryDirectory(prefix="wm-bench-") as folder:
        until_ms = time.time_ns() // 1_000_000
        total = scans.spread(Path(folder) / "journal", count, sources=sources, until_ms=until_ms)
        began_s = used_s()
        rate, _ = moved(journals(Path(folder)), Path(folder), total, patience_s, lambda _: None)
        print(rate, (used_s() - began_s) / total * 1e6, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
