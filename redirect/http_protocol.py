"""A connection to a server of Waymark: uvicorn's protocol, with bounds.

uvicorn waits for ever for a request that does not come, or not whole, and for a client that does not read; it takes
headers and trailers of any size, and queues any number of requests. Here all of that ends. Both servers run on it: the
redirector's, which answers within it (`fast_path.py`), and the API's. `docs/security.md` has the bounds.
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

# From the opening of a connection, or a request's first byte, to the end of its headers.
HEADERS_WITHIN_S = 10.0
# Of a request's line and headers, of what comes after its body's last part (trailers), and of a body that nobody reads.
HEADERS_BYTES = 64 * 1024
HEADERS = 200
# uvloop reads up to 256 KB at a time; what comes is looked at in such pieces.
PIECE_BYTES = 16 * 1024
# Requests that wait for the answer to one before them.
QUEUED = 8
# After so many looks without a new request a connection is idle, whatever still comes of a body that nobody reads.
IDLE_LOOKS = 3
# After so many looks without a byte that the client has taken, it is gone.
STUCK_LOOKS = 2

# SO_LINGER: on, for no time.
_AT_ONCE = struct.pack("ii", 1, 0)


class StopParsing(Exception):
    """Ends the parsing of what a connection has sent."""


class _Trailers(list[tuple[bytes, bytes]]):
    """Where headers go that come after a body: they are nobody's."""

    def append(self, header: tuple[bytes, bytes]) -> None:
        pass


TRAILERS = _Trailers()


def end_by_closing(cycle: Any) -> None:
    """HTTP/1.0 knows no chunks, which uvicorn sends where a length is not known: there the end of the connection is the
    end of the answer. uvicorn closes it after each answer to such a client."""
    plainly = cycle.send
    endless = False

    async def send(message: Any) -> None:
        nonlocal endless
        if message["type"] == "http.response.start":
            endless = all(name.lower() != b"content-length" for name, _ in message.get("headers", ()))
            if endless:
                cycle.chunked_encoding = False
        elif endless:
            # So much was announced, as far as uvicorn can tell.
            cycle.expected_content_length += len(message.get("body", b""))
        await plainly(message)

    cycle.send = send


class HttpProtocol(HttpToolsProtocol):
    """For uvicorn's `http` setting. A subclass may say that headers come sooner."""

    headers_within_s = HEADERS_WITHIN_S
    # None where there is no bound.
    limits: ConnectionLimits | None = None
    # Whether a request's line and headers are being read, or waited for, and since when.
    reading: bool
    began: float = 0.0
    # Bytes since a request began, or since its body's newest part that somebody reads.
    taken: int
    # How many Host headers the request has.
    hosts: int
    # No more requests are taken: the answers that are due are the last.
    ending: bool
    # Requests whose answers are due before that of the newest one.
    due: list[Any]
    # What was seen at the last looks.
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
            # uvicorn tells the newest alone, and that with an answer under way would write to nobody.
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def look(self) -> None:
        """Once in a while, which costs a connection less than a timer for each request would."""
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
        """Bytes of answers that the client has not taken: here, and in the kernel until it is acknowledged."""
        waiting = self.transport.get_write_buffer_size()
        if not waiting:
            return 0, 0
        queued = bytes(4)
        with suppress(OSError):
            queued = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, queued)
        return waiting, int.from_bytes(queued, sys.byteorder)

    def drop(self) -> None:
        """Ends it at once: what was not taken of an answer is forgotten, by the kernel, too."""
        with suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def answered(self) -> bool:
        """Whether no answer is under way."""
        return self.cycle is None or self.cycle.response_complete

    def waits(self) -> bool:
        """Whether the client is to speak next, as `ConnectionLimits` asks."""
        return self.answered() and not self.transport.get_write_buffer_size()

    def evict(self) -> None:
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """As uvicorn's, with bounds; written out, since a call more for each request would show."""
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
        """The same piece by piece, so that a bound is not passed by far."""
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
        """What cannot be parsed is refused, once what came before it is answered; then nothing is said of it."""
        if self.ending:
            return
        if self.answered():
            self.send_400_response("Invalid HTTP request received.")
        self.end()

    def end(self) -> None:
        """Reads no further; closes after the answers that are due."""
        self.ending = True
        # All that still comes passes the bound, where it is thrown away.
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
        """Raises Enough when this request is not taken: its host is missing or in doubt, or too many wait."""
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
            # One that waits itself need not be sent whole.
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
        """An answer that is still on its way keeps the connection: `look` sees whether it moves."""
        if self.transport.get_write_buffer_size():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()
