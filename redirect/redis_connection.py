"""One pipelined connection to Redis: commands are sent without waiting, and replies come back in order.

redis-py spends more on one GET than a whole redirect may cost, and its pub/sub reader cannot handle each message in the
order it came. This module is the small part of a client that a redirector needs.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis

from infra import engine_urls, redis_primary

# How often to check for progress while replies are outstanding.
LOOK_S = 0.1
# After this many looks without a reply, Redis hangs. It writes to its disk before it answers, and a busy disk takes
# time: a visitor would rather wait for a second than get a 503.
PATIENT_LOOKS = 10
# A hanging connection is closed after this many.
GIVEN_UP_LOOKS = 30

# What a Redis answers that is no longer the one to ask: the primary was demoted, or its part of a cluster moved. (6.2
# wraps it in a script's error.)
_ELSEWHERE = re.compile(r"(^|: -)(READONLY|MOVED) ")

_MORE = object()

Command = tuple[bytes | str | int | float, ...]


class Away(Exception):
    """Redis cannot be reached now."""


class Refused(Exception):
    """Redis answered with an error."""


def packed(command: Command) -> bytes:
    # hiredis takes tuples of any length, despite its annotation.
    return bytes(hiredis.pack_command(cast(Any, command)))


class RedisConnection(asyncio.Protocol):
    """Calls `push` with every pushed message, in order, inside the event loop's read callback: `push` must be quick and
    must not raise."""

    def __init__(self, push: Callable[[Any], None] | None = None) -> None:
        self._push = push
        self._reader = hiredis.Reader(replyError=Refused, notEnoughData=_MORE)
        self._waiting: deque[asyncio.Future[Any] | None] = deque()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.TimerHandle | None = None
        self._replies = 0
        self.lost = asyncio.Event()
        self.hanging = False
        # Where the primary was found, if it was looked for.
        self.found_at: redis_primary.Address | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit asyncio.Transport.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        if self._watch is not None:
            self._watch.cancel()
        self._fail()
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        self.hanging = False
        while True:
            try:
                reply = self._reader.gets()
            except hiredis.ProtocolError:
                self.close()
                return
            if reply is _MORE:
                return
            self._replies += 1
            if self._waiting:
                future = self._waiting.popleft()
                if isinstance(reply, Refused) and _ELSEWHERE.search(str(reply)):
                    # Nothing was done: the next connection is to another one.
                    reply = Away(str(reply))
                    self.close()
                if future is not None and not future.done():
                    if isinstance(reply, Refused | Away):
                        future.set_exception(reply)
                    else:
                        future.set_result(reply)
            elif self._push is not None:
                self._push(reply)

    def call(self, *command: bytes | str | int | float) -> "asyncio.Future[Any]":
        """Send a command. The future resolves to the reply; it raises Away (also when Redis hangs) or Refused."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if self.lost.is_set() or self._transport is None:
            future.set_exception(Away("not connected"))
            return future
        self._send(command, future)
        if self._watch is None:
            self._watch = self._loop.call_later(LOOK_S, self._look, self._replies)
        return future

    def tell(self, *command: bytes | str | int | float) -> None:
        """Send a command and ignore its reply."""
        if not self.lost.is_set() and self._transport is not None:
            self._send(command, None)

    def say(self, *command: bytes | str | int | float) -> None:
        """Send a command that only pushed messages answer (SUBSCRIBE)."""
        if self._transport is not None:
            self._transport.write(packed(command))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _send(self, command: Command, future: "asyncio.Future[Any] | None") -> None:
        assert self._transport is not None
        self._waiting.append(future)
        self._transport.write(packed(command))

    def _fail(self) -> None:
        for future in self._waiting:
            if future is not None and not future.done():
                future.set_exception(Away("no reply"))
                # The caller may be gone: retrieve the exception.
                future.exception()

    def _look(self, replies_then: int, silent: int = 0) -> None:
        """One timer for all commands: check whether any reply has come since."""
        self._watch = None
        if not self._waiting:
            return
        silent = 0 if self._replies > replies_then else silent + 1
        if silent >= PATIENT_LOOKS:
            self.hanging = True
            self._fail()
        if silent >= GIVEN_UP_LOOKS:
            self.close()
            return
        self._watch = self._loop.call_later(LOOK_S, self._look, self._replies, silent)


async def connect(url: str, push: Callable[[Any], None] | None = None) -> RedisConnection:
    """Connect, to the primary where Sentinels or a cluster say which that is. Raises Away when there is no Redis, it
    refuses the login, it is still loading, or nobody knows the primary. May take as long as the network's timeouts:
    bound it."""
    at = engine_urls.redis(url)
    loop = asyncio.get_running_loop()
    found_at = None
    try:
        if at.path:
            _, connection = await loop.create_unix_connection(lambda: RedisConnection(push), at.path)
        else:
            if at.asks:
                found_at = await redis_primary.find(at)
            host, port = found_at or (at.host, at.port)
            _, connection = await loop.create_connection(lambda: RedisConnection(push), host, port, ssl=at.tls)
    except OSError as error:
        raise Away(str(error)) from error
    connection.found_at = found_at
    try:
        if at.password:
            await connection.call("AUTH", *([at.user] if at.user else []), at.password)
        if at.db:
            await connection.call("SELECT", at.db)
        if at.asks and (await connection.call("ROLE"))[0] != b"master":
            raise Away("what is said to be the primary is none yet")
        await connection.call("PING")
    except (Away, Refused) as error:
        connection.close()
        raise Away(str(error)) from error
    except asyncio.CancelledError:
        connection.close()
        raise
    return connection
