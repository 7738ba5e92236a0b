"""A visit that is more than a redirect: the decisions that are made for each visit, in their order.

    not yet started → expired → scan limit, looked at → password → scan limit, used up → rules → apps → variants

What comes before them (unknown, paused) a route decides alone; docs/scan-decisions.md has the table.
"""

from collections.abc import Awaitable, Callable

import msgspec

import pages
from redirect.asgi import Receive, Scope
from redirect.decisions import ScanPolicy
from redirect.event_line import Observation
from redirect.event_recorder import Recorder
from redirect.metrics import Counts
from redirect.page_cache import PageCache, page_file
from redirect.password_gate.gate import ASK, Gate
from redirect.password_gate.password_check import Busy
from redirect.redis_connection import Away, Refused
from redirect.response import Headers, Response, page_response, see_other, with_headers
from redirect.route_cache import CachedRoute
from redirect.rules import facts
from redirect.scan_limit import ScanLimits
from redirect.signed_cookies import StickyVariants
from schemas.event import Outcome

RETRY_AFTER = (b"retry-after", b"2")
AWAY = msgspec.structs.replace(page_response(pages.unavailable(), "unknown", 503, RETRY_AFTER), recorded=False)
NOT_FOUND = page_response(pages.not_found(), "unknown", 404)
# Of a code with a limit a program learns nothing, since it uses nothing up.
PEOPLE_ONLY = page_response(pages.people_only(), "limited", 200)
EARLY = msgspec.structs.replace(NOT_FOUND, outcome="early")
_DOWNLOAD = pages.DOWNLOAD.encode()


class Request(msgspec.Struct, frozen=True):
    """What the decisions look at that may have to wait. `seen` is what will be recorded."""

    seen: Observation
    scope: Scope
    receive: Receive

    @property
    def at_ms(self) -> int:
        return self.seen[0]

    @property
    def headers(self) -> dict[bytes, bytes]:
        return self.seen[6]

    @property
    def path(self) -> str:
        """With or without its last slash a link is the same."""
        return str(self.scope["path"]).removesuffix("/")

    @property
    def is_human(self) -> bool:
        return self.seen[1] == "human"

    @property
    def posted(self) -> bool:
        return bool(self.scope["method"] == "POST")

    @property
    def is_before_a_visit(self) -> bool:
        """A browser that loads ahead, or somebody who only asks what is there."""
        return self.seen[1] == "prefetch" or self.scope["method"] == "HEAD"


def _by_time(plan: ScanPolicy, at_ms: int) -> Response | None:
    """Read at the scan: nothing has to happen at the time itself."""
    if plan.starts_at_ms is not None and at_ms < plan.starts_at_ms:
        return EARLY
    return plan.expired if plan.expires_at_ms is not None and at_ms >= plan.expires_at_ms else None


def _file(plan: ScanPolicy, query: bytes, at_ms: int) -> Response | None:
    """What a page offers as a file, when that is what is asked for."""
    return page_file(plan.content, at_ms) if query == _DOWNLOAD and plan.content is not None else None


class ScanHandler:
    """One for each redirector. `secure` is whether short links are https."""

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
    ) -> None:
        self._recorder = recorder
        self._limits = limits
        self._gate = gate
        self._stick = stick
        self._contents = contents
        self._counts = counts
        self._random_below = random_below
        self._secure = secure

    def end_at_once(self, entry: CachedRoute, plan: ScanPolicy, scope: Scope) -> Response:
        """How a visit by GET or HEAD ends whose plan asks nobody else (`plan.waits`); it is recorded."""
        seen = self._recorder.look(entry.code, scope)
        query = scope["query_string"]
        ending = _by_time(plan, seen[0]) or _file(plan, query, seen[0]) or self._led(plan, seen, query)
        if ending.recorded:
            self._recorder.write(entry, seen, ending.outcome, ending.variant)
        return ending

    async def end(self, entry: CachedRoute, scope: Scope, receive: Receive) -> Response:
        """How a visit by GET, HEAD or POST of a code that is there ends; it is recorded."""
        plan = entry.plan
        posted = scope["method"] == "POST"
        if plan is not None and not plan.waits and not posted:
            return self.end_at_once(entry, plan, scope)
        request = Request(self._recorder.look(entry.code, scope), scope, receive)
        ending = await self._unless_away(self._fixed(entry, request) if plan is None else self._planned(plan, request))
        if posted:
            ending = see_other(ending)
        if ending.recorded:
            self._recorder.write(entry, request.seen, ending.outcome, ending.variant)
        return ending

    async def end_of_nothing(self, unknown: CachedRoute, scope: Scope, receive: Receive) -> Response:
        """The same for a code that is not there; whether that is recorded is the caller's to say."""
        if scope["method"] != "POST":
            return NOT_FOUND
        request = Request(self._recorder.look(unknown.code, scope), scope, receive)
        return await self._unless_away(self._nobodys_form(request, "unknown"))

    async def _unless_away(self, ending: Awaitable[Response]) -> Response:
        try:
            return await ending
        except (Away, Refused):
            self._counts.unavailable += 1
        except Busy:
            self._counts.gate_busy += 1
        return AWAY

    async def _fixed(self, entry: CachedRoute, request: Request) -> Response:
        """Of a code that is paused or leads on, whoever asks: a form means nothing to it."""
        if request.posted and entry.outcome == "redirect":
            return await self._form(int.from_bytes(entry.code, "big"), "", request) or ASK
        return Response(entry.outcome, 302, entry.headers)

    async def _planned(self, plan: ScanPolicy, request: Request) -> Response:
        over = _by_time(plan, request.at_ms)
        if over is not None:
            return await self._nobodys_form(request, "early") if request.posted and over is EARLY else over
        limit = plan.scan_limit
        found = _file(plan, request.scope["query_string"], request.at_ms)
        uses_up = limit is not None and request.is_human and found is None
        shuts_out = limit is not None and not request.is_human
        # Where nothing comes in between, using up is looking at, too.
        looks = limit is not None and not (uses_up and not plan.password and not request.posted)
        if limit is not None and looks and await self._limits.is_used_up(plan.birth, limit):
            return plan.limited
        more: Headers = ()
        if request.posted:
            refusal = await self._form(plan.birth, plan.password, request)
            if refusal is not None:
                return refusal
            more = (await self._pass(plan, request),)
        elif plan.password and not await self._has_passed(plan, request):
            return ASK
        if limit is not None and uses_up and not await self._limits.use(plan.birth, limit):
            return plan.limited
        if shuts_out:
            found = PEOPLE_ONLY
        elif found is None:
            found = await self._led_by_cookie(plan, request) if plan.by_cookie else self._led_by(plan, request)
        return with_headers(found, *more) if more else found

    async def _form(self, birth: int, kept: str, request: Request) -> Response | None:
        """None when it held the right password."""
        if request.is_before_a_visit:
            return ASK
        return await self._gate.refusal(birth, kept, request.seen, request.headers, request.receive)

    async def _nobodys_form(self, request: Request, outcome: Outcome) -> Response:
        """Whoever sends a form to nothing, or to what has not begun, learns as much as with a wrong password."""
        return msgspec.structs.replace(await self._form(0, "", request) or ASK, outcome=outcome)

    async def _has_passed(self, plan: ScanPolicy, request: Request) -> bool:
        if request.is_before_a_visit:
            return False
        return await self._gate.has_passed(plan.birth, plan.password, request.headers, request.at_ms / 1000)

    async def _pass(self, plan: ScanPolicy, request: Request) -> tuple[bytes, bytes]:
        return await self._gate.pass_for(
            plan.birth,
            plan.password,
            request.path,
            request.at_ms / 1000,
            secure=self._is_secure(request),
        )

    def _led_by(self, plan: ScanPolicy, request: Request) -> Response:
        return self._led(plan, request.seen, request.scope["query_string"])

    def _led(self, plan: ScanPolicy, seen: Observation, query: bytes) -> Response:
        """To a destination, or to the page that stands for one."""
        ways = plan.ways
        way = ways.by_facts(facts(seen, query)) if ways.asks else None
        if way is None:
            way = ways.by_weight(seen[5], self._random_below) if ways.variants.total else ways.otherwise
        if way is not None:
            return ways.ending(way, query)
        assert plan.content is not None
        return self._contents.page(plan.birth, plan.version, plan.content)

    async def _led_by_cookie(self, plan: ScanPolicy, request: Request) -> Response:
        """Unless a rule or an app comes first: to the variant that the visitor was led to before, else as by visitor,
        and remembered. Without Redis a redirector may know no secret to sign with: then it is not remembered."""
        ways, seen, query, now_s = plan.ways, request.seen, request.scope["query_string"], request.at_ms / 1000
        way = ways.by_facts(facts(seen, query)) if ways.asks else None
        if way is not None:
            return ways.ending(way, query)
        way = ways.by_weight(seen[5], self._random_below)
        try:
            key = await self._stick.kept(plan.birth, request.headers, now_s)
            if key in ways.by_key:
                return ways.ending(ways.by_key[key], query)
            if not request.is_human:
                return ways.ending(way, query)
            secure = self._is_secure(request)
            remembered = await self._stick.cookie(plan.birth, way.key, request.path, now_s, secure=secure)
        except (Away, Refused):
            remembered = None
        ending = ways.ending(way, query)
        return ending if remembered is None else with_headers(ending, remembered)

    def _is_secure(self, request: Request) -> bool:
        """What a scanner claims here concerns its own cookie alone."""
        return (
            self._secure
            or request.scope.get("scheme") == "https"
            or request.headers.get(b"x-forwarded-proto", b"").lower() == b"https"
        )
