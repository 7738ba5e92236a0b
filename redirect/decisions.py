"""What a route alone decides, made once for each version of it and not for each visit."""

import msgspec

import pages
from redirect.response import Ending, leading_to, showing
from redirect.ways import Ways, location, ways
from schemas.event import Outcome
from schemas.route import Route
from schemas.scan_options import Content


class Plan(msgspec.Struct, frozen=True):
    """What has to be asked of each visit of a code that does more than lead on; `redirect.scan_handler` asks it."""

    version: int
    birth: int
    starts_at_ms: int | None
    expires_at_ms: int | None
    scan_limit: int | None
    # An argon2 hash; "" for none.
    password: str
    content: Content | None
    ways: Ways
    expired: Ending
    limited: Ending

    # Whether a variant may be a matter of a cookie; and whether a visit may have to wait, for Redis or for a form.
    by_cookie: bool
    waits: bool


class Decision(msgspec.Struct, frozen=True):
    """How every visit ends, or the plan by which each does: then `ending` is None. Both None: nothing is there."""

    outcome: Outcome
    ending: Ending | None = None
    plan: Plan | None = None


UNKNOWN = Decision("unknown")


def decide(route: Route, paused_page: bytes) -> Decision:
    """Raises ValueError when a destination cannot stand in a header (`codes` lets none through)."""
    if route.gone:
        return UNKNOWN
    if route.status == "paused":
        return Decision("paused", leading_to(paused_page, "paused"))
    if _leads_on(route):
        return Decision("redirect", leading_to(location(route.destination)))
    plan = _plan(route)
    if plan.ways.one and plan.ways.otherwise is not None and _is_open(plan):
        return Decision("redirect", plan.ways.otherwise.plainly)
    return Decision("redirect", plan=plan)


def _leads_on(route: Route) -> bool:
    """Most codes do nothing else, and are seen to do so without making anything of the rest."""
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


def _is_open(plan: Plan) -> bool:
    return not plan.password and plan.starts_at_ms is plan.expires_at_ms is plan.scan_limit is None


def _plan(route: Route) -> Plan:
    made = ways(route)
    by_cookie = made.sticky == "cookie" and made.variants.total > 0
    return Plan(
        version=route.version,
        birth=route.birth,
        starts_at_ms=route.starts_at_ms,
        expires_at_ms=route.expires_at_ms,
        scan_limit=route.scan_limit,
        password=route.password,
        content=route.content,
        ways=made,
        expired=_over(route, "expired", pages.expired()),
        limited=_over(route, "limited", pages.limited()),
        by_cookie=by_cookie,
        waits=by_cookie or bool(route.password) or route.scan_limit is not None,
    )


def _over(route: Route, outcome: Outcome, page: pages.Page) -> Ending:
    """The destination of codes that are over is taken as it stands: nothing of the scan is passed on."""
    if route.expired_destination:
        return leading_to(location(route.expired_destination), outcome)
    return showing(page, outcome, 410)
