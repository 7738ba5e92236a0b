"""The ASGI application: a known code is answered before anything else is looked at."""

from collections.abc import Callable, Coroutine
from typing import NamedTuple, NoReturn

import pages
from redirect.asgi import App, Receive, Scope, Send
from redirect.custom_domains import UNKNOWN_HOST, CustomDomains
from redirect.event_line import NO_VARIANT
from redirect.event_recorder import Recorder
from redirect.fast_path import Answer, AtOnce, Soon
from redirect.group_commit import GroupCommit
from redirect.metrics import Counts
from redirect.paths import is_own, link_key_of_path
from redirect.response import Response
from redirect.route_cache import RouteCache, Trust
from redirect.route_lookup import HostRoutes, Unavailable
from redirect.scan_handler import AWAY, NOT_FOUND, ScanHandler
from redirect.token_bucket import TokenBucket

# For programs, which do not look at it.
NOTHING = Response("unknown", 404, ((b"content-type", b"text/plain"), (b"content-length", b"10")), b"not found\n")
_READING = ("GET", "HEAD")
_METHODS = ("GET", "HEAD", "POST")


class Redirector(NamedTuple):
    """The application, and two parts of it for a server that can ask them alone: what waits for nobody, and what
    asks for a code. Their answers go out through `commit`; the application sees to that itself."""

    app: App
    at_once: AtOnce
    soon: Soon
    commit: GroupCommit


def redirector(
    routes: RouteCache,
    trust: Trust,
    hosts: CustomDomains,
    links: HostRoutes,
    recorder: Recorder,
    visits: ScanHandler,
    rest: App,
    commit: GroupCommit,
    *,
    allowance: TokenBucket,
    elapsed: Callable[[], float],
    counts: Counts,
) -> Redirector:
    """`rest` answers what is no code, lifespan included."""
    entries = routes.entries
    look, write = recorder

    def at_once(scope: Scope) -> Answer | None:
        path = scope["path"]
        now = elapsed()
        # Nearly always there are no custom domains, and the host need not be looked at.
        if hosts.idle == trust.epoch or (host := hosts.at_once(scope)) is None:
            # That of a code of the default host is its place in the cache (`schemas.keys.link_key`), but for /q/ and
            # /r/.
            entry = entries.get(path) or entries.get(link_key_of_path(path) or "")
        elif host is UNKNOWN_HOST:
            return None
        else:
            entry = links.at_once(host, link_key_of_path(path), now)
        if entry is None or now >= trust.until or entry.epoch != trust.epoch or scope["method"] not in _READING:
            return None
        if entry.plain:
            write(entry, look(entry.code, scope), entry.outcome, NO_VARIANT)
            return 302, entry.headers, b""
        plan = entry.plan
        if plan is None or plan.waits:
            return None
        return answered(visits.end_at_once(entry, plan, scope))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await rest(scope, receive, send)
            return
        found = at_once(scope)
        if found is None:
            path = scope["path"]
            place = link_key_of_path(path)
            if place is None and path != "/":
                if is_own(path):
                    await rest(scope, receive, send)
                    return
                counts.not_found += 1
                found = answered(NOTHING)
            elif scope["method"] not in _METHODS:
                page = pages.not_allowed()
                found = 405, (*page.headers, (b"allow", b"GET, HEAD, POST")), page.body
            else:
                found = await visit(scope, place, receive)
        status, headers, body = found
        commit.flush()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def soon(scope: Scope) -> Coroutine[None, None, Answer] | None:
        path = scope["path"]
        place = link_key_of_path(path)
        if scope["method"] not in _READING or (place is None and path != "/"):
            return None
        return visit(scope, place, nothing_to_receive)

    async def visit(scope: Scope, place: str | None, receive: Receive) -> Answer:
        """The same for what is not in the cache, or not trusted, or not there; without a place it is the bare host."""
        host = await hosts.find(scope)
        if host is UNKNOWN_HOST:
            counts.not_found += 1
            return answered(NOTHING)
        try:
            entry = await links.find(host, place)
        except Unavailable:
            counts.unavailable += 1
            return answered(AWAY)
        if entry is not None:
            return answered(await visits.end(entry, scope, receive))
        unknown = links.nothing(host)
        ending = await visits.end_of_nothing(unknown, scope, receive)
        if ending.recorded:
            if allowance.take():
                write(unknown, look(unknown.code, scope), "unknown", NO_VARIANT)
            else:
                counts.unknown_unrecorded += 1
            counts.not_found += 1
        if ending is NOT_FOUND and host is not None:
            ending = (host.root if place is None else host.not_found) or ending
        return answered(ending)

    return Redirector(app, at_once, soon, commit)


def answered(ending: Response) -> Answer:
    return ending.status, ending.headers, ending.body


async def nothing_to_receive() -> NoReturn:
    raise RuntimeError("only a form has a body that is read")
