"""Find the route of a link key: from memory if trusted, else from Redis, else the last known version."""

import asyncio
from collections.abc import Callable

import msgspec

from decisions.response import redirect_to
from redirect.bounded_cache import forget_oldest
from redirect.custom_domains import CustomDomain
from redirect.event_line import piece
from redirect.metrics import Counts
from redirect.redis_client import RedisClient
from redirect.redis_connection import Away, Refused
from redirect.route_cache import CachedRoute, RouteCache, Trust
from schemas import keys
from schemas.branding import PLAIN
from schemas.route import decode_route
from schemas.short_links import PAUSED_PATH


class Unavailable(Exception):
    """The route is unknown and Redis cannot be reached."""


class SharedRead:
    """A read of a link key, shared by callers that came before it began, and the read after it."""

    __slots__ = ("next", "task")

    def __init__(self, task: "asyncio.Task[CachedRoute | None]") -> None:
        self.task = task
        self.next: SharedRead | None = None


class RouteLookup:
    """Look routes up. `primary` is authoritative; `near`, a replica or the primary itself, is read while trust stands,
    which proves that it has everything the primary had when the last answered ping was sent."""

    def __init__(
        self,
        routes: RouteCache,
        trust: Trust,
        primary: RedisClient,
        near: RedisClient,
        *,
        stale_max_s: float,
        elapsed: Callable[[], float],
        counts: Counts,
    ) -> None:
        self._routes = routes
        self._trust = trust
        self._primary = primary
        self._near = near
        self._stale_max_s = stale_max_s
        self._elapsed = elapsed
        self._counts = counts
        self._flights: dict[str, SharedRead] = {}

    async def find(self, link_key: str) -> CachedRoute | None:
        """The route, or None if there is none. Raises Unavailable when Redis is needed and away."""
        now = self._elapsed()
        trusted = now < self._trust.until
        cached = self._routes.entries.get(link_key)
        if cached is None:
            if self._routes.is_unknown(link_key, now):
                return None
        elif trusted and cached.epoch == self._trust.epoch:
            return cached
        self._counts.lookups += 1
        try:
            cached = await asyncio.shield(self._flight(link_key, trusted).task)
        except (Away, Refused):
            # A message may have delivered it meanwhile.
            cached = self._routes.entries.get(link_key)
            if cached is None or self._elapsed() - self._trust.heard_at > self._stale_max_s:
                raise Unavailable from None
            self._counts.stale += 1
            return cached
        self._counts.fetched += cached is not None and cached.outcome != "unknown"
        return cached

    def _flight(self, link_key: str, trusted: bool) -> SharedRead:
        """The read to wait for. With trust any read will do, because messages deliver later changes. Without trust,
        only one that begins now or later: a reply under way may be older than an edit that was answered before this
        scan came."""
        flight = self._flights.get(link_key)
        if flight is None:
            flight = SharedRead(asyncio.create_task(self._read(link_key, trusted)))
            self._flights[link_key] = flight
            flight.task.add_done_callback(lambda _: self._landed(link_key, flight))
            return flight
        if trusted:
            return flight
        if flight.next is None:
            flight.next = SharedRead(asyncio.create_task(self._read_after(flight.task, link_key)))
        return flight.next

    def _landed(self, link_key: str, flight: SharedRead) -> None:
        if not flight.task.cancelled():
            # Retrieve the exception, since everybody who waited may be gone.
            flight.task.exception()
        following = flight.next
        if following is None:
            del self._flights[link_key]
        else:
            self._flights[link_key] = following
            following.task.add_done_callback(lambda _: self._landed(link_key, following))

    async def _read_after(self, before: "asyncio.Task[CachedRoute | None]", link_key: str) -> CachedRoute | None:
        await asyncio.wait({before})
        return await self._read(link_key, trusted=False)

    async def _read(self, link_key: str, trusted: bool) -> CachedRoute | None:
        redis = self._near if trusted else self._primary
        epoch = self._trust.epoch
        asked_at = self._elapsed()
        self._routes.begin(link_key)
        try:
            raw = await redis.ask("GET", keys.route(link_key))
            found = None if raw is None else self._routes.prepare(link_key, decode_route(raw), epoch)
        except (msgspec.DecodeError, ValueError, OverflowError) as error:
            self._routes.abandon(link_key)
            self._counts.unreadable_routes += 1
            raise Refused("a route that cannot be read") from error
        except BaseException:
            self._routes.abandon(link_key)
            raise
        return self._routes.settle(link_key, found, asked_at, epoch)


# The route at a link, for any host.
#
# At a custom domain a code on that domain comes first, then a code of the same workspace on the short host. Its events
# then name the domain as host.

REMEMBERED = 20_000


class HostRoutes:
    """Routes by host. `unknown` is the route for unknown links at the short host."""

    def __init__(self, lookup: RouteLookup, routes: RouteCache, unknown: CachedRoute) -> None:
        self._lookup = lookup
        self._routes = routes
        self._unknown = unknown
        # Link key and domain → the cached route, the domain, and its form there (None: of another workspace).
        self._there: dict[tuple[str, str], tuple[CachedRoute, CustomDomain, CachedRoute | None]] = {}

    def nothing(self, host: CustomDomain | None) -> CachedRoute:
        """The route under which a scan of an unknown link is recorded."""
        if host is None:
            return self._unknown
        return msgspec.structs.replace(
            self._unknown,
            event=piece(0, host.workspace, host.name, ""),
            workspace=host.workspace.to_bytes(8, "big"),
        )

    def at_once(self, host: CustomDomain, default: str | None, now: float) -> CachedRoute | None:
        """As `find` at a custom domain, but without waiting, for a caller that has checked trust: None also when the
        route is not known."""
        if default is None:
            return None
        own = host.name + default
        cached = self._routes.trusted(own)
        if cached is None and not self._routes.is_unknown(own, now):
            return None
        return self._at(host, own, cached) or self._at(host, default, self._routes.trusted(default))

    async def find(self, host: CustomDomain | None, default: str | None) -> CachedRoute | None:
        """The route at a host. `default` is the link key that the path means at the short host, if any. None if there
        is no route, or this host does not serve it. Raises Unavailable when Redis is needed and away."""
        if default is None:
            return None
        if host is None:
            found = await self._lookup.find(default)
            return None if found is None or found.outcome == "unknown" else found
        own = host.name + default
        try:
            there = self._at(host, own, await self._lookup.find(own))
        except Unavailable:
            # Redis had no such route when last asked, so the code on the short host keeps working.
            if not self._routes.was_unknown(own):
                raise
            there = None
        return there or self._at(host, default, await self._lookup.find(default))

    def _at(self, host: CustomDomain, link_key: str, cached: CachedRoute | None) -> CachedRoute | None:
        if cached is None or cached.outcome == "unknown":
            return None
        key = link_key, host.name
        known = self._there.get(key)
        if known is None or known[0] is not cached or known[1] is not host:
            birth = int.from_bytes(cached.code, "big")
            ours = cached.event.startswith(piece(birth, host.workspace) + b",")
            event = piece(birth, host.workspace, host.name, keys.slug_of(link_key))
            known = cached, host, _moved(cached, host, event) if ours else None
            forget_oldest(self._there, REMEMBERED)
            self._there[key] = known
        there = known[2]
        if there is not None:
            there.epoch = cached.epoch
        return there


def _moved(cached: CachedRoute, host: CustomDomain, event: bytes) -> CachedRoute:
    """The route at a domain. Its page of paused codes is that domain's if it looks other than ours."""
    branded = cached.outcome == "paused" and host.branding != PLAIN
    return msgspec.structs.replace(cached, event=event, headers=_PAUSED_HERE if branded else cached.headers)


_PAUSED_HERE = redirect_to(PAUSED_PATH.encode(), "paused").headers
