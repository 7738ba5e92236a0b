"""Keep the route cache in step with Redis, and know until when it is certain to be.

One connection subscribes to the changes of all routes and to this redirector's own channel. The redirector registers at
the primary and then publishes a ping to its own channel there five times a second. When the ping arrives, every change
published before it has arrived too, even through a replica, because all come down one stream in order. Trust lasts 0.8
s from the sending of the ping. A publisher that finds us registered waits for our acknowledgement for at most a second;
when it stops waiting, we have either applied its change or stopped trusting the cache.

A replica that resynchronises in full continues with another copy of the data, and changes published meanwhile reach no
subscriber. So each ping carries the primary's id and how many changes it had published. If that number is not what has
arrived since the ping before, if the primary is another one, or if no ping came for 0.8 s, every cached route is
checked with Redis before it is trusted again.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import msgspec

from redirect.custom_domains import CustomDomains
from redirect.group_commit import GroupCommit
from redirect.metrics import Counts
from redirect.redis_client import RedisClient
from redirect.redis_connection import Away, Command, RedisConnection, Refused, connect
from redirect.route_cache import RouteCache, Trust, link_key_of
from schemas import keys
from schemas.route import decode_change

BEAT_S = 0.2
TRUST_S = 0.8
REGISTERED_S = 2.0
# A registration is a write to Redis's disk, so not every ping renews it.
RENEW_S = 0.6
# Reconnect after this long without an answered ping.
SILENT_S = 2.0
RETRY_S = 0.1
CONNECT_S = 3.0
ACK_KEPT_S = 10
# Registrations of redirectors that ended without unregistering are deleted after this long.
FORGOTTEN_S = 86_400

# Only a primary answers. The script only reads, so Redis has nothing to sync to its disk.
_PING = """
local info = redis.call('INFO', 'replication')
if not info:find('role:master', 1, true) then return redis.error_reply('READONLY this is no primary') end
local primary = info:match('master_replid:(%w+)') or ''
local changes = redis.call('GET', KEYS[1]) or '0'
return redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ' .. changes .. ' ' .. primary)
"""

log = logging.getLogger(__name__)


class CacheSync:
    """One per redirector; `run` it until cancelled."""

    def __init__(
        self,
        url: str,
        primary: RedisClient,
        routes: RouteCache,
        hosts: CustomDomains,
        trust: Trust,
        *,
        name: str,
        elapsed: Callable[[], float],
        counts: Counts,
        commit: GroupCommit,
    ) -> None:
        self._url = url
        self._primary = primary
        self._routes = routes
        self._hosts = hosts
        self._trust = trust
        self._name = name
        self._elapsed = elapsed
        self._counts = counts
        self._commit = commit
        self._own = f"{keys.REDIRECTORS}:{name}".encode()
        self._wanted = {keys.ROUTES.encode(), self._own}
        # Set once trust has been established for the first time.
        self.trusted = asyncio.Event()
        self._standing = asyncio.Event()
        self._pings: dict[int, float] = {}
        self._ping = 0
        self._expected = 1
        self._pong_at = 0.0
        # The primary that sent the last ping; how many changes it had published by then, and how many have arrived
        # since.
        self._primary_id = b""
        self._published = 0
        self._arrived = 0
        # When the newest ping that was answered was sent.
        self._current_at = 0.0
        # Publishers know of us for pings sent between these two times.
        self._registered_since = 0.0
        self._registered_until = 0.0
        self._connections = 0
        self._away_since: float | None = None
        # Redis's clock minus ours, so that all machines agree on when a registration expires.
        self._ahead_s = 0.0

    async def run(self) -> None:
        """Never returns. When cancelled, unregisters, so that publishers stop waiting for us."""
        try:
            while True:
                try:
                    await self._subscribed()
                except Away as error:
                    self._say_away(str(error))
                else:
                    self._say_away("the subscription was lost")
                self._trust.until = 0.0
                await asyncio.sleep(RETRY_S)
        finally:
            self._primary.tell("ZREM", keys.REDIRECTORS, self._name)

    async def _subscribed(self) -> None:
        """Connect, subscribe, and ping until the connection is lost. Raises Away when the subscription fails."""
        self._wanted = {keys.ROUTES.encode(), self._own}
        self._standing.clear()
        try:
            async with asyncio.timeout(CONNECT_S):
                connection = await connect(self._url, self._take)
                try:
                    connection.say("SUBSCRIBE", keys.ROUTES, self._own)
                    await self._standing.wait()
                except BaseException:
                    connection.close()
                    raise
        except TimeoutError as error:
            raise Away("not subscribed in time") from error
        if self._away_since is None:
            log.info("subscribed to route changes as %s", self._name)
        else:
            log.info("Redis is back, after %d s", self._elapsed() - self._away_since)
            self._away_since = None
        # Changes published before the subscription were missed.
        self._routes.distrust()
        self._pings.clear()
        self._expected = self._ping + 1
        self._pong_at = self._elapsed()
        self._current_at = 0.0
        self._primary_id = b""
        self._primary.tell("ZREMRANGEBYSCORE", keys.REDIRECTORS, "-inf", int(time.time()) - FORGOTTEN_S)
        try:
            await self._beat(connection)
        finally:
            connection.close()

    def _say_away(self, why: str) -> None:
        """Log each outage once, however many attempts it takes."""
        if self._away_since is None:
            self._away_since = self._elapsed()
            log.warning("Redis is away: %s", why)

    async def _beat(self, connection: RedisConnection) -> None:
        while not connection.lost.is_set() and self._elapsed() - self._pong_at < SILENT_S:
            beat = asyncio.create_task(self._register_and_ping())
            try:
                async with asyncio.timeout(BEAT_S):
                    await connection.lost.wait()
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
            # This may be another Redis, which has no registration of ours.
            self._registered_until = 0.0
        commands: list[Command] = [("EVAL", _PING, 1, keys.CHANGES, self._own, self._ping)]
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
        """Handle every reply on the subscribed connection, in order."""
        self._trust.heard_at = self._elapsed()
        if not isinstance(reply, list) or len(reply) != 3:
            return
        kind, channel, data = reply
        if kind == b"message" and channel == self._own:
            self._answered(*data.split(b" "))
        elif kind == b"message":
            self._change(data)
        elif kind == b"subscribe":
            self._wanted.discard(channel)
            if not self._wanted:
                self._standing.set()

    def _answered(self, number: bytes, published: bytes, primary: bytes) -> None:
        ping, now = int(number), self._elapsed()
        if reason := self._gap(ping, int(published), primary, now):
            log.warning("%s: what is cached is asked for again", reason)
            self._counts.gaps += 1
            self._routes.distrust()
        elif not self._primary_id:
            # Routes read since the subscription may have changed unnoticed: only now do we know what was published.
            self._routes.distrust()
        self._expected = ping + 1
        self._published, self._arrived, self._primary_id = int(published), 0, primary
        self._pong_at = now
        sent = self._pings.pop(ping, None)
        for older in [number for number in self._pings if number < ping]:
            del self._pings[older]
        if sent is not None:
            self._current_at = sent
            self._extend()

    def _gap(self, ping: int, published: int, primary: bytes, now: float) -> str:
        """Why a change may have been missed before this ping; "" if none was."""
        if ping != self._expected:
            return "a ping was lost on the way from Redis"
        if not self._primary_id:
            return ""
        if primary != self._primary_id:
            return "there is another primary"
        if published != self._published + self._arrived:
            return f"{published - self._published} routes have changed and {self._arrived} changes were heard"
        return "nothing was heard of Redis for a while" if now - self._pong_at >= TRUST_S else ""

    def _change(self, data: bytes) -> None:
        self._counts.changes += 1
        self._arrived += 1
        try:
            change = decode_change(data)
            if change.key == keys.DOMAINS:
                # What is shown at the short host waits for nothing, so it is new before anybody is told.
                nonce = change.nonce
                self._hosts.doubt(change.route.version, lambda: self._acknowledge(nonce))
                return
            link_key = link_key_of(change.key)
            if link_key is None:
                return
            try:
                cached = self._routes.prepare(link_key, change.route, self._trust.epoch)
            except (ValueError, OverflowError):
                self._routes.drop(link_key)
                raise
        except (msgspec.DecodeError, ValueError, OverflowError):
            # A newer Waymark may have sent it: we cannot know what changed, so nothing is certain.
            self._counts.unreadable_routes += 1
            self._routes.distrust()
            return
        self._routes.change(link_key, cached)
        self._acknowledge(change.nonce)

    def _acknowledge(self, nonce: str) -> None:
        if nonce:
            # Answers decided by the old route go out first.
            self._commit.flush()
            answer = keys.ack(nonce)
            self._primary.tell("LPUSH", answer, self._name)
            self._primary.tell("EXPIRE", answer, ACK_KEPT_S)
