"""Measures every budget of the design, each beside its limit: `python -m bench` (or `make bench`).

One module for each budget or family of them; each has a `FULL` and a `TINY` size, and
`measure(size, say)`, which blocks, yields figures as they are known and leaves nothing running.
"""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType


def _module(name: str) -> Callable[[], ModuleType]:
    return lambda: import_module(f"bench.{name}")


# In the order in which they are run. Imported when run: one bench does not need another's rooms.
BENCHES: dict[str, Callable[[], ModuleType]] = {
    name: _module(name) for name in ("startup", "redirect", "cold", "memory", "freshness", "aggregator", "analytics")
}
