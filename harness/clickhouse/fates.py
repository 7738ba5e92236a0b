"""What becomes of requests at a proxy, drawn by a seed."""

import random
import re
import threading
from collections.abc import Mapping

from harness.clickhouse.proxy import Fate, How, Passing

WRITES = rb"INSERT|DELETE|ALTER|TRUNCATE|CREATE|DROP"
# What takes as long as the client's patience is drawn more rarely.
ALL: Mapping[How, int] = {
    "before": 4,
    "within": 4,
    "half": 4,
    "after": 4,
    "closed": 2,
    "twice": 3,
    "again": 3,
    "stalled": 1,
    "silent": 1,
}
QUICK: Mapping[How, int] = {how: weight for how, weight in ALL.items() if how not in ("stalled", "silent")}
LATE_S = 1.5


class Fates:
    """Of requests whose beginning matches `what` this `share` meets something, of others `besides`. While `calm`, none
    does."""

    def __init__(
        self,
        seed: int,
        *,
        what: bytes = WRITES,
        share: float = 0.35,
        besides: float = 0.0,
        hows: Mapping[How, int] = ALL,
    ) -> None:
        self.calm = False
        self._what = re.compile(what)
        self._share, self._besides = share, besides
        self._hows = hows
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def __call__(self, passing: Passing) -> Fate | None:
        share = self._share if self._what.search(passing.raw[:4000]) else self._besides
        with self._lock:
            if self.calm or self._random.random() >= share:
                return None
            (how,) = self._random.choices(tuple(self._hows), tuple(self._hows.values()))
            return Fate(how, self._random.uniform(0, LATE_S))
