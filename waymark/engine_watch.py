"""Says in the log that an engine is away, once, and that it is back.

What a service lacks is asked for at /readyz, by whoever looks; here it is asked for all the time, so that the log of a
long run has the beginning and the end of each outage, and nothing between.
"""

import asyncio
import logging
import time
from collections.abc import Mapping

from api.context import Ready
from api.health import readiness

EVERY_S = 2.0

log = logging.getLogger(__name__)


async def keep_watched(parts: Mapping[str, Ready], stop: asyncio.Event, every_s: float = EVERY_S) -> None:
    """Until `stop`. What is missing once may be on its way; what is missing twice in a row is away."""
    missing_before: set[str] = set()
    away_since: dict[str, float] = {}
    while not stop.is_set():
        missing = (await readiness(parts)).missing
        now = time.monotonic()
        for part, why in missing.items():
            if part in missing_before and part not in away_since:
                away_since[part] = now
                log.warning("%s is away: %s", part, why)
        for part in [part for part in away_since if part not in missing]:
            log.info("%s is back, after %d s", part, now - away_since.pop(part))
        missing_before = set(missing)
        try:
            await asyncio.wait_for(stop.wait(), every_s)
        except TimeoutError:
            continue
