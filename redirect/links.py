"""What stands at a link, whichever host it is asked for at.

At a custom domain a code that is on it goes first, then one of the same workspace on the short host. The same route
is then another event, since its host is the domain.
"""

import msgspec

from redirect.bounded_cache import forget_oldest
from redirect.custom_domains import Host
from redirect.event_line import piece
from redirect.route_cache import Entry, Routes
from redirect.route_lookup import Lookup, Unavailable
from schemas import keys

REMEMBERED = 20_000


class Links:
    """`unknown` stands for what is not there, at the short host."""

    def __init__(self, lookup: Lookup, routes: Routes, unknown: Entry) -> None:
        self._lookup = lookup
        self._routes = routes
        self._unknown = unknown
        # Place and domain → the route's entry, and what it is there (None: not of the domain's workspace).
        self._there: dict[tuple[str, str], tuple[Entry, Entry | None]] = {}

    def nothing(self, host: Host | None) -> Entry:
        """What a visit is recorded as that finds nothing."""
        if host is None:
            return self._unknown
        return msgspec.structs.replace(self._unknown, event=piece(0, host.workspace, host.name, ""))

    def at_once(self, host: Host, default: str | None, now: float) -> Entry | None:
        """As `find` at a custom domain, for who cannot wait and has looked whether trust stands: None where it is not
        known either."""
        if default is None:
            return None
        own = host.name + default
        entry = self._routes.trusted(own)
        if entry is None and not self._routes.is_unknown(own, now):
            return None
        return self._at(host, own, entry) or self._at(host, default, self._routes.trusted(default))

    async def find(self, host: Host | None, default: str | None) -> Entry | None:
        """What is at `default`, the place that a path means at the short host, if it means one. None when nothing is
        there, or nothing that this host leads to. Raises Unavailable when nobody can say."""
        if default is None:
            return None
        if host is None:
            found = await self._lookup.find(default)
            return None if found is None or found.outcome == "unknown" else found
        own = host.name + default
        try:
            there = self._at(host, own, await self._lookup.find(own))
        except Unavailable:
            # Known not to be there when last asked: then the code on the short host keeps working.
            if not self._routes.was_unknown(own):
                raise
            there = None
        return there or self._at(host, default, await self._lookup.find(default))

    def _at(self, host: Host, place: str, entry: Entry | None) -> Entry | None:
        if entry is None or entry.outcome == "unknown":
            return None
        key = place, host.name
        known = self._there.get(key)
        if known is None or known[0] is not entry:
            birth = int.from_bytes(entry.code, "big")
            ours = entry.event.startswith(piece(birth, host.workspace) + b",")
            event = piece(birth, host.workspace, host.name, keys.slug_of(place))
            known = entry, msgspec.structs.replace(entry, event=event) if ours else None
            forget_oldest(self._there, REMEMBERED)
            self._there[key] = known
        there = known[1]
        if there is not None:
            there.epoch = entry.epoch
        return there
