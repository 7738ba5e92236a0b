"""What waits to be sent to one client of a stream, bounded."""

import asyncio
from collections import deque

from api.stream import messages
from api.stream.selection import Selection

# A client that is this far behind is cut: it can resume, and memory is for all.
WAITING_BYTES = 256 * 1024


class Reader:
    """`offer` and `finish` are called by the hub, `next` by the client's own task."""

    def __init__(self, selection: Selection, key: str) -> None:
        self.selection = selection
        # The id of the API key.
        self.key = key
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._last = b""
        self._finished = False
        self._news = asyncio.Event()

    def offer(self, payload: bytes) -> None:
        if self._finished:
            return
        self._bytes += len(payload)
        if self._bytes > WAITING_BYTES and self._waiting:
            self._waiting.clear()
            self.finish(messages.OVERFLOW)
            return
        self._waiting.append(payload)
        self._news.set()

    def finish(self, last: bytes = b"") -> None:
        """The stream ends with this, after what waits."""
        if not self._finished:
            self._finished, self._last = True, last
            self._news.set()

    def close(self) -> None:
        """The client is gone."""
        self._waiting.clear()
        self.finish()

    @property
    def finished(self) -> bool:
        return self._finished

    async def next(self, patience_s: float) -> bytes | None:
        """What to send next; empty after a silence, None at the end."""
        if not self._waiting and not self._finished:
            try:
                async with asyncio.timeout(patience_s):
                    await self._news.wait()
            except TimeoutError:
                return b""
        self._news.clear()
        payload = b"".join(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        if payload:
            return payload
        last, self._last = self._last, b""
        return last or None
