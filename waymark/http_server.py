"""An HTTP server inside a process that also does other work and decides when to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from redirect import server as redirect_server
from redirect.connection_limits import ConnectionLimits
from redirect.http_protocol import HttpProtocol

# The time that open requests get when the server stops.
DRAIN_S = 5


class Server(redirect_server.Server):
    """The redirector's server, without its signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(app: Any, limits: ConnectionLimits | None = None, *, dated: bool = True) -> Server:
    class Bounded(HttpProtocol):
        pass

    Bounded.limits = limits
    return Server(
        uvicorn.Config(
            app,
            loop="uvloop",
            http=Bounded,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=dated,
            # The app decides which proxies to trust, not the server.
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_S,
        ),
        drain_s=0,
        stopping=asyncio.Event(),
        ready=lambda: None,
    )


async def serve(
    app: Any,
    sockets: list[socket.socket],
    stop: asyncio.Event,
    limits: ConnectionLimits | None = None,
    *,
    dated: bool = True,
) -> None:
    """Serve until `stop`, finish open requests, close the sockets. `dated`: answers have a Date, which is written anew
    every second, also when nobody asks."""
    one = server(app, limits, dated=dated)
    running = asyncio.create_task(one.serve(sockets=sockets))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        one.should_exit = True
        await running
    finally:
        stopped.cancel()
