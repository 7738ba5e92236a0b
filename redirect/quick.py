"""Answers visits within uvicorn's own protocol.

What an application is called through (a scope, a task, two messages and a state machine for each answer) costs more
than all of Waymark's own work on a visit. This subclass leaves it out where an answer is known without waiting for
anybody, waits itself where a code has to be asked for, and hands everything else to uvicorn just as it came. It stands
on uvicorn's internals, so the lock file holds the version and `tests/redirect/test_quick.py` holds both ways to the
same answers, byte for byte; without it the application gives them alone.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from redirect.asgi import Scope
from redirect.connection import TRAILERS, Connection, Enough
from redirect.ending import EMPTY, NO_STORE, Headers
from redirect.group_commit import GroupCommit

# Status, headers, body.
Answer = tuple[int, Headers, bytes]
# Records the visit and says how it ends, or None when that is not to be said at once. It is given of a scope what a
# redirect looks at: method, path, query_string, headers, client.
AtOnce = Callable[[Scope], Answer | None]
# The same for what has to wait: None where only the application knows. Whoever is given a coroutine awaits it.
Soon = Callable[[Scope], Coroutine[None, None, Answer] | None]

log = logging.getLogger(__name__)

_FAILED: Answer = (500, ((b"content-length", b"0"),), b"")
_CLOSE = (b"connection", b"close")
_METHODS = {b"GET": "GET", b"HEAD": "HEAD"}


class _Answered:
    """Stands where uvicorn keeps the answer under way: there is none."""

    response_complete = True
    disconnected = False
    message_event = asyncio.Event()


class _Pending:
    """Stands there while an answer is waited for. The same names as uvicorn's, which sets them."""

    message_event = _Answered.message_event

    def __init__(self) -> None:
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True
        self.more_body = True
        self.body = b""


def protocol(at_once: AtOnce, soon: Soon, commit: GroupCommit) -> type[Connection]:
    """A class for uvicorn's `http` setting. Its answers go out through `commit`, once their events are written."""
    hold, flush = commit.hold, commit.flush
    answered: Any = _Answered()
    # uvicorn makes the list of the headers that all answers have anew each second.
    head_of: object = None
    head = b""
    # Whether it says that each answer is its connection's last, as a server that is about to stop does.
    last = False

    class Quick(Connection):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.cycle = answered

        def on_message_begin(self) -> None:
            self.reading, self.began, self.taken, self.hosts = True, self.loop.time(), 0, 0
            self.url = b""
            self.expect_100_continue = False
            self.headers = []

        def on_headers_complete(self) -> None:
            self.reading = False
            if self.hosts != 1:
                self.admit()
            if (asked := self.asked()) is None:
                self.hand_on()
                return
            # The scope has the list of them.
            self.headers = TRAILERS
            if (found := at_once(asked)) is not None:
                self.say(asked, found)
                # (No timer, and no count: `look` ends idle connections, and nobody asks how many requests there were.)
                if last:
                    raise Enough
            elif (coming := soon(asked)) is not None:
                self.wait(asked, coming)
            else:
                self.headers = asked["headers"]
                self.hand_on()

        def asked(self) -> Scope | None:
            """What is asked for, when this is an ordinary request and nothing before it is unanswered."""
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
                return {
                    "method": method,
                    "path": path.decode("ascii"),
                    "query_string": query,
                    "headers": self.headers,
                    "client": self.client,
                    "scheme": self.scheme,
                }
            return None

        def say(self, asked: Scope, found: Answer, *, keep_alive: bool = True) -> None:
            nonlocal head_of, head, last
            common = self.server_state.default_headers
            if common is not head_of:
                head_of = common
                head = b"".join(b"%b: %b\r\n" % pair for pair in common)
                last = _CLOSE in common
            status, headers, body = found
            if keep_alive and len(headers) == 3 and headers[1] is NO_STORE and headers[2] is EMPTY:
                # As nearly every answer is.
                said = b"%b%blocation: %b\r\ncache-control: no-store\r\ncontent-length: 0\r\n\r\n"
                hold(self.transport, said % (STATUS_LINE[status], head, headers[0][1]))
            else:
                if asked["method"] == "HEAD":
                    body = b""
                if not keep_alive and not last:
                    headers = (*headers, _CLOSE)
                fields = b"".join([b"%b: %b\r\n" % pair for pair in headers])
                hold(self.transport, b"%b%b%b\r\n%b" % (STATUS_LINE[status], head, fields, body))
            if last or not keep_alive:
                self.ending = True
                flush()
                self.transport.close()

        def wait(self, asked: Scope, coming: Coroutine[None, None, Answer]) -> None:
            """uvicorn queues what comes behind it, and waits for the task when it stops."""
            pending: Any = _Pending()
            self.cycle = pending
            task = self.loop.create_task(self.finish(asked, coming, pending))
            task.add_done_callback(self.tasks.discard)
            self.tasks.add(task)

        async def finish(self, asked: Scope, coming: Coroutine[None, None, Answer], pending: _Pending) -> None:
            try:
                found = await coming
            except Exception:
                log.exception("a visit could not be answered")
                found, pending.keep_alive = _FAILED, False
            except asyncio.CancelledError:
                flush()
                self.transport.close()
                raise
            finally:
                pending.response_complete = True
            if not self.transport.is_closing():
                self.say(asked, found, keep_alive=pending.keep_alive)
            self.on_response_complete()

        # What is held goes out before a connection ends, or is told that it is not understood.

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
            """To the application, as if nobody had looked. (Its task runs after `flush`.)"""
            url, headers, expects = self.url, self.headers, self.expect_100_continue
            HttpToolsProtocol.on_message_begin(self)
            self.url = url
            self.headers.extend(headers)
            self.expect_100_continue = expects
            super().on_headers_complete()

    return Quick
