"""Handle scans that are more than a redirect: the decisions made for each scan, in order.

    not yet started → expired → scan limit, looked at → password → scan limit, used up → rules → apps → variants

The route alone decides what comes before (unknown, paused); docs/scan-decisions.md has the table.
"""

from collections.abc import Awaitable, Callable

import msgspec

import pages
from decisions.decision import EARLY, ScanPolicy
from decisions.response import Headers, Response, notice_response, see_other, with_headers
from redirect.asgi import Receive, Scope
from redirect.event_line import Observation
from redirect.event_recorder import Recorder
from redirect.metrics import Counts
from redirect.page_cache import PageCache, page_file
from redirect.password_gate.gate import ASK, Gate
from redirect.password_gate.password_check import Busy
from redirect.redis_connection import Away, Refused
from redirect.route_cache import CachedRoute
from redirect.scan_facts import facts
from redirect.scan_limit import ScanLimits
from redirect.signed_cookies import StickyVariants
from schemas.complete_until import IN_FLIGHT_MS
from schemas.event import Kind, Outcome

# A scan that waited longer for its answer takes the answer's time (half of IN_FLIGHT_MS: the rest is for a busy turn).
LATE_MS = IN_FLIGHT_MS // 2
RETRY_AFTER = (b"retry-after", b"2")
AWAY = msgspec.structs.replace(notice_response("unavailable", "unknown", 503, RETRY_AFTER), recorded=False)
NOT_FOUND = notice_response("not_found", "unknown", 404)
ROOT = notice_response("root", "unknown", 404)
# Programs learn nothing of a code with a limit, because they use nothing up.
PEOPLE_ONLY = notice_response("people_only", "limited", 200)
_DOWNLOAD = pages.DOWNLOAD.encode()


class Request(msgspec.Struct, frozen=True):
    """A request, for decisions that may wait. `observation` is what will be recorded."""

    observation: Observation
    scope: Scope
    receive: Receive

    @property
    def at_ms(self) -> int:
        at_ms, _, _, _, _, _, _, _, _, _ = self.observation
        return at_ms

    @property
    def kind(self) -> Kind:
        _, kind, _, _, _, _, _, _, _, _ = self.observation
        return kind

    @property
    def address(self) -> bytes:
        _, _, address, _, _, _, _, _, _, _ = self.observation
        return address

    @property
    def headers(self) -> dict[bytes, bytes]:
        _, _, _, _, _, _, _, headers, _, _ = self.observation
        return headers

    @property
    def path(self) -> str:
        """The path without its trailing slash, which makes no difference."""
        return str(self.scope["path"]).removesuffix("/")

    @property
    def is_human(self) -> bool:
        return self.kind == "human"

    @property
    def posted(self) -> bool:
        return bool(self.scope["method"] == "POST")

    @property
    def is_before_a_scan(self) -> bool:
        """Whether this precedes a scan: a browser that prefetches, or a HEAD request."""
        return self.kind == "prefetch" or self.scope["method"] == "HEAD"


def _file(policy: ScanPolicy, query: bytes, at_ms: int) -> Response | None:
    """The file of a page, if the query asks for it."""
    return page_file(policy.content, at_ms) if query == _DOWNLOAD and policy.content is not None else None


class ScanHandler:
    """One per redirector. `secure`: short links are https."""

    def __init__(
        self,
        recorder: Recorder,
        limits: ScanLimits,
        gate: Gate,
        stick: StickyVariants,
        contents: PageCache,
        *,
        counts: Counts,
        random_below: Callable[[int], int],
        secure: bool,
        now_ms: Callable[[], int],
    ) -> None:
        self._recorder = recorder
        self._limits = limits
        self._gate = gate
        self._stick = stick
        self._contents = contents
        self._counts = counts
        self._random_below = random_below
        self._secure = secure
        self._now_ms = now_ms

    def respond_at_once(self, cached: CachedRoute, policy: ScanPolicy, scope: Scope) -> Response:
        """The response to a GET or HEAD whose policy needs no waiting (`policy.waits`); records the scan."""
        observation = self._recorder.look(cached.workspace, scope)
        query = scope["query_string"]
        at_ms, _, _, _, _, _, _, _, _, _ = observation
        response = policy.by_time(at_ms) or _file(policy, query, at_ms) or self._lead(policy, observation, query)
        if response.recorded:
            self._recorder.write(cached, observation, response.outcome, response.variant)
        return response

    async def respond(self, cached: CachedRoute, scope: Scope, receive: Receive) -> Response:
        """The response to a GET, HEAD or POST of an existing code; records the scan."""
        policy = cached.policy
        posted = scope["method"] == "POST"
        if policy is not None and not policy.waits and not posted:
            return self.respond_at_once(cached, policy, scope)
        request = Request(self._recorder.look(cached.workspace, scope), scope, receive)
        coming = self._fixed(cached, request) if policy is None else self._by_policy(policy, request)
        response = await self._unless_away(coming)
        if posted:
            response = see_other(response)
        if response.recorded:
            self._recorder.write(cached, self._in_time(request.observation), response.outcome, response.variant)
        return response

    def _in_time(self, observation: Observation) -> Observation:
        """A scan that had to wait long counts as of its answer: nothing older than a moment comes into the journal, so
        that a reader knows until when it has everything (`schemas.complete_until`)."""
        at_ms, *rest = observation
        now = self._now_ms()
        return observation if now - at_ms <= LATE_MS else (now, *rest)  # type: ignore[return-value]

    async def respond_unknown(self, unknown: CachedRoute, scope: Scope, receive: Receive) -> Response:
        """The same for an unknown code; the caller decides whether to record it."""
        if scope["method"] != "POST":
            return NOT_FOUND
        request = Request(self._recorder.look(unknown.workspace, scope), scope, receive)
        return await self._unless_away(self._nobodys_form(request, "unknown"))

    async def _unless_away(self, response: Awaitable[Response]) -> Response:
        try:
            return await response
        except (Away, Refused):
            self._counts.unavailable += 1
        except Busy:
            self._counts.gate_busy += 1
        return AWAY

    async def _fixed(self, cached: CachedRoute, request: Request) -> Response:
        """The response of a code that is paused or only redirects, which gives a form the answer to a wrong one."""
        if request.posted and cached.outcome == "redirect":
            return await self._form(int.from_bytes(cached.code, "big"), "", request) or ASK
        return Response(cached.outcome, 302, cached.headers)

    async def _by_policy(self, policy: ScanPolicy, request: Request) -> Response:
        over = policy.by_time(request.at_ms)
        if over is not None:
            return await self._nobodys_form(request, "early") if request.posted and over is EARLY else over
        limit = policy.scan_limit
        found = _file(policy, request.scope["query_string"], request.at_ms)
        uses_up = limit is not None and request.is_human and found is None
        shuts_out = limit is not None and not request.is_human
        # With nothing in between, using up the limit also checks it.
        looks = limit is not None and not (uses_up and not policy.password and not request.posted)
        if limit is not None and looks and await self._limits.is_used_up(policy.birth, limit):
            return policy.limited
        more: Headers = ()
        if request.posted:
            refusal = await self._form(policy.birth, policy.password, request)
            if refusal is not None:
                return refusal
            more = (await self._pass(policy, request),)
        elif policy.password and not await self._has_passed(policy, request):
            return ASK
        if limit is not None and uses_up and not await self._limits.use(policy.birth, limit):
            return policy.limited
        if shuts_out:
            found = PEOPLE_ONLY
        elif found is None:
            found = await (self._lead_by_cookie if policy.by_cookie else self._lead_request)(policy, request)
        return with_headers(found, *more) if more else found

    async def _form(self, birth: int, kept: str, request: Request) -> Response | None:
        """Check a submitted form; None if it held the right password."""
        if request.is_before_a_scan:
            return ASK
        return await self._gate.refusal(birth, kept, request.address, request.at_ms, request.headers, request.receive)

    async def _nobodys_form(self, request: Request, outcome: Outcome) -> Response:
        """Answer a form sent to an unknown code or one that has not begun as a wrong password is."""
        return msgspec.structs.replace(await self._form(0, "", request) or ASK, outcome=outcome)

    async def _has_passed(self, policy: ScanPolicy, request: Request) -> bool:
        if request.is_before_a_scan:
            return False
        return await self._gate.has_passed(policy.birth, policy.password, request.headers, request.at_ms / 1000)

    async def _pass(self, policy: ScanPolicy, request: Request) -> tuple[bytes, bytes]:
        return await self._gate.pass_for(
            policy.birth,
            policy.password,
            request.path,
            request.at_ms / 1000,
            secure=self._is_secure(request),
        )

    async def _lead_request(self, policy: ScanPolicy, request: Request) -> Response:
        return self._lead(policy, request.observation, request.scope["query_string"])

    def _lead(self, policy: ScanPolicy, observation: Observation, query: bytes) -> Response:
        """Redirect to the destination, or show the page in its place."""
        destinations = policy.destinations
        asked = facts(observation, query) if destinations.asks else None
        _, _, _, _, _, _, visitor, _, _, _ = observation
        destination = destinations.choose(asked, visitor, self._random_below)
        if destination is not None:
            return destinations.response(destination, query)
        assert policy.content is not None
        return self._contents.page(policy.birth, policy.version, policy.content)

    async def _lead_by_cookie(self, policy: ScanPolicy, request: Request) -> Response:
        """Choose a variant by cookie, unless a rule or an app comes first: the one this visitor had before, else by
        visitor, and remember it. Without Redis a redirector may have no secret to sign with; then nothing is
        remembered."""
        destinations, observation, now_s = policy.destinations, request.observation, request.at_ms / 1000
        query = request.scope["query_string"]
        destination = destinations.by_facts(facts(observation, query)) if destinations.asks else None
        if destination is not None:
            return destinations.response(destination, query)
        _, _, _, _, _, _, visitor, _, _, _ = observation
        destination = destinations.by_weight(visitor, self._random_below)
        try:
            key = await self._stick.kept(policy.birth, request.headers, now_s)
            if key in destinations.by_key:
                return destinations.response(destinations.by_key[key], query)
            if not request.is_human:
                return destinations.response(destination, query)
            secure = self._is_secure(request)
            remembered = await self._stick.cookie(policy.birth, destination.key, request.path, now_s, secure=secure)
        except (Away, Refused):
            remembered = None
        response = destinations.response(destination, query)
        return response if remembered is None else with_headers(response, remembered)

    def _is_secure(self, request: Request) -> bool:
        """Whether the request came by https. A false claim only affects the scanner's own cookie."""
        return (
            self._secure
            or request.scope.get("scheme") == "https"
            or request.headers.get(b"x-forwarded-proto", b"").lower() == b"https"
        )
