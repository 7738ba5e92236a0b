"""A download that succeeds once, and counts only when all of it has arrived.

The last part is held back until the others are sent and the client has not hung up; without it the answer is visibly
cut off, so a client that goes away before can ask again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

# How long to watch for a hang-up before the last part: data in the network may still hide that the client is gone.
LINGER_S = 0.25


class OneTimeDownload(Response):
    """`may_end` is asked before the last part is sent, `ended` is called after it."""

    def __init__(
        self,
        parts: AsyncIterator[bytes],
        *,
        media_type: str,
        headers: dict[str, str],
        may_end: Callable[[], Awaitable[bool]],
        ended: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(None, 200, headers, media_type)
        # The length is not known yet.
        del self.headers["content-length"]
        self._parts = parts
        self._may_end = may_end
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_hang_up(receive))
        try:
            await self._send(send, gone)
        finally:
            gone.cancel()

    async def _send(self, send: Send, gone: asyncio.Task[None]) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        last = b""
        async for part in self._parts:
            if gone.done():
                return
            if last:
                await send({"type": "http.response.body", "body": last, "more_body": True})
            last = part
        await asyncio.wait({gone}, timeout=LINGER_S)
        if gone.done():
            return
        if not await self._may_end():
            # Another request fetched it. The server closes a connection whose answer is unfinished.
            return
        await send({"type": "http.response.body", "body": last})
        await self._ended()


async def _hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
