"""How a visit ends, in the design's order: unknown, paused, redirect. What stands between those two
(times, limits, passwords, rules, variants) takes its place here when routes carry it."""

import re

import msgspec

from schemas.event import Outcome
from schemas.route import Route

NO_STORE = (b"cache-control", b"no-store")
EMPTY = (b"content-length", b"0")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


class Decision(msgspec.Struct, frozen=True):
    outcome: Outcome
    location: bytes = b""

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        return ((b"location", self.location), NO_STORE, EMPTY)


UNKNOWN = Decision("unknown")


def decide(route: Route, paused_page: bytes) -> Decision:
    """Depends on the route alone, so it is made once for each version of it and not for each visit.
    Raises ValueError when a destination cannot stand in a header (`codes` lets none through)."""
    if route.gone:
        return UNKNOWN
    if route.status == "paused":
        return Decision("paused", paused_page)
    location = route.destination.encode()
    if not location or _CONTROL.search(location):
        raise ValueError("a destination with control characters, or none")
    return Decision("redirect", location)
