"""A connection to a server of Waymark: uvicorn's protocol, with an end to waiting.

uvicorn waits for ever for a request that does not come, or not whole, and takes headers of any size. Here a connection
is closed when a request's headers do not come in time or are too large, and when it trickles a body that nobody reads.
Both servers run on it: the redirector's, which answers within it (`quick.py`), and the API's.
"""

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# From the opening of a connection, or a request's first byte, to the end of its headers.
HEADERS_WITHIN_S = 10.0
# Of headers, after what came first with them: uvloop reads up to 256 KB at a time.
HEADERS_BYTES = 64 * 1024
# After so many looks without a new request a connection is idle, whatever still comes of a body that nobody reads.
IDLE_LOOKS = 3


class Connection(HttpToolsProtocol):
    """For uvicorn's `http` setting. A subclass may say that headers come sooner."""

    headers_within_s = HEADERS_WITHIN_S
    # Whether a request's line and headers are being read, or waited for, and since when.
    reading: bool
    began: float
    # What came of them, and what was seen at the last looks.
    taken: int
    idle_looks: int
    seen: float

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.reading, self.began, self.taken = True, self.loop.time(), 0
        self.idle_looks, self.seen = 0, 0.0
        self.watch = self.loop.call_later(self.headers_within_s, self.look)

    def connection_lost(self, exc: Exception | None) -> None:
        self.watch.cancel()
        super().connection_lost(exc)

    def look(self) -> None:
        """Once in a while, which costs a connection less than a timer for each request would."""
        answered = self.cycle is None or self.cycle.response_complete
        idle = not self.reading and answered and self.began == self.seen
        self.idle_looks = self.idle_looks + 1 if idle else 0
        self.seen = self.began
        late = self.reading and self.loop.time() - self.began >= self.headers_within_s
        if late or self.idle_looks >= IDLE_LOOKS:
            self.transport.close()
            return
        self.watch = self.loop.call_later(self.headers_within_s, self.look)

    def data_received(self, data: bytes) -> None:
        """As uvicorn's, with a bound; written out, since a call more for each request would show."""
        if self.reading:
            self.taken += len(data)
            if self.taken > HEADERS_BYTES and self.taken > len(data):
                self.transport.close()
                return
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        except httptools.HttpParserUpgrade:
            self._unsupported_upgrade_warning()

    def on_message_begin(self) -> None:
        self.reading, self.began, self.taken = True, self.loop.time(), 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.reading = False
        super().on_headers_complete()
