"""What day and time it is somewhere."""

import logging
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MS_OF_MINUTE = 60_000
ZONES = 1_024

log = logging.getLogger(__name__)


class LocalTime:
    """Of one zone. It remembers the last minute that it was asked for: the scans of a minute share one look."""

    __slots__ = ("_found", "_minute", "_zone")

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._minute = -1
        self._found = (0, 0)

    def at(self, at_ms: int) -> tuple[int, int]:
        """The weekday, Monday being 0, and the minutes since midnight. Zones keep whole minutes from each other."""
        minute = at_ms // MS_OF_MINUTE
        if minute != self._minute:
            local = datetime.fromtimestamp(minute * 60, self._zone)
            self._found = (local.weekday(), local.hour * 60 + local.minute)
            self._minute = minute
        return self._found


@lru_cache(ZONES)
def local_time(zone: str) -> LocalTime | None:
    """None when this machine does not know the zone."""
    try:
        return LocalTime(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.warning("a rule names the time zone %r, which this machine does not know", zone[:64])
        return None
