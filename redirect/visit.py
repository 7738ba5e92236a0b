"""A visit that is more than a redirect: the decisions that are made for each visit, in their order.

    not yet started → expired → scan limit, looked at → password → scan limit, used up → rules → apps → variants

What comes before them (unknown, paused) a route decides alone; docs/scan-decisions.md has the table.
"""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

import pages
from redirect.asgi import Receive, Scope
from redirect.cache import Entry
from redirect.content import Contents, file
from redirect.decide import Plan
from redirect.ending import Ending, Headers, after_post, showing, with_headers
from redirect.facts import Facts
from redirect.gate import ASK, Gate
from redirect.limit import Limits
from redirect.line import Seen
from redirect.metrics import Counts
from redirect.password import Busy
from redirect.record import Recorder
from redirect.stick import Stick
from redirect.ways import Way
from redirect.wire import Away, Refused
from schemas.event import Outcome

RETRY_AFTER = (b"retry-after", b"2")
AWAY = msgspec.structs.replace(showing(pages.unavailable(), "unknown", 503, RETRY_AFTER), recorded=False)
NOT_FOUND = showing(pages.not_found(), "unknown", 404)
EARLY = msgspec.structs.replace(NOT_FOUND, outcome="early")
_DOWNLOAD = pages.DOWNLOAD.encode()


class Request(msgspec.Struct, frozen=True):
    """What the decisions look at. `seen` is what will be recorded."""

    seen: Seen
    scope: Scope
    headers: Mapping[bytes, bytes]
    receive: Receive

    @property
    def at_ms(self) -> int:
        return self.seen[0]

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


class Visits:
    """One for each redirector. `secure` is whether short links are https."""

    def __init__(
        self,
        recorder: Recorder,
        limits: Limits,
        gate: Gate,
        stick: Stick,
        contents: Contents,
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

    async def end(self, entry: Entry, scope: Scope, receive: Receive) -> Ending:
        """How a visit by GET, HEAD or POST of a code that is there ends; it is recorded."""
        seen = self._recorder.look(entry.code, scope)
        request = Request(seen, scope, dict(scope["headers"]), receive)
        made = self._fixed(entry, request) if entry.plan is None else self._planned(entry.plan, request)
        ending = await self._unless_away(made)
        if request.posted:
            ending = after_post(ending)
        if ending.recorded:
            self._recorder.write(entry, seen, ending.outcome, ending.variant)
        return ending

    async def end_of_nothing(self, unknown: Entry, scope: Scope, receive: Receive) -> Ending:
        """The same for a code that is not there; whether that is recorded is the caller's to say."""
        if scope["method"] != "POST":
            return NOT_FOUND
        request = Request(self._recorder.look(unknown.code, scope), scope, dict(scope["headers"]), receive)
        return await self._unless_away(self._nobodys_form(request, "unknown"))

    async def _unless_away(self, ending: Awaitable[Ending]) -> Ending:
        try:
            return await ending
        except (Away, Refused):
            self._counts.unavailable += 1
        except Busy:
            self._counts.gate_busy += 1
        return AWAY

    async def _fixed(self, entry: Entry, request: Request) -> Ending:
        """Of a code that is paused or leads on, whoever asks: a form means nothing to it."""
        if request.posted and entry.outcome == "redirect":
            return await self._form(int.from_bytes(entry.code, "big"), "", request) or ASK
        return Ending(entry.outcome, 302, entry.headers)

    async def _planned(self, plan: Plan, request: Request) -> Ending:
        if plan.starts_at_ms is not None and request.at_ms < plan.starts_at_ms:
            return await self._nobodys_form(request, "early") if request.posted else EARLY
        if plan.expires_at_ms is not None and request.at_ms >= plan.expires_at_ms:
            return plan.expired
        limit = plan.scan_limit
        wants_file = plan.content is not None and request.scope["query_string"] == _DOWNLOAD
        uses_up = limit is not None and request.is_human and not wants_file
        # Where nothing comes in between, using up is looking at, too.
        looks = limit is not None and not (uses_up and not plan.password and not request.posted)
        if limit is not None and looks and await self._limits.is_used_up(plan.number, limit):
            return plan.limited
        more: Headers = ()
        if request.posted:
            refusal = await self._form(plan.number, plan.password, request)
            if refusal is not None:
                return refusal
            more = (await self._pass(plan, request),)
        elif plan.password and not await self._has_passed(plan, request):
            return ASK
        if limit is not None and uses_up and not await self._limits.use(plan.number, limit):
            return plan.limited
        if wants_file and plan.content is not None:
            found = file(plan.content, request.at_ms)
            if found is not None:
                return with_headers(found, *more)
        return with_headers(await self._led(plan, request), *more)

    async def _form(self, number: int, kept: str, request: Request) -> Ending | None:
        """None when it held the right password."""
        if request.is_before_a_visit:
            return ASK
        return await self._gate.refusal(number, kept, request.seen, request.headers, request.receive)

    async def _nobodys_form(self, request: Request, outcome: Outcome) -> Ending:
        """Whoever sends a form to nothing, or to what has not begun, learns as much as with a wrong password."""
        return msgspec.structs.replace(await self._form(0, "", request) or ASK, outcome=outcome)

    async def _has_passed(self, plan: Plan, request: Request) -> bool:
        if request.is_before_a_visit:
            return False
        return await self._gate.has_passed(plan.number, plan.password, request.headers, request.at_ms / 1000)

    async def _pass(self, plan: Plan, request: Request) -> tuple[bytes, bytes]:
        return await self._gate.pass_for(
            plan.number,
            plan.password,
            request.path,
            request.at_ms / 1000,
            secure=self._is_secure(request),
        )

    async def _led(self, plan: Plan, request: Request) -> Ending:
        """To a destination, or to the page that stands for one."""
        ways, query = plan.ways, request.scope["query_string"]
        way: Way | None = None
        if ways.rules or ways.apps:
            way = ways.by_facts(Facts(request.seen, request.headers.get(b"accept-language", b""), query))
        if way is None and ways.variants.total:
            if ways.sticky == "cookie":
                return await self._led_by_cookie(plan, request)
            way = ways.by_weight(request.seen[5], self._random_below)
        if way is None:
            way = ways.otherwise
        if way is None and plan.content is not None:
            return self._contents.page(plan.number, plan.version, plan.content)
        assert way is not None
        return ways.ending(way, query)

    async def _led_by_cookie(self, plan: Plan, request: Request) -> Ending:
        """To the variant that the visitor was led to before; else as by visitor, and remembered. Without Redis the
        first scan of a redirector's life may find no secret to sign with: then it is not remembered."""
        ways, query, now_s = plan.ways, request.scope["query_string"], request.at_ms / 1000
        try:
            key = await self._stick.kept(plan.number, request.headers, now_s)
            if key in ways.by_key:
                return ways.ending(ways.by_key[key], query)
            way = ways.by_weight(request.seen[5], self._random_below)
            if not request.is_human:
                return ways.ending(way, query)
            path, secure = request.path, self._is_secure(request)
            remembered = await self._stick.cookie(plan.number, way.key, path, now_s, secure=secure)
        except (Away, Refused):
            return ways.ending(ways.by_weight(request.seen[5], self._random_below), query)
        ending = ways.ending(way, query)
        return ending if remembered is None else with_headers(ending, remembered)

    def _is_secure(self, request: Request) -> bool:
        """What a scanner claims here concerns its own cookie alone."""
        return (
            self._secure
            or request.scope.get("scheme") == "https"
            or request.headers.get(b"x-forwarded-proto", b"").lower() == b"https"
        )
