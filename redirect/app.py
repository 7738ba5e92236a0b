"""The ASGI application: a known code is answered before anything else is looked at."""

from collections.abc import Callable

import pages
from redirect.allowance import Allowance
from redirect.asgi import App, Receive, Scope, Send
from redirect.cache import Routes, Trust
from redirect.ending import Ending
from redirect.hosts import NOBODYS, Hosts
from redirect.line import NO_VARIANT
from redirect.links import Links
from redirect.metrics import Counts
from redirect.record import Recorder
from redirect.routes import Unavailable
from redirect.slug import is_own, place_of_path
from redirect.visit import AWAY, NOT_FOUND, Visits

END = {"type": "http.response.body", "body": b""}
# For programs, which do not look at it.
NOTHING = Ending("unknown", 404, ((b"content-type", b"text/plain"), (b"content-length", b"10")), b"not found\n")
_READING = ("GET", "HEAD")
_METHODS = ("GET", "HEAD", "POST")


def redirector(
    routes: Routes,
    trust: Trust,
    hosts: Hosts,
    links: Links,
    recorder: Recorder,
    visits: Visits,
    rest: App,
    *,
    allowance: Allowance,
    elapsed: Callable[[], float],
    counts: Counts,
) -> App:
    """`rest` answers what is no code, lifespan included."""
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
            and scope["method"] in _READING
            # Nearly always there are no custom domains, and the host need not be looked at.
            and (hosts.idle == trust.epoch or hosts.is_default(scope))
        ):
            if entry.plain:
                write(entry, look(entry.code, scope), entry.outcome, NO_VARIANT)
                await send({"type": "http.response.start", "status": 302, "headers": entry.headers})
                await send(END)
                return
            plan = entry.plan
            if plan is not None and not plan.waits:
                ending = visits.end_at_once(entry, plan, scope)
                await send({"type": "http.response.start", "status": ending.status, "headers": ending.headers})
                await send({"type": "http.response.body", "body": ending.body})
                return
        await visit(scope, receive, send)

    async def visit(scope: Scope, receive: Receive, send: Send) -> None:
        """The same for what is not in the cache, or not trusted, or not there, or at a custom domain."""
        path = scope["path"]
        if path != "/" and place_of_path(path) is None:
            if is_own(path):
                await rest(scope, receive, send)
            else:
                counts.not_found += 1
                await end(send, NOTHING)
            return
        if scope["method"] not in _METHODS:
            await answer(send, 405, pages.not_allowed(), ((b"allow", b"GET, HEAD, POST"),))
            return
        host = await hosts.find(scope)
        if host is NOBODYS:
            counts.not_found += 1
            await end(send, NOTHING)
            return
        try:
            entry = await links.find(host, path)
        except Unavailable:
            counts.unavailable += 1
            await end(send, AWAY)
            return
        if entry is not None:
            await end(send, await visits.end(entry, scope, receive))
            return
        unknown = links.nothing(host)
        ending = await visits.end_of_nothing(unknown, scope, receive)
        if ending.recorded:
            if allowance.take():
                write(unknown, look(unknown.code, scope), "unknown", NO_VARIANT)
            else:
                counts.unknown_unrecorded += 1
            counts.not_found += 1
        if ending is NOT_FOUND and host is not None:
            ending = (host.root if path == "/" else host.not_found) or ending
        await end(send, ending)

    return app


async def end(send: Send, ending: Ending) -> None:
    await send({"type": "http.response.start", "status": ending.status, "headers": ending.headers})
    await send({"type": "http.response.body", "body": ending.body})


async def answer(send: Send, status: int, page: pages.Page, more: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": (*page.headers, *more)})
    await send({"type": "http.response.body", "body": page.body})
