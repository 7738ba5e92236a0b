"""Keeps the cache in step with Redis, and knows for how long it surely is.

On one connection it is subscribed to the changes of all routes and to a channel of its own. It registers
itself at the primary, and from then on publishes a ping to its own channel there, five times a second.
When the ping arrives, every change published before it has arrived, through a replica too, since all
come down one stream in order. From the ping's sending on, trust lasts 0.8 s. A publisher that finds us
registered waits for our acknowledgement, at most a second; so when it stops waiting, we have either
taken its change in or stopped trusting what we had.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import msgspec

from redirect.cache import Routes, Trust, place_of_key
from redirect.hosts import Hosts
from redirect.metrics import Counts
from redirect.store import Store
from redirect.wire import Away, Command, Refused, Wire, connect
from schemas import keys
from schemas.route import decode_change

BEAT_S = 0.2
TRUST_S = 0.8
REGISTERED_S = 2.0
# A registration is a write to Redis's disk: it is not renewed with every ping.
RENEW_S = 0.6
# Without an answered ping for so long, the connection is made anew.
SILENT_S = 2.0
RETRY_S = 0.1
CONNECT_S = 3.0
ACK_KEPT_S = 10
# Registrations of redirectors that ended without a word are cleared away after this.
FORGOTTEN_S = 86_400

log = logging.getLogger(__name__)


class Subscription:
    """One for each redirector; `run` until cancelled."""

    def __init__(
        self,
        url: str,
        primary: Store,
        routes: Routes,
        hosts: Hosts,
        trust: Trust,
        *,
        name: str,
        elapsed: Callable[[], float],
        counts: Counts,
    ) -> None:
        self._url = url
        self._primary = primary
        self._routes = routes
        self._hosts = hosts
        self._trust = trust
        self._name = name
        self._elapsed = elapsed
        self._counts = counts
        self._own = f"{keys.REDIRECTORS}:{name}".encode()
        self._wanted = {keys.ROUTES.encode(), self._own}
        # Set when trust has stood for the first time.
        self.trusted = asyncio.Event()
        self._standing = asyncio.Event()
        self._pings: dict[int, float] = {}
        self._ping = 0
        self._expected = 1
        self._pong_at = 0.0
        # When the newest answered ping was sent.
        self._current_at = 0.0
        # For pings sent in between, publishers know of us.
        self._registered_since = 0.0
        self._registered_until = 0.0
        self._connections = 0
        # Redis's clock less ours, so that every machine means the same by a registration's time.
        self._ahead_s = 0.0

    async def run(self) -> None:
        """Returns never; when cancelled, tells publishers not to wait for us any longer."""
        away = False
        try:
            while True:
                try:
                    await self._subscribed()
                except Away as error:
                    if not away:
                        log.warning("no subscription to Redis (%s); trying again", error)
                    away = True
                else:
                    away = False
                self._trust.until = 0.0
                await asyncio.sleep(RETRY_S)
        finally:
            self._primary.tell("ZREM", keys.REDIRECTORS, self._name)

    async def _subscribed(self) -> None:
        """From connecting to losing the connection. Raises Away when it did not come to stand."""
        self._wanted = {keys.ROUTES.encode(), self._own}
        self._standing.clear()
        try:
            async with asyncio.timeout(CONNECT_S):
                wire = await connect(self._url, self._take)
                try:
                    wire.say("SUBSCRIBE", keys.ROUTES, self._own)
                    await self._standing.wait()
                except BaseException:
                    wire.close()
                    raise
        except TimeoutError as error:
            raise Away("not subscribed in time") from error
        log.info("subscribed to route changes as %s", self._name)
        # What was published before now has not been heard.
        self._routes.distrust()
        self._pings.clear()
        self._expected = self._ping + 1
        self._pong_at = self._elapsed()
        self._current_at = 0.0
        self._primary.tell("ZREMRANGEBYSCORE", keys.REDIRECTORS, "-inf", int(time.time()) - FORGOTTEN_S)
        try:
            await self._beat(wire)
        finally:
            wire.close()
        log.warning("lost the subscription to Redis")

    async def _beat(self, wire: Wire) -> None:
        while not wire.lost.is_set() and self._elapsed() - self._pong_at < SILENT_S:
            beat = asyncio.create_task(self._register_and_ping())
            try:
                async with asyncio.timeout(BEAT_S):
                    await wire.lost.wait()
            except TimeoutError:
                pass
            finally:
                if not beat.done():
                    await asyncio.wait({beat})

    async def _register_and_ping(self) -> None:
        sent = self._elapsed()
        self._ping += 1
        self._pings[self._ping] = sent
        if self._connections != self._primary.connections:
            # Another Redis, perhaps, that does not know of us.
            self._registered_until = 0.0
        commands: list[Command] = [("PUBLISH", self._own, self._ping)]
        if renew := sent >= self._registered_until - REGISTERED_S + RENEW_S:
            lapses = f"{time.time() + self._ahead_s + REGISTERED_S:.3f}"
            commands = [("TIME",), ("ZADD", keys.REDIRECTORS, lapses, self._name), *commands]
        try:
            replies = await self._primary.ask_all(*commands)
        except (Away, Refused) as error:
            self._registered_until = 0.0
            log.debug("no ping: %s", error)
            return
        if renew:
            if sent >= self._registered_until or self._connections != self._primary.connections:
                self._registered_since = sent
            self._registered_until = sent + REGISTERED_S
            self._connections = self._primary.connections
            self._ahead_s = int(replies[0][0]) + int(replies[0][1]) / 1e6 - time.time()
        self._extend()

    def _extend(self) -> None:
        if self._current_at >= self._registered_since:
            self._trust.until = min(self._current_at + TRUST_S, self._registered_until)
            if self._trust.until:
                self.trusted.set()
                self._hosts.heard()

    def _take(self, reply: Any) -> None:
        """Everything the subscribed connection says, in order."""
        self._trust.heard_at = self._elapsed()
        if not isinstance(reply, list) or len(reply) != 3:
            return
        kind, channel, data = reply
        if kind == b"message" and channel == self._own:
            self._answered(int(data))
        elif kind == b"message":
            self._change(data)
        elif kind == b"subscribe":
            self._wanted.discard(channel)
            if not self._wanted:
                self._standing.set()

    def _answered(self, ping: int) -> None:
        if ping != self._expected:
            # One was lost on the way: then a change may have been, too.
            self._routes.distrust()
        self._expected = ping + 1
        self._pong_at = self._elapsed()
        sent = self._pings.pop(ping, None)
        for older in [number for number in self._pings if number < ping]:
            del self._pings[older]
        if sent is not None:
            self._current_at = sent
            self._extend()

    def _change(self, data: bytes) -> None:
        self._counts.changes += 1
        try:
            change = decode_change(data)
            if change.key == keys.DOMAINS:
                self._hosts.doubt(change.route.version)
                self._acknowledge(change.nonce)
                return
            place = place_of_key(change.key)
            if place is None:
                return
            try:
                entry = self._routes.entry(change.route, self._trust.epoch)
            except (ValueError, OverflowError):
                self._routes.drop(place)
                raise
        except (msgspec.DecodeError, ValueError, OverflowError):
            # Of a newer Waymark, perhaps: what it says is not known, so nothing is sure.
            self._counts.unreadable_routes += 1
            self._routes.distrust()
            return
        self._routes.change(place, entry)
        self._acknowledge(change.nonce)

    def _acknowledge(self, nonce: str) -> None:
        if nonce:
            answer = keys.ack(nonce)
            self._primary.tell("LPUSH", answer, self._name)
            self._primary.tell("EXPIRE", answer, ACK_KEPT_S)
