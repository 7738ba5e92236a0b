"""Decide what depends on the route alone, once per version of a route instead of once per scan; and choose the
destination of a scan.

Nothing here waits, reads a clock or draws a number by itself: the redirector answers scans with it, and the API says
what a scan would get.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Generic, Literal, TypeVar

import msgspec

from decisions.query_forwarding import Forwarding, forwarded, forwarding
from decisions.response import NO_VARIANT, Response, notice_response, redirect_to
from decisions.rules import Facts, Test, compiled
from schemas.event import Outcome
from schemas.route import Route
from schemas.scan_options import Apps, Content, Sticky

# Apps that open instead of the web, by the scanner's system.

_IOS = ("iOS", "iPadOS")


def app_links(apps: Apps | None) -> dict[str, str]:
    """Map each system, as events name it, to its app link. A universal link opens in the browser if the app is not
    installed; other systems go to the web."""
    if apps is None:
        return {}
    found = dict.fromkeys(_IOS, apps.ios) | {"Android": apps.android}
    return {system: link for system, link in found.items() if link}


# Weighted choice among several destinations.

T = TypeVar("T")


class Weighted(Generic[T]):
    """Items with integer weights: each covers as many of the `total` points as it weighs."""

    __slots__ = ("_ends", "_things", "total")

    def __init__(self, weighted: Sequence[tuple[T, int]]) -> None:
        kept = [(thing, weight) for thing, weight in weighted if weight > 0]
        self._things = [thing for thing, _ in kept]
        self._ends = list(accumulate(weight for _, weight in kept))
        self.total = self._ends[-1] if kept else 0

    def at(self, point: int) -> T:
        """The item at a point. The same point gives the same item, so a visitor keeps one variant until the weights
        change. Any point from 0 on is valid; call it only when `total` is above 0."""
        return self._things[bisect_right(self._ends, point % self.total)]


def variant_point(visitor: int, birth: int) -> int:
    """The visitor's point among the weights of a code. It says nothing of the same visitor's point at another code."""
    hashed = hashlib.blake2b(visitor.to_bytes(8, "little"), key=birth.to_bytes(8, "little"), digest_size=8)
    return int.from_bytes(hashed.digest(), "little")


# The destination of a scan: the first rule that matches, else the app for the scanner's system, else a variant, else
# the default destination.

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
# The fields of the password form: a visitor who puts the password into the address instead must not leak it to the
# destination.
GATE_PARAMETERS = (b"password",)


class Destination(msgspec.Struct, frozen=True):
    """One destination. `unforwarded` is the response when none of the scan's query is forwarded."""

    key: str
    url: bytes
    unforwarded: Response


class Destinations(msgspec.Struct, frozen=True):
    """All destinations of a route, prepared. `otherwise` is None if one of our pages is shown instead."""

    birth: int
    forwarding: Forwarding
    rules: tuple[tuple[Test, Destination], ...]
    apps: dict[str, Destination]
    variants: Weighted[Destination]
    by_key: dict[str, Destination]
    sticky: Sticky
    otherwise: Destination | None

    # Whether the destination depends on the scan.
    asks: bool

    @property
    def is_constant(self) -> bool:
        """Whether every scan leads to the same address."""
        return not (self.asks or self.variants.total) and self.forwarding.mode == "drop"

    def choose(self, facts: Facts | None, visitor: int, random_below: Callable[[int], int]) -> Destination | None:
        """Where a scan leads; None: to the page. Without facts (when nothing `asks`) only the variants are left."""
        if facts is not None and (found := self.by_facts(facts)) is not None:
            return found
        return self.by_weight(visitor, random_below) if self.variants.total else self.otherwise

    def by_facts(self, facts: Facts) -> Destination | None:
        """The destination of the rule or app that matches the scan."""
        for holds, destination in self.rules:
            if holds(facts):
                return destination
        return self.apps.get(facts.os)

    def by_weight(self, visitor: int, random_below: Callable[[int], int]) -> Destination:
        """A variant: the visitor's own, or a random one if the code has no stickiness. Call it only if there are
        variants."""
        if self.sticky == "none":
            return self.variants.at(random_below(self.variants.total))
        return self.variants.at(variant_point(visitor, self.birth))

    def response(self, destination: Destination, query: bytes) -> Response:
        if not query or self.forwarding.mode == "drop":
            return destination.unforwarded
        url = forwarded(destination.url, query, self.forwarding)
        return redirect_to(url, variant=destination.unforwarded.variant)


def destinations(route: Route) -> Destinations:
    """Prepare the destinations of a route. Raises ValueError when one is not allowed in a header."""
    how = forwarding(route.query, route.utm, GATE_PARAMETERS if route.password else ())

    def made(url: str, key: str = "") -> Destination:
        to = location(url)
        piece = msgspec.json.encode(key) if key else NO_VARIANT
        return Destination(key, to, redirect_to(forwarded(to, b"", how), variant=piece))

    variants = [(made(one.url, one.key), one.weight) for one in route.variants if one.active and one.weight > 0]
    rules = tuple((compiled(rule.when), made(rule.to, rule.key)) for rule in route.rules if rule.active)
    apps = {system: made(link) for system, link in app_links(route.apps).items()}
    return Destinations(
        birth=route.birth,
        forwarding=how,
        rules=rules,
        apps=apps,
        variants=Weighted(variants),
        by_key={made.key: made for made, _ in variants},
        sticky=route.sticky,
        asks=bool(rules or apps),
        otherwise=None if route.content else made(route.destination),
    )


def location(destination: str) -> bytes:
    """The Location header's value. Raises ValueError when it is not allowed in a header (`codes` refuses those)."""
    found = destination.encode()
    if not found or _CONTROL.search(found):
        raise ValueError("a destination with control characters, or none")
    return found


# Before a code starts, it is not found.
EARLY = notice_response("not_found", "early", 404)


class ScanPolicy(msgspec.Struct, frozen=True):
    """What each scan of a code must pass if the code does more than redirect; `redirect.scan_handler` applies it."""

    version: int
    birth: int
    starts_at_ms: int | None
    expires_at_ms: int | None
    scan_limit: int | None
    # An argon2 hash; "" for none.
    password: str
    content: Content | None
    destinations: Destinations
    expired: Response
    limited: Response

    # Whether a cookie may choose the variant; whether a scan may have to wait, for Redis or for a form.
    by_cookie: bool
    waits: bool

    def by_time(self, at_ms: int) -> Response | None:
        """The response of a code outside its time. Checked at each scan, so nothing has to run at the time itself."""
        if self.starts_at_ms is not None and at_ms < self.starts_at_ms:
            return EARLY
        return self.expired if self.expires_at_ms is not None and at_ms >= self.expires_at_ms else None


class Decision(msgspec.Struct, frozen=True):
    """The response to every scan, or the policy that decides each; then `response` is None. Both None: there is no
    code."""

    outcome: Outcome
    response: Response | None = None
    policy: ScanPolicy | None = None


UNKNOWN = Decision("unknown")


def decide(route: Route, paused_page: bytes) -> Decision:
    """Decide a route. Raises ValueError when a destination is not allowed in a header (`codes` refuses those)."""
    if route.gone:
        return UNKNOWN
    if route.status == "paused":
        return Decision("paused", redirect_to(paused_page, "paused"))
    if _only_redirects(route):
        return Decision("redirect", redirect_to(location(route.destination)))
    policy = _policy(route)
    if policy.destinations.is_constant and policy.destinations.otherwise is not None and _is_open(policy):
        return Decision("redirect", policy.destinations.otherwise.unforwarded)
    return Decision("redirect", policy=policy)


def _only_redirects(route: Route) -> bool:
    """Most codes only redirect; this tells them apart without preparing anything else."""
    return not (
        route.variants
        or route.rules
        or route.apps
        or route.utm
        or route.content
        or route.password
        or route.query != "drop"
        or route.starts_at_ms is not None
        or route.expires_at_ms is not None
        or route.scan_limit is not None
    )


def _is_open(policy: ScanPolicy) -> bool:
    return not policy.password and policy.starts_at_ms is policy.expires_at_ms is policy.scan_limit is None


def _policy(route: Route) -> ScanPolicy:
    found = destinations(route)
    by_cookie = found.sticky == "cookie" and found.variants.total > 0
    return ScanPolicy(
        version=route.version,
        birth=route.birth,
        starts_at_ms=route.starts_at_ms,
        expires_at_ms=route.expires_at_ms,
        scan_limit=route.scan_limit,
        password=route.password,
        content=route.content,
        destinations=found,
        expired=_over(route, "expired"),
        limited=_over(route, "limited"),
        by_cookie=by_cookie,
        waits=by_cookie or bool(route.password) or route.scan_limit is not None,
    )


def _over(route: Route, outcome: Literal["expired", "limited"]) -> Response:
    """Codes that are over lead to their fallback as it stands: none of the scan's query is forwarded."""
    if route.expired_destination:
        return redirect_to(location(route.expired_destination), outcome)
    return notice_response(outcome, outcome, 410)
