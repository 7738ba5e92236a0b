"""An HTTP server inside a process that has other things to do, and its own idea of when to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from redirect import server as redirect_server
from redirect.connection import Connection
from redirect.connection_limits import ConnectionLimits

# How long answers that are under way may take once the server is to stop.
DRAIN_S = 5


class Server(redirect_server.Server):
    """The redirector's, except that signals are left to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(app: Any, limits: ConnectionLimits | None = None) -> Server:
    class Bounded(Connection):
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
            # Whom to believe about a visitor's address is for the app to decide, not for the server.
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_S,
        ),
        drain_s=0,
        stopping=asyncio.Event(),
        ready=lambda: None,
    )


async def serve(
    app: Any, sockets: list[socket.socket], stop: asyncio.Event, limits: ConnectionLimits | None = None
) -> None:
    """Serves until `stop`, finishes what is under way, and returns with the sockets closed."""
    one = server(app, limits)
    running = asyncio.create_task(one.serve(sockets=sockets))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        one.should_exit = True
        await running
    finally:
        stopped.cancel()
