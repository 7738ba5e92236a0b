"""uvicorn's server, with a graceful stop that fails no request.

When told to stop, it reports that at /readyz and serves for a while longer; each answer closes its connection, so
clients and proxies move elsewhere. Then it closes idle connections and finishes requests under way.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from redirect.clock import elapsed
from redirect.http_protocol import HttpProtocol

CLOSE = (b"connection", b"close")
# Time for requests on connections opened at the last moment.
LAST_S = 2.0
TICK_S = 0.02
# How often the date of answers is written anew; and how often it is looked whether the grace period is over.
DATE_S = 1.0
GRACE_S = 0.1


class ToldServer(uvicorn.Server):
    """It is told when it is to stop; uvicorn's looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        # Before uvicorn sets `should_exit` for the first time.
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(config)

    @property
    def should_exit(self) -> bool:
        return self._should_exit

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        self._should_exit = value
        self.wake()

    def wake(self) -> None:
        """Have a tick now. Also in the middle of anything: a signal handler calls it."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.tick_s()):
                    await self._told.wait()
            self._told.clear()

    def tick_s(self) -> float | None:
        return DATE_S if self.config.date_header else None


class Server(ToldServer):
    """Sets `stopping` when told to stop, and calls `ready` when it serves. A second signal ends the grace period."""

    def __init__(
        self, config: uvicorn.Config, *, drain_s: float, stopping: asyncio.Event, ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._drain_s = drain_s
        self._stopping = stopping
        self._ready = ready
        self._told_at: float | None = None

    def tick_s(self) -> float | None:
        return super().tick_s() if self._told_at is None else GRACE_S

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._told_at is None and self._drain_s > 0:
            self._told_at = elapsed()
            self._captured_signals.append(sig)
            self.wake()
        else:
            super().handle_exit(sig, frame)

    def _announce(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self.config.encoded_headers.append(CLOSE)
            self.server_state.default_headers = [*self.server_state.default_headers, CLOSE]

    async def on_tick(self, counter: int) -> bool:
        if self._told_at is not None:
            self._announce()
            if elapsed() - self._told_at >= self._drain_s:
                self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down. uvicorn closes connections without a request under way, also one just accepted whose request is
        still on the network: so wait for a moment once no more are accepted."""
        self._announce()
        for server in self.servers:
            server.close()
        for one in sockets or []:
            one.close()
        until = elapsed() + LAST_S
        while elapsed() < until and any(one.reading or not one.answered() for one in self._connections()):  # noqa: ASYNC110
            await asyncio.sleep(TICK_S)
        await super().shutdown(sockets)

    def _connections(self) -> list[HttpProtocol]:
        return [one for one in self.server_state.connections if isinstance(one, HttpProtocol)]
