"""One connection to Redis that sends without waiting: replies come back in the order of the commands.

redis-py's client spends more on one GET than a whole redirect may cost, and does not let a reader of
messages act on each in the order it came. This is the small part of it that a redirector needs.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis

from infra import engine_urls

# While replies are owed, it is looked this often whether any came.
LOOK_S = 0.1
# No reply at so many looks in a row means that Redis hangs. It writes to its disk before it answers, and a busy disk
# takes its time: a visitor would rather wait for a second than be told to come again.
PATIENT_LOOKS = 10
# A hanging connection is given up after so many.
GIVEN_UP_LOOKS = 30

_MORE = object()

Command = tuple[bytes | str | int | float, ...]


class Away(Exception):
    """Redis cannot be asked now."""


class Refused(Exception):
    """Redis answered with an error."""


def packed(command: Command) -> bytes:
    # hiredis takes a tuple of any length, whatever its annotation says.
    return bytes(hiredis.pack_command(cast(Any, command)))


class RedisConnection(asyncio.Protocol):
    """`push` is called with every reply that answers no command (messages), in order, inside the
    event loop's read callback: it must be quick and must not raise."""

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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no asyncio.Transport by name.
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
                if future is not None and not future.done():
                    if isinstance(reply, Refused):
                        future.set_exception(reply)
                    else:
                        future.set_result(reply)
            elif self._push is not None:
                self._push(reply)

    def call(self, *command: bytes | str | int | float) -> "asyncio.Future[Any]":
        """Resolves to the reply; raises Away (also when Redis hangs) or Refused."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if self.lost.is_set() or self._transport is None:
            future.set_exception(Away("not connected"))
            return future
        self._send(command, future)
        if self._watch is None:
            self._watch = self._loop.call_later(LOOK_S, self._look, self._replies)
        return future

    def tell(self, *command: bytes | str | int | float) -> None:
        """Sends and forgets, reply or not."""
        if not self.lost.is_set() and self._transport is not None:
            self._send(command, None)

    def say(self, *command: bytes | str | int | float) -> None:
        """Sends what is answered by pushed replies only (SUBSCRIBE)."""
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
                # Whoever asked may have gone: then nobody looks at it.
                future.exception()

    def _look(self, replies_then: int, silent: int = 0) -> None:
        """One timer for all commands: has anything been answered since?"""
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
    """Raises Away when there is no Redis, it does not let us in, or is still loading; may take as long
    as the network's own timeouts: bound it."""
    at = engine_urls.redis(url)
    loop = asyncio.get_running_loop()
    try:
        if at.path:
            _, connection = await loop.create_unix_connection(lambda: RedisConnection(push), at.path)
        else:
            secure = ssl.create_default_context(cafile=at.ca) if at.secure else None
            _, connection = await loop.create_connection(lambda: RedisConnection(push), at.host, at.port, ssl=secure)
    except OSError as error:
        raise Away(str(error)) from error
    try:
        if at.password:
            await connection.call("AUTH", *([at.user] if at.user else []), at.password)
        if at.db:
            await connection.call("SELECT", at.db)
        await connection.call("PING")
    except (Away, Refused) as error:
        connection.close()
        raise Away(str(error)) from error
    except asyncio.CancelledError:
        connection.close()
        raise
    return connection
