"""Say what a described scan would get, in the redirector's order and with its functions.

paused → not yet started → expired → scan limit → password → rules → apps → variants → destination or page
"""

from typing import Literal

import msgspec

import pages
from decisions.decision import decide
from decisions.response import Response, page_response
from decisions.rules import Facts
from schemas.route import Route

By = Literal["status", "schedule", "limit", "password", "rule", "app", "variant", "destination", "page"]


class Trial(msgspec.Struct, frozen=True):
    """What decided, and the response; without one the scanner is asked for the password. `key` is that of the rule or
    variant taken."""

    by: By
    response: Response | None
    key: str = ""


def trial(route: Route, facts: Facts, visitor: int, *, paused_page: bytes, used: int, passed: bool) -> Trial:
    """Try a scan by a person. `used` is how many scans of a limit are used up; `passed`: the password was right.
    Where variants are drawn anew, `visitor` takes the place of chance."""
    decision = decide(route, paused_page)
    policy = decision.policy
    if policy is None:
        return Trial("status" if decision.outcome != "redirect" else "destination", decision.response)
    if (over := policy.by_time(facts.at_ms)) is not None:
        return Trial("schedule", over)
    if policy.scan_limit is not None and used >= policy.scan_limit:
        return Trial("limit", policy.limited)
    if policy.password and not passed:
        return Trial("password", None)
    destinations = policy.destinations
    found = destinations.choose(facts if destinations.asks else None, visitor, lambda below: visitor % below)
    if found is None:
        assert policy.content is not None
        page = pages.render(policy.content.type, policy.content.data, policy.content.design)
        return Trial("page", page_response(page, "page", 200))
    by: By = "destination"
    if found is destinations.by_facts(facts):
        by = "rule" if found.key else "app"
    elif found.key:
        by = "variant"
    return Trial(by, destinations.response(found, facts.query), found.key)
