"""The ASGI application: a known code is answered before anything else is looked at."""

from collections.abc import Callable

import pages
from redirect.allowance import Allowance
from redirect.asgi import App, Receive, Scope, Send
from redirect.cache import Entry, Routes, Trust
from redirect.ending import Ending
from redirect.line import NO_VARIANT
from redirect.metrics import Counts
from redirect.record import Recorder
from redirect.routes import Lookup, Unavailable
from redirect.slug import is_own, place_of_path
from redirect.visit import AWAY, Visits

END = {"type": "http.response.body", "body": b""}
_READING = ("GET", "HEAD")
_METHODS = ("GET", "HEAD", "POST")


def redirector(
    routes: Routes,
    trust: Trust,
    lookup: Lookup,
    recorder: Recorder,
    visits: Visits,
    unknown: Entry,
    rest: App,
    *,
    allowance: Allowance,
    elapsed: Callable[[], float],
    counts: Counts,
) -> App:
    """`rest` answers what is no code, lifespan included. `unknown` stands for codes that are not there."""
    entries = routes.entries
    look, write = recorder

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
            and entry.plain
            and scope["method"] in _READING
        ):
            write(entry, look(entry.code, scope), entry.outcome, NO_VARIANT)
            await send({"type": "http.response.start", "status": 302, "headers": entry.headers})
            await send(END)
            return
        await visit(scope, receive, send)

    async def visit(scope: Scope, receive: Receive, send: Send) -> None:
        """The same for what is not in the cache, or not trusted, or not there."""
        place = place_of_path(scope["path"])
        if place is None:
            if is_own(scope["path"]):
                await rest(scope, receive, send)
            else:
                counts.not_found += 1
                await answer(send, 404, pages.not_found())
            return
        if scope["method"] not in _METHODS:
            await answer(send, 405, pages.not_allowed(), ((b"allow", b"GET, HEAD, POST"),))
            return
        try:
            entry = await lookup.find(place)
        except Unavailable:
            counts.unavailable += 1
            await end(send, AWAY)
            return
        if entry is not None and entry.outcome != "unknown":
            await end(send, await visits.end(entry, scope, receive))
            return
        ending = await visits.end_of_nothing(unknown, scope, receive)
        if ending.recorded:
            if allowance.take():
                write(unknown, look(unknown.code, scope), "unknown", NO_VARIANT)
            else:
                counts.unknown_unrecorded += 1
            counts.not_found += 1
        await end(send, ending)

    return app


async def end(send: Send, ending: Ending) -> None:
    await send({"type": "http.response.start", "status": ending.status, "headers": ending.headers})
    await send({"type": "http.response.body", "body": ending.body})


async def answer(send: Send, status: int, page: pages.Page, more: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": (*page.headers, *more)})
    await send({"type": "http.response.body", "body": page.body})
