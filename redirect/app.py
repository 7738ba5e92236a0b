"""The ASGI application. Known codes are answered first; everything else goes to the other routes."""

from collections.abc import Callable, Coroutine
from typing import NamedTuple, NoReturn

from decisions.response import NO_VARIANT, Response, notice_response
from redirect.asgi import App, Receive, Scope, Send
from redirect.bounded_cache import BoundedCache
from redirect.branded_pages import NO_WORKSPACE, BrandedPages
from redirect.custom_domains import UNKNOWN_HOST, CustomDomains
from redirect.event_recorder import Recorder
from redirect.fast_path import Answer, AtOnce, Soon
from redirect.group_commit import GroupCommit
from redirect.metrics import Counts
from redirect.paths import is_own, link_key_of_path
from redirect.route_cache import RouteCache, Trust
from redirect.route_lookup import HostRoutes, Unavailable
from redirect.scan_handler import AWAY, NOT_FOUND, ROOT, ScanHandler
from redirect.token_bucket import TokenBucket

# Plain text, for programs that do not read it.
NOTHING = Response("unknown", 404, ((b"content-type", b"text/plain"), (b"content-length", b"10")), b"not found\n")
# Bound on the paths whose link keys are remembered: printed links begin with /q/, so their path is no link key itself.
PATHS = 4_096
_READING = ("GET", "HEAD")
_NOT_ALLOWED = notice_response("not_allowed", "unknown", 405, (b"allow", b"GET, HEAD, POST"))
_METHODS = ("GET", "HEAD", "POST")


class Redirector(NamedTuple):
    """The ASGI application, and the two parts of it that a server can call directly: `at_once` never waits, `soon` asks
    Redis for a code. The server sends their answers through `commit`; the application does that itself."""

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
    scan_handler: ScanHandler,
    notices: BrandedPages,
    rest: App,
    commit: GroupCommit,
    *,
    allowance: TokenBucket,
    elapsed: Callable[[], float],
    counts: Counts,
) -> Redirector:
    """Build the application. `rest` answers paths that are no code, and handles lifespan."""
    entries = routes.entries
    look, write = recorder
    link_keys: BoundedCache[str, str | None] = BoundedCache(PATHS, link_key_of_path)

    def at_once(scope: Scope, now: float) -> Answer | None:
        path = scope["path"]
        # Most deployments have no custom domains: then the host need not be looked up.
        if hosts.idle == trust.epoch or (host := hosts.at_once(scope)) is None:
            # On the default host the path is the link key (`schemas.keys.link_key`), except below /q/ and
            # /r/.
            cached = entries.get(path) or entries.get(link_keys[path] or "")
        elif host is UNKNOWN_HOST:
            return None
        else:
            cached = links.at_once(host, link_keys[path], now)
        if cached is None or now >= trust.until or cached.epoch != trust.epoch or scope["method"] not in _READING:
            return None
        if cached.plain:
            write(cached, look(cached.workspace, scope), cached.outcome, NO_VARIANT)
            return 302, cached.headers, b""
        policy = cached.policy
        if policy is None or policy.waits:
            return None
        response = scan_handler.respond_at_once(cached, policy, scope)
        if response.notice:
            host = None if hosts.idle == trust.epoch else hosts.at_once(scope)
            response = notices.with_branding(response, host, cached.workspace, scope)
        return answered(response)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await rest(scope, receive, send)
            return
        began = elapsed()
        found = at_once(scope, began)
        if found is None:
            path = scope["path"]
            link_key = link_key_of_path(path)
            if link_key is None and path != "/":
                if is_own(path):
                    await rest(scope, receive, send)
                    return
                counts.not_found += 1
                found = answered(NOTHING)
            elif scope["method"] not in _METHODS:
                found = answered(notices.with_branding(_NOT_ALLOWED, None, NO_WORKSPACE, scope))
            else:
                found = await wait_and_respond(scope, link_key, receive)
        status, headers, body = found
        commit.flush()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        if scope["method"] in _READING:
            # (How long a form takes is up to who sends it.)
            counts.latency.add(elapsed() - began)

    def soon(scope: Scope) -> Coroutine[None, None, Answer] | None:
        path = scope["path"]
        link_key = link_key_of_path(path)
        if scope["method"] not in _READING or (link_key is None and path != "/"):
            return None
        return wait_and_respond(scope, link_key, nothing_to_receive)

    async def wait_and_respond(scope: Scope, link_key: str | None, receive: Receive) -> Answer:
        """Answer a code that is not cached, not trusted or not there. Without a link key the request is for the bare
        host."""
        host = await hosts.find(scope)
        if host is UNKNOWN_HOST:
            counts.not_found += 1
            return answered(NOTHING)
        try:
            cached = await links.find(host, link_key)
        except Unavailable:
            counts.unavailable += 1
            return answered(notices.with_branding(AWAY, host, NO_WORKSPACE, scope))
        if cached is not None:
            response = await scan_handler.respond(cached, scope, receive)
            return answered(
                notices.with_branding(response, host, cached.workspace, scope) if response.notice else response
            )
        unknown = links.nothing(host)
        response = await scan_handler.respond_unknown(unknown, scope, receive)
        if response.recorded:
            if allowance.take():
                write(unknown, look(unknown.workspace, scope), "unknown", NO_VARIANT)
            else:
                counts.unknown_unrecorded += 1
            counts.not_found += 1
        if response is NOT_FOUND and link_key is None:
            response = ROOT
        return answered(notices.with_branding(response, host, unknown.workspace, scope))

    return Redirector(app, at_once, soon, commit)


def answered(response: Response) -> Answer:
    return response.status, response.headers, response.body


async def nothing_to_receive() -> NoReturn:
    raise RuntimeError("only a form has a body that is read")
