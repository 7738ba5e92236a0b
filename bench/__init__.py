"""Measure every budget of the design against its limit: `python -m bench` (or `make bench`).

One module for each budget or family of them; each has a `FULL` and a `TINY` size, and
`measure(size, say)`, which blocks, yields figures as they are known and leaves nothing running.
"""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType


def _module(name: str) -> Callable[[], ModuleType]:
    return lambda: import_module(f"bench.{name}")


# In the order in which they are run. Imported when run: one bench does not need another's rooms.
BUDGETS = (
    "startup",
    "redirect",
    "peers",
    "cold",
    "memory",
    "freshness",
    "stream",
    "aggregator",
    "analytics",
    "questions",
    "export",
    "dashboard",
    "overview",
)
# How cost grows, which no budget is set for (but the soak's); these take longer than all the others together.
GROWTH = {
    "codes": "many_codes",
    "scans": "many_scans",
    "sources": "many_sources",
    "partitions": "many_partitions",
    "storing": "storing",
    "workers": "workers",
    "connections": "connections",
    "full-load": "full_load",
    "servers": "servers",
    "soak": "soak",
}

BENCHES: dict[str, Callable[[], ModuleType]] = {
    **{name: _module(name) for name in BUDGETS},
    **{name: _module(module) for name, module in GROWTH.items()},
}
