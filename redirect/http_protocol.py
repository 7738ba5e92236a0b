"""A connection to a Waymark server: uvicorn's protocol, with bounds.

uvicorn waits for ever for a request that never comes or never ends, and for a client that does not read; it takes
headers and trailers of any size, and queues any number of requests. Here all of that is bounded. Both servers use this
class: the redirector, which answers inside it (`fast_path.py`), and the API. `docs/security.md` lists the bounds.
"""

import fcntl
import socket
import struct
import sys
import termios
from contextlib import suppress
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from redirect.connection_limits import ConnectionLimits

# From the start of a connection, or the first byte of a request, to the end of the headers.
HEADERS_WITHIN_S = 10.0
# Bound on a request's line and headers, on trailers, and on a body that nobody reads.
HEADERS_BYTES = 64 * 1024
HEADERS = 200
# uvloop reads up to 256 KB at a time; data is parsed in pieces of this size.
PIECE_BYTES = 16 * 1024
# Bound on requests that wait for an earlier answer.
QUEUED = 8
# A connection is idle after this many looks without a new request, even if an unread body keeps arriving.
IDLE_LOOKS = 3
# A client is gone after this many looks at which it took no byte.
STUCK_LOOKS = 2

# SO_LINGER on, with a time of 0.
_AT_ONCE = struct.pack("ii", 1, 0)


class StopParsing(Exception):
    """Raised to stop parsing the data of a connection."""


class _Trailers(list[tuple[bytes, bytes]]):
    """Discards trailers: the headers after a body."""

    def append(self, header: tuple[bytes, bytes]) -> None:
        pass


TRAILERS = _Trailers()


def end_by_closing(cycle: Any) -> None:
    """HTTP/1.0 has no chunked encoding, which uvicorn uses for answers of unknown length: there the end of the
    connection ends the answer. uvicorn closes it after each answer to an HTTP/1.0 client."""
    plainly = cycle.send
    endless = False

    async def send(message: Any) -> None:
        nonlocal endless
        if message["type"] == "http.response.start":
            endless = all(name.lower() != b"content-length" for name, _ in message.get("headers", ()))
            if endless:
                cycle.chunked_encoding = False
        elif endless:
            # uvicorn believes this much was announced.
            cycle.expected_content_length += len(message.get("body", b""))
        await plainly(message)

    cycle.send = send


class HttpProtocol(HttpToolsProtocol):
    """For uvicorn's `http` setting. A subclass may report the headers earlier."""

    headers_within_s = HEADERS_WITHIN_S
    # None if there is no bound.
    limits: ConnectionLimits | None = None
    # Whether a request's line and headers are being read or awaited, and since when.
    reading: bool
    began: float = 0.0
    # Bytes since a request began, or since the last part of its body that the application read.
    taken: int
    # How many Host headers the request has.
    hosts: int
    # Take no more requests: the outstanding answers are the last.
    ending: bool
    # Earlier requests whose answers are outstanding.
    due: list[Any]
    # Counters of the last looks.
    idle_looks: int
    seen: float
    stuck_looks: int
    unread: tuple[int, int]

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.headers, self.due = [], []
        self.reading, self.began, self.taken, self.hosts, self.ending = True, self.loop.time(), 0, 0, False
        self.idle_looks, self.seen = 0, 0.0
        self.stuck_looks, self.unread = 0, (0, 0)
        self.watch = self.loop.call_later(self.headers_within_s, self.look)
        if self.limits is not None and not self.limits.admit(self, self.client[0] if self.client else None):
            self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self.watch.cancel()
        if self.limits is not None:
            self.limits.forget(self)
        for cycle in self.due:
            # uvicorn only tells the newest request, so earlier ones would write to a closed connection.
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def look(self) -> None:
        """Check the connection's bounds. Called periodically, which is cheaper than a timer per request."""
        unread = self.unsent()
        self.stuck_looks = self.stuck_looks + 1 if any(unread) and unread == self.unread else 0
        self.unread = unread
        idle = not self.reading and self.answered() and self.began == self.seen
        self.idle_looks = self.idle_looks + 1 if idle else 0
        self.seen = self.began
        late = self.reading and self.loop.time() - self.began >= self.headers_within_s
        if self.stuck_looks >= STUCK_LOOKS or (late and any(unread)):
            self.drop()
            return
        if late or (self.idle_looks >= IDLE_LOOKS and not any(unread)):
            self.transport.close()
        self.watch = self.loop.call_later(self.headers_within_s, self.look)

    def unsent(self) -> tuple[int, int]:
        """Bytes of answers that the client has not taken: in this process, and in the kernel until acknowledged."""
        waiting = self.transport.get_write_buffer_size()
        if not waiting:
            return 0, 0
        queued = bytes(4)
        with suppress(OSError):
            queued = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, queued)
        return waiting, int.from_bytes(queued, sys.byteorder)

    def drop(self) -> None:
        """Reset the connection: unsent data is discarded, by the kernel too."""
        with suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def answered(self) -> bool:
        """Whether all requests are answered."""
        return self.cycle is None or self.cycle.response_complete

    def waits(self) -> bool:
        """Whether the client has to speak next, for `ConnectionLimits`."""
        return self.answered() and not self.transport.get_write_buffer_size()

    def evict(self) -> None:
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """As in uvicorn, with bounds; inlined, since one more call per request would show."""
        self.taken += len(data)
        if self.taken > PIECE_BYTES:
            self.much_received(data)
            return
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.unreadable()
        except httptools.HttpParserUpgrade:
            self.end()
        if self.reading and len(self.headers) > HEADERS:
            self.drop()

    def much_received(self, data: bytes) -> None:
        """The same in pieces, so that a bound is not exceeded by much."""
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self.taken -= len(data)
        for start in range(0, len(data), PIECE_BYTES):
            if self.ending or self.transport.is_closing():
                return
            piece = data[start : start + PIECE_BYTES]
            self.taken += len(piece)
            if self.taken > HEADERS_BYTES:
                self.drop()
                return
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserError:
                self.unreadable()
            except httptools.HttpParserUpgrade:
                self.end()
            if self.reading and len(self.headers) > HEADERS:
                self.drop()

    def unreadable(self) -> None:
        """Refuse what cannot be parsed, once earlier requests are answered; after that, send nothing."""
        if self.ending:
            return
        if self.answered():
            self.send_400_response("Invalid HTTP request received.")
        self.end()

    def end(self) -> None:
        """Stop reading, and close after the outstanding answers."""
        self.ending = True
        # All further data exceeds the bound, and is discarded there.
        self.taken = HEADERS_BYTES
        if self.answered():
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def on_message_begin(self) -> None:
        self.reading, self.began, self.taken, self.hosts = True, self.loop.time(), 0, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"host":
            self.hosts += 1
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.reading = False
        self.admit()
        before = self.cycle
        super().on_headers_complete()
        self.headers = TRAILERS
        if self.pipeline:
            self.due = [cycle for cycle in (*self.due, before) if not cycle.response_complete]
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False
        if self.scope["http_version"] == "1.0":
            end_by_closing(self.cycle)

    def admit(self) -> None:
        """Raises StopParsing to refuse this request: its Host is missing or ambiguous, or too many wait."""
        if self.hosts != 1 and (self.hosts or self.parser.get_http_version() == "1.1"):
            raise StopParsing
        if len(self.pipeline) >= QUEUED:
            self.end()
            raise StopParsing

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if cycle.response_complete:
            return
        if self.pipeline and len(cycle.body) > HIGH_WATER_LIMIT:
            # A request that waits itself may be incomplete.
            self.drop()
            return
        self.taken = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def timeout_keep_alive_handler(self) -> None:
        """Keep the connection while an answer is being sent: `look` sees whether it makes progress."""
        if self.transport.get_write_buffer_size():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()
