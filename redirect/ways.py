"""Where a code's visits may be led, and which way a visit takes: the first rule that fits, else the app of its system,
else a variant, else the destination."""

import re
from collections.abc import Callable

import msgspec

from redirect.apps import links
from redirect.event_line import NO_VARIANT
from redirect.facts import Facts
from redirect.query_forwarding import Forwarding, forwarded, forwarding
from redirect.response import Ending, leading_to
from redirect.rules import Test, compiled
from redirect.variants import Weighted
from schemas.route import Route
from schemas.scan_options import Sticky

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
# What the password form sends: whoever puts it into the address instead must not tell the destination.
GATE_PARAMETERS = (b"password",)


class Way(msgspec.Struct, frozen=True):
    """One destination; `plainly` is how a visit ends with whose query nothing is done."""

    key: str
    destination: bytes
    plainly: Ending


class Ways(msgspec.Struct, frozen=True):
    """All of a route, made ready. `otherwise` is None where a page of ours is shown instead."""

    forwarding: Forwarding
    rules: tuple[tuple[Test, Way], ...]
    apps: dict[str, Way]
    variants: Weighted[Way]
    by_key: dict[str, Way]
    sticky: Sticky
    otherwise: Way | None

    # Whether anything of a visit's own decides.
    asks: bool

    @property
    def one(self) -> bool:
        """Whether every visit is led to the same address."""
        return not (self.asks or self.variants.total) and self.forwarding.mode == "drop"

    def by_facts(self, facts: Facts) -> Way | None:
        """The rule or the app that a visit's own facts lead to."""
        for holds, way in self.rules:
            if holds(facts):
                return way
        return self.apps.get(facts.os)

    def by_weight(self, visitor: int, random_below: Callable[[int], int]) -> Way:
        """A variant: the visitor's own, or any where the code wants no stickiness. Only where there are variants."""
        return self.variants.at(random_below(self.variants.total) if self.sticky == "none" else visitor)

    def ending(self, way: Way, query: bytes) -> Ending:
        if not query or self.forwarding.mode == "drop":
            return way.plainly
        return leading_to(forwarded(way.destination, query, self.forwarding), variant=way.plainly.variant)


def ways(route: Route) -> Ways:
    """Raises ValueError when a destination cannot stand in a header."""
    how = forwarding(route.query, route.utm, GATE_PARAMETERS if route.password else ())

    def way(destination: str, key: str = "") -> Way:
        to = location(destination)
        piece = msgspec.json.encode(key) if key else NO_VARIANT
        return Way(key, to, leading_to(forwarded(to, b"", how), variant=piece))

    variants = [(way(one.url, one.key), one.weight) for one in route.variants if one.active and one.weight > 0]
    rules = tuple((compiled(rule.when), way(rule.to, rule.key)) for rule in route.rules if rule.active)
    apps = {system: way(link) for system, link in links(route.apps).items()}
    return Ways(
        forwarding=how,
        rules=rules,
        apps=apps,
        variants=Weighted(variants),
        by_key={made.key: made for made, _ in variants},
        sticky=route.sticky,
        asks=bool(rules or apps),
        otherwise=None if route.content else way(route.destination),
    )


def location(destination: str) -> bytes:
    """Raises ValueError when it cannot stand in a header (`codes` lets none such through)."""
    found = destination.encode()
    if not found or _CONTROL.search(found):
        raise ValueError("a destination with control characters, or none")
    return found
