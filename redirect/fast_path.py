"""Answer scans inside uvicorn's protocol, without calling the ASGI application.

Calling an application (a scope, a task, two messages and a state machine per answer) costs more than all of Waymark's
own work on a scan. This subclass skips it when the answer is known without waiting, awaits the answer itself when Redis
has to be asked, and passes everything else to uvicorn unchanged. It depends on uvicorn's internals, so the lock file
pins the version and `tests/redirect/test_fast_path.py` checks that both paths give the same answers, byte for byte;
without this class the application answers alone.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from decisions.response import EMPTY, NO_STORE, Headers
from redirect.asgi import Scope
from redirect.bounded_cache import BoundedCache
from redirect.group_commit import GroupCommit
from redirect.http_protocol import TRAILERS, HttpProtocol, StopParsing

# Status, headers, body.
Answer = tuple[int, Headers, bytes]
# Records the scan and returns the answer, or None when it cannot without waiting. Of the scope it reads what a redirect
# needs: method, path, query_string, headers, client. The second argument is the time.
AtOnce = Callable[[Scope, float], Answer | None]
# The same for answers that wait; None if only the application can answer. The caller must await the coroutine.
Soon = Callable[[Scope], Coroutine[None, None, Answer] | None]

log = logging.getLogger(__name__)

_FAILED: Answer = (500, ((b"content-length", b"0"),), b"")
_CLOSE = (b"connection", b"close")
_FOUND_TAIL = b"\r\ncache-control: no-store\r\ncontent-length: 0\r\n\r\n"
# Bound on the request targets remembered.
TARGETS = 4_096
_METHODS = {b"GET": "GET", b"HEAD": "HEAD"}


class _Answered:
    """Takes the place of uvicorn's request cycle once it is answered."""

    response_complete = True
    disconnected = False
    message_event = asyncio.Event()


class _Pending:
    """Takes the place of uvicorn's request cycle while an answer is awaited. Its attributes have uvicorn's names,
    because uvicorn sets them."""

    message_event = _Answered.message_event

    def __init__(self) -> None:
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True
        self.more_body = True
        self.body = b""


def _hosts(headers: Headers | list[tuple[bytes, bytes]]) -> int:
    return sum(name == b"host" for name, _ in headers)


def _target(url: bytes) -> tuple[str, bytes] | None:
    path, _, query = url.partition(b"?")
    if not path.startswith(b"/") or not url.isascii() or b"%" in path or b"#" in url:
        return None
    return path.decode("ascii"), query


def protocol(at_once: AtOnce, soon: Soon, commit: GroupCommit, elapsed: Callable[[], float]) -> type[HttpProtocol]:
    """Make a class for uvicorn's `http` setting. It sends answers through `commit`, once their events are written."""
    hold, flush = commit.hold, commit.flush
    answered: Any = _Answered()
    # uvicorn replaces its list of default headers each second.
    head_of: object = None
    head = found_head = b""
    # Path and query of a target; None for an unusual one.
    targets: BoundedCache[bytes, tuple[str, bytes] | None] = BoundedCache(TARGETS, _target)
    # Whether each answer announces that it is the connection's last, as a stopping server does.
    last = False

    class Quick(HttpProtocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.cycle = answered

        def on_message_begin(self) -> None:
            self.reading, self.began, self.taken = True, self.loop.time(), 0
            self.url = b""
            self.headers = []

        def on_header(self, name: bytes, value: bytes) -> None:
            self.headers.append((name.lower(), value))

        def on_headers_complete(self) -> None:
            began = elapsed()
            self.reading = False
            headers = self.headers
            fields = dict(headers)
            if len(fields) != len(headers) or b"host" not in fields:
                self.hosts = _hosts(headers)
                self.admit()
            if (asked := self.asked(fields)) is None:
                self.hand_on()
                return
            # The scope has the list of them.
            self.headers = TRAILERS
            if (found := at_once(asked, began)) is not None:
                self.say(asked, found, began)
                # No timer and no count: `look` ends idle connections, and the number of requests is not used.
                if last:
                    raise StopParsing
            elif (coming := soon(asked)) is not None:
                self.wait(asked, coming, began)
            else:
                self.headers = asked["headers"]
                self.hand_on()

        def asked(self, fields: dict[bytes, bytes]) -> Scope | None:
            """The scope of an ordinary request with nothing unanswered before it; else None."""
            parser = self.parser
            if (
                self.cycle.response_complete
                and not self.flow.write_paused
                and (target := targets[self.url]) is not None
                and parser.should_keep_alive()
                # Without a Connection header, only HTTP/1.1 keeps the connection, and nothing is upgraded.
                and (
                    b"connection" not in fields or (not parser.should_upgrade() and parser.get_http_version() == "1.1")
                )
                and (method := _METHODS.get(parser.get_method())) is not None
            ):
                path, query = target
                return {
                    "method": method,
                    "path": path,
                    "query_string": query,
                    "headers": self.headers,
                    "fields": fields,
                    "client": self.client,
                    "scheme": self.scheme,
                }
            return None

        def say(self, asked: Scope, found: Answer, began: float, *, keep_alive: bool = True) -> None:
            nonlocal head_of, head, found_head, last
            common = self.server_state.default_headers
            if common is not head_of:
                head_of = common
                head = b"".join(b"%b: %b\r\n" % pair for pair in common)
                found_head = b"%b%blocation: " % (STATUS_LINE[302], head)
                last = _CLOSE in common
            status, headers, body = found
            if status == 302 and keep_alive and len(headers) == 3 and headers[1] is NO_STORE and headers[2] is EMPTY:
                # The case of nearly every answer.
                hold(self.transport, b"".join((found_head, headers[0][1], _FOUND_TAIL)), began)
            else:
                if asked["method"] == "HEAD":
                    body = b""
                if not keep_alive and not last:
                    headers = (*headers, _CLOSE)
                fields = b"".join([b"%b: %b\r\n" % pair for pair in headers])
                hold(self.transport, b"%b%b%b\r\n%b" % (STATUS_LINE[status], head, fields, body), began)
            if last or not keep_alive:
                self.ending = True
                flush()
                self.transport.close()

        def wait(self, asked: Scope, coming: Coroutine[None, None, Answer], began: float) -> None:
            """Await the answer in a task. uvicorn queues requests behind it, and waits for the task when it stops."""
            pending: Any = _Pending()
            self.cycle = pending
            task = self.loop.create_task(self.finish(asked, coming, pending, began))
            task.add_done_callback(self.tasks.discard)
            self.tasks.add(task)

        async def finish(
            self, asked: Scope, coming: Coroutine[None, None, Answer], pending: _Pending, began: float
        ) -> None:
            try:
                found = await coming
            except Exception:
                log.exception("a scan could not be answered")
                found, pending.keep_alive = _FAILED, False
            except asyncio.CancelledError:
                flush()
                self.transport.close()
                raise
            finally:
                pending.response_complete = True
            if self.transport.is_closing():
                # Without an answer to hold, nothing else would write the event.
                flush()
            else:
                commit.waited(began)
                self.say(asked, found, elapsed(), keep_alive=pending.keep_alive)
            self.on_response_complete()

        # Held answers go out before the connection ends or a request is refused.

        def unreadable(self) -> None:
            flush()
            super().unreadable()

        def end(self) -> None:
            flush()
            super().end()

        def drop(self) -> None:
            flush()
            super().drop()

        def waits(self) -> bool:
            flush()
            return super().waits()

        def shutdown(self) -> None:
            flush()
            super().shutdown()

        def hand_on(self) -> None:
            """Pass the request to the application. (Its task runs after `flush`.)"""
            url, headers = self.url, self.headers
            HttpToolsProtocol.on_message_begin(self)
            self.url = url
            self.headers.extend(headers)
            self.hosts = _hosts(headers)
            self.expect_100_continue = any(
                name == b"expect" and value.lower() == b"100-continue" for name, value in headers
            )
            super().on_headers_complete()

    return Quick
