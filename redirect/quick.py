"""Answers a visit as soon as its request has been read, within uvicorn's own protocol.

What an application is called through (a scope, a task, two messages and a state machine for each answer) costs more
than all of Waymark's own work on a visit. This subclass leaves it out where an answer is known without waiting for
anybody, and hands everything else to uvicorn just as it came. It stands on uvicorn's internals, so the lock file
holds the version and `tests/redirect/test_quick.py` holds both ways to the same answers, byte for byte; without it
the application gives them alone.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from redirect.asgi import Scope
from redirect.connection import Connection
from redirect.ending import EMPTY, NO_STORE, Headers

# Status, headers, body.
Answer = tuple[int, Headers, bytes]
# Records the visit and says how it ends, or None when that is not to be said at once. It is given of a scope what a
# redirect looks at: method, path, query_string, headers, client.
AtOnce = Callable[[Scope], Answer | None]

_METHODS = {b"GET": "GET", b"HEAD": "HEAD"}


class _Answered:
    """Stands where uvicorn keeps the answer under way: there is none."""

    response_complete = True
    disconnected = False
    message_event = asyncio.Event()


def protocol(at_once: AtOnce) -> type[Connection]:
    """A class for uvicorn's `http` setting."""
    answered: Any = _Answered()
    # uvicorn makes the list of the headers that all answers have anew each second.
    head_of: object = None
    head = b""

    class Quick(Connection):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.cycle = answered

        def on_message_begin(self) -> None:
            self.reading, self.began, self.taken = True, self.loop.time(), 0
            self.url = b""
            self.expect_100_continue = False
            self.headers = []

        def on_headers_complete(self) -> None:
            nonlocal head_of, head
            self.reading = False
            if (found := self.found()) is None:
                self.hand_on()
                return
            common = self.server_state.default_headers
            if common is not head_of:
                head_of = common
                head = b"".join(b"%b: %b\r\n" % pair for pair in common)
            status, headers, body = found
            if len(headers) == 3 and headers[1] is NO_STORE and headers[2] is EMPTY:
                # As nearly every answer is.
                said = b"%b%blocation: %b\r\ncache-control: no-store\r\ncontent-length: 0\r\n\r\n"
                self.transport.write(said % (STATUS_LINE[status], head, headers[0][1]))
            else:
                if self.parser.get_method() == b"HEAD":
                    body = b""
                fields = b"".join([b"%b: %b\r\n" % pair for pair in headers])
                self.transport.write(b"%b%b%b\r\n%b" % (STATUS_LINE[status], head, fields, body))
            # What uvicorn does after an answer, but for a timer for each: `look` ends idle connections.
            self.server_state.total_requests += 1

        def found(self) -> Answer | None:
            """The answer, when this is an ordinary request, nothing before it is unanswered, and it is known."""
            url = self.url
            parser = self.parser
            if (
                self.cycle.response_complete
                and not self.flow.write_paused
                and url.startswith(b"/")
                and url.isascii()
                and b"%" not in url
                and b"#" not in url
                and parser.should_keep_alive()
                and not parser.should_upgrade()
                and parser.get_http_version() == "1.1"
                and (method := _METHODS.get(parser.get_method())) is not None
            ):
                path, _, query = url.partition(b"?")
                return at_once(
                    {
                        "method": method,
                        "path": path.decode("ascii"),
                        "query_string": query,
                        "headers": self.headers,
                        "client": self.client,
                    }
                )
            return None

        def hand_on(self) -> None:
            """To the application, as if nobody had looked."""
            url, headers, expects = self.url, self.headers, self.expect_100_continue
            super().on_message_begin()
            self.url = url
            self.headers.extend(headers)
            self.expect_100_continue = expects
            super().on_headers_complete()

    return Quick
