"""The status server inside a redirector, so that operators' endpoints are on no public port."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Sequence

import uvicorn

from redirect.asgi import App
from redirect.http_protocol import HttpProtocol
from redirect.server import ToldServer

DRAIN_S = 1


class _Beside(ToldServer):
    """A server that leaves signals to the main server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def served(app: App, sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Serve on listening sockets until the context ends, then close them. Without sockets it does nothing."""
    if not sockets:
        yield
        return
    server = _Beside(
        uvicorn.Config(
            app,
            http=HttpProtocol,
            ws="none",
            lifespan="off",
            proxy_headers=False,
            access_log=False,
            server_header=False,
            # It would be written anew every second, also when nobody asks.
            date_header=False,
            log_config=None,
            timeout_graceful_shutdown=DRAIN_S,
        )
    )
    running = asyncio.create_task(server.serve(sockets=[*sockets]))
    try:
        yield
    finally:
        server.should_exit = True
        await running
