"""The redirector's protocol on a uvicorn in this process, over parts that a test makes up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from redirect import clock, fast_path
from redirect.app import Redirector
from redirect.asgi import Receive, Scope, Send
from redirect.connection_limits import ConnectionLimits
from redirect.fast_path import Answer
from redirect.group_commit import group_commit
from redirect.metrics import Counts
from redirect.worker import listen


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http", "no lifespan"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"app"})


def at_once(scope: Scope, now: float) -> Answer | None:
    return (302, ((b"location", b"/x"),), b"") if scope["path"] == "/abc" else None


def never(scope: Scope) -> None:
    """Nothing is waited for."""


MADE_UP = Redirector(app, at_once, never, group_commit(len, len, Counts(), clock.elapsed))


@asynccontextmanager
async def serving(
    redirector: Redirector = MADE_UP, *, within_s: float = 10.0, limits: ConnectionLimits | None = None
) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    """As it is made up, /abc is answered at once, and all else comes to the application, as everything does in the
    API."""
    protocol: Any = fast_path.protocol(redirector.at_once, redirector.soon, redirector.commit, clock.elapsed)
    protocol.headers_within_s, protocol.limits = within_s, limits
    server = uvicorn.Server(uvicorn.Config(redirector.app, http=protocol, log_config=None, ws="none"))
    listener = listen("127.0.0.1", 0)
    port = int(listener.getsockname()[1])
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield port, server
    finally:
        server.should_exit = True
        await running
