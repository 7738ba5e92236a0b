"""The route of a place: from memory when that can be trusted, else from Redis, else as it last was."""

import asyncio
from collections.abc import Callable

import msgspec

from redirect.metrics import Counts
from redirect.redis_client import Store
from redirect.redis_connection import Away, Refused
from redirect.route_cache import Entry, Routes, Trust
from schemas import keys
from schemas.route import decode_route


class Unavailable(Exception):
    """The route is not known, and Redis cannot be asked."""


class Flight:
    """One read of a place, shared by those who asked before it began, and the one after it."""

    __slots__ = ("next", "task")

    def __init__(self, task: "asyncio.Task[Entry | None]") -> None:
        self.task = task
        self.next: Flight | None = None


class Lookup:
    """`primary` has the last word; `near`, a replica or the same, is read while trust stands, which
    proves that it has everything the primary had when the last answered ping was sent."""

    def __init__(
        self,
        routes: Routes,
        trust: Trust,
        primary: Store,
        near: Store,
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
        self._flights: dict[str, Flight] = {}

    async def find(self, place: str) -> Entry | None:
        """None when nothing is there. Raises Unavailable when nobody can say."""
        now = self._elapsed()
        trusted = now < self._trust.until
        entry = self._routes.entries.get(place)
        if entry is None:
            if self._routes.is_unknown(place, now):
                return None
        elif trusted and entry.epoch == self._trust.epoch:
            return entry
        self._counts.lookups += 1
        try:
            entry = await asyncio.shield(self._flight(place, trusted).task)
        except (Away, Refused):
            # A message may have brought it meanwhile.
            entry = self._routes.entries.get(place)
            if entry is None or self._elapsed() - self._trust.heard_at > self._stale_max_s:
                raise Unavailable from None
            self._counts.stale += 1
            return entry
        self._counts.fetched += entry is not None and entry.outcome != "unknown"
        return entry

    def _flight(self, place: str, trusted: bool) -> Flight:
        """A read to wait for. While trust stands any will do: what was published since is known from
        the messages. Without it, only one that begins now or later: the reply on its way may be older
        than an edit that was answered before this visit came."""
        flight = self._flights.get(place)
        if flight is None:
            flight = Flight(asyncio.create_task(self._read(place, trusted)))
            self._flights[place] = flight
            flight.task.add_done_callback(lambda _: self._landed(place, flight))
            return flight
        if trusted:
            return flight
        if flight.next is None:
            flight.next = Flight(asyncio.create_task(self._read_after(flight.task, place)))
        return flight.next

    def _landed(self, place: str, flight: Flight) -> None:
        if not flight.task.cancelled():
            # Whoever waited may be gone; then its failure is nobody's.
            flight.task.exception()
        following = flight.next
        if following is None:
            del self._flights[place]
        else:
            self._flights[place] = following
            following.task.add_done_callback(lambda _: self._landed(place, following))

    async def _read_after(self, before: "asyncio.Task[Entry | None]", place: str) -> Entry | None:
        await asyncio.wait({before})
        return await self._read(place, trusted=False)

    async def _read(self, place: str, trusted: bool) -> Entry | None:
        store = self._near if trusted else self._primary
        epoch = self._trust.epoch
        asked_at = self._elapsed()
        self._routes.begin(place)
        try:
            raw = await store.ask("GET", keys.route(place))
            found = None if raw is None else self._routes.entry(place, decode_route(raw), epoch)
        except (msgspec.DecodeError, ValueError, OverflowError) as error:
            self._routes.abandon(place)
            self._counts.unreadable_routes += 1
            raise Refused("a route that cannot be read") from error
        except BaseException:
            self._routes.abandon(place)
            raise
        return self._routes.settle(place, found, asked_at, epoch)
