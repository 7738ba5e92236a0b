"""A Redis client that answers quickly, or knows that Redis is away without waiting again.

There is no timed circuit breaker: while one was open, Redis could come back and take an edit, and the old destination
would be served. Instead every request tries, but all share one attempt to connect; a refused attempt costs a fraction
of a millisecond. If Redis hangs, the requests already sent are the probe, and only the first ones wait for them. From
then on an attempt to connect is always under way in the background; its PING is answered when Redis is back.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from infra import engine_urls, redis_primary
from redirect.redis_connection import Away, Command, RedisConnection, connect

# How long a request may wait for an attempt to connect, from the start of the attempt; the short time applies after an
# attempt that failed slower than that, until one succeeds.
CONNECT_PATIENCE_S = 1.0
SHORT_PATIENCE_S = 0.1
# How often to ask whether the primary is still the primary.
LOOK_FOR_PRIMARY_S = 1.0
# The timeout of an attempt to connect.
CONNECT_S = 3.0


class RedisClient:
    """A client for one event loop. It calls `heard` whenever Redis has answered."""

    def __init__(self, url: str, elapsed: Callable[[], float], heard: Callable[[], None] = lambda: None) -> None:
        self._url = url
        self._elapsed = elapsed
        self._heard = heard
        self._connection: RedisConnection | None = None
        self._attempt: asyncio.Task[RedisConnection] | None = None
        self._attempt_at = 0.0
        self._patience_s = CONNECT_PATIENCE_S
        # Whether the last attempt hung and another one is under way.
        self._hung = False
        # The number of connections made.
        self.connections = 0

    async def ask(self, *command: bytes | str | int | float) -> Any:
        """Send a command and return the reply. Raises Away within two seconds, or Refused when Redis answers with an
        error."""
        for _ in range(2):
            connection = self._connection
            if connection is None or connection.lost.is_set():
                connection = await self._connected()
            elif connection.hanging:
                self._probe()
                break
            try:
                reply = await connection.call(*command)
            except Away:
                # A connection closed while idle is worth one reconnect; a hanging one is not worth another wait.
                if connection.hanging:
                    self._probe()
                    break
                continue
            self._heard()
            return reply
        raise Away("Redis does not answer")

    async def ask_once(self, *command: bytes | str | int | float) -> Any:
        """As `ask`, for commands that must not run twice: a command whose reply is lost is not sent again."""
        connection = self._connection
        if connection is None or connection.lost.is_set():
            connection = await self._connected()
        if connection.hanging:
            self._probe()
            raise Away("Redis does not answer")
        reply = await connection.call(*command)
        self._heard()
        return reply

    async def ask_all(self, *commands: Command) -> list[Any]:
        """Send commands together and return their replies, in order. Raises as `ask` does, after all are answered."""
        if self._connection is None or self._connection.lost.is_set():
            await self._connected()
        connection = self._connection
        if connection is None or connection.hanging:
            self._probe()
            raise Away("Redis does not answer")
        replies = await asyncio.gather(*(connection.call(*command) for command in commands), return_exceptions=True)
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        self._heard()
        return replies

    def tell(self, *command: bytes | str | int | float) -> None:
        """Send if there is a connection; ignore the reply."""
        if self._connection is not None:
            self._connection.tell(*command)

    async def keep_to_the_primary(self) -> None:
        """Leave a primary that Sentinels or the cluster no longer name: one that was cut off from them, or hung, and
        still believes to be one. Never returns where there is somebody to ask."""
        at = engine_urls.redis(self._url)
        while at.asks:
            await asyncio.sleep(LOOK_FOR_PRIMARY_S)
            await self.look_for_the_primary(at)

    async def look_for_the_primary(self, at: engine_urls.RedisUrl) -> None:
        connection = self._connection
        if connection is None or connection.lost.is_set():
            return
        try:
            found = await redis_primary.find(at)
        except OSError:
            return
        if connection.found_at != found:
            connection.close()

    def _probe(self) -> None:
        """While the connection hangs, try others beside it until Redis answers on one."""
        self._try()
        self._hung = True

    def _try(self) -> "asyncio.Task[RedisConnection]":
        attempt = self._attempt
        if attempt is None or attempt.done():
            attempt = self._attempt = asyncio.create_task(self._connect())
            self._attempt_at = self._elapsed()
            attempt.add_done_callback(_seen)
        return attempt

    async def _connected(self) -> RedisConnection:
        attempt = self._try()
        if self._hung:
            raise Away("Redis does not answer")
        patience = self._attempt_at + self._patience_s - self._elapsed()
        if patience > 0:
            await asyncio.wait({attempt}, timeout=patience)
        if not attempt.done():
            raise Away("no connection yet")
        return attempt.result()

    async def _connect(self) -> RedisConnection:
        """Connect until Redis answers or refuses; after a refusal the next caller tries again, and learns as
        quickly."""
        while True:
            began = self._elapsed()
            try:
                async with asyncio.timeout(CONNECT_S):
                    found = await connect(self._url)
                break
            except (Away, TimeoutError) as error:
                self._hung = self._elapsed() - began >= SHORT_PATIENCE_S
                if not self._hung:
                    raise Away(str(error) or "no connection in time") from error
                self._patience_s = SHORT_PATIENCE_S
        self._hung = False
        self._patience_s = CONNECT_PATIENCE_S
        known = self._connection
        if known is not None and not known.lost.is_set():
            if not known.hanging:
                # The old connection was only slow, and its requests are still answered there.
                found.close()
                return known
            known.close()
        self._connection = found
        self.connections += 1
        return found

    async def close(self) -> None:
        if self._attempt is not None and not self._attempt.done():
            self._attempt.cancel()
            await asyncio.wait({self._attempt})
        if self._connection is not None:
            self._connection.close()


def _seen(attempt: "asyncio.Task[RedisConnection]") -> None:
    """Retrieve the exception, since the caller may have stopped waiting."""
    if not attempt.cancelled():
        attempt.exception()
