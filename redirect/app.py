"""The ASGI application: a known code is answered before anything else is looked at."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pages
from redirect.allowance import Allowance
from redirect.cache import Entry, Routes, Trust
from redirect.metrics import Counts
from redirect.record import Record
from redirect.routes import Lookup, Unavailable
from redirect.slug import OWN_PATHS, place_of_path

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

END = {"type": "http.response.body", "body": b""}
RETRY_AFTER_S = b"2"
_REDIRECTS = ("redirect", "paused")


def redirector(
    routes: Routes,
    trust: Trust,
    lookup: Lookup,
    record: Record,
    unknown: Entry,
    rest: App,
    *,
    allowance: Allowance,
    elapsed: Callable[[], float],
    counts: Counts,
) -> App:
    """`rest` answers what is no code, lifespan included. `unknown` stands for codes that are not there."""
    entries = routes.entries

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await rest(scope, receive, send)
            return
        # The path of a code of the default host is its place in the cache (`schemas.keys.place`).
        entry = entries.get(scope["path"])
        if (
            entry is not None
            and elapsed() < trust.until
            and entry.epoch == trust.epoch
            and entry.outcome in _REDIRECTS
            and scope["method"] in ("GET", "HEAD")
        ):
            record(entry, scope)
            await send({"type": "http.response.start", "status": 302, "headers": entry.headers})
            await send(END)
            return
        await visit(scope, receive, send)

    async def visit(scope: Scope, receive: Receive, send: Send) -> None:
        """The same for what is not in the cache, or not trusted, or not there."""
        place = place_of_path(scope["path"])
        if place is None:
            if scope["path"] in OWN_PATHS:
                await rest(scope, receive, send)
            else:
                counts.not_found += 1
                await answer(send, 404, pages.not_found())
            return
        if scope["method"] not in ("GET", "HEAD"):
            await answer(send, 405, pages.not_allowed(), ((b"allow", b"GET, HEAD"),))
            return
        try:
            entry = await lookup.find(place)
        except Unavailable:
            counts.unavailable += 1
            await answer(send, 503, pages.unavailable(), ((b"retry-after", RETRY_AFTER_S),))
            return
        if entry is None or entry.outcome == "unknown":
            if allowance.take():
                record(unknown, scope)
            else:
                counts.unknown_unrecorded += 1
            counts.not_found += 1
            await answer(send, 404, pages.not_found())
            return
        record(entry, scope)
        await send({"type": "http.response.start", "status": 302, "headers": entry.headers})
        await send(END)

    return app


async def answer(send: Send, status: int, page: pages.Page, more: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": (*page.headers, *more)})
    await send({"type": "http.response.body", "body": page.body})
