"""Variants get what their weights say, and keep their visitors."""

import random
from collections import Counter

import pytest

from decisions.decision import Destinations, Weighted, decide, destinations
from redirect.visitor_hash import keyed, visitor_hash
from schemas.route import Route
from schemas.scan_options import Sticky, Variant

WEIGHTS = {"a": 50, "b": 25, "c": 13, "d": 5, "e": 3, "f": 2, "g": 1, "h": 1}
VISITORS = 40_000
# Of seven degrees of freedom: exceeded by chance once in a thousand times.
CRITICAL = 24.32


def variants(weights: dict[str, int]) -> tuple[Variant, ...]:
    return tuple(Variant(id=key, key=key, url=f"https://example.com/{key}", weight=w) for key, w in weights.items())


def made(weights: dict[str, int], sticky: Sticky = "visitor", birth: int = 7) -> Destinations:
    route = Route(1, birth, 3, destination="https://example.com/", variants=variants(weights), sticky=sticky)
    return destinations(route)


def chi_square(found: Counter[str]) -> float:
    total = sum(found.values())
    expected = {key: total * weight / sum(WEIGHTS.values()) for key, weight in WEIGHTS.items()}
    return sum((found[key] - share) ** 2 / share for key, share in expected.items())


def of_visitors(salt: bytes) -> list[int]:
    """As real ones are made: addresses in a row, one user agent."""
    hasher, agent, number = keyed(salt), bytes(16), (3).to_bytes(8, "big")
    return [visitor_hash(hasher, n.to_bytes(16, "big"), agent, number) for n in range(VISITORS)]


def never(_: int) -> int:
    raise AssertionError("nothing is left to chance here")


@pytest.mark.parametrize("salt", [b"s" * 16, b"t" * 16, bytes(16)])
def test_visitors_are_spread_as_the_weights_say(salt: bytes) -> None:
    found = Counter(made(WEIGHTS).by_weight(who, never).key for who in of_visitors(salt))
    assert chi_square(found) < CRITICAL


def test_so_is_chance() -> None:
    chance = random.Random(4)
    found = Counter(made(WEIGHTS, "none").by_weight(0, chance.randrange).key for _ in range(VISITORS))
    assert chi_square(found) < CRITICAL


def test_the_measure_would_notice() -> None:
    even = dict.fromkeys(WEIGHTS, 1)
    found = Counter(made(even).by_weight(who, never).key for who in of_visitors(b"s" * 16))
    assert chi_square(found) > 1000


def test_a_visitor_stays_and_what_one_code_decides_says_nothing_of_another() -> None:
    people = of_visitors(b"s" * 16)[:20_000]
    half, other = made({"a": 1, "b": 1}), made({"a": 1, "b": 1}, birth=8)
    taken = [half.by_weight(who, never).key for who in people]
    again = made({"a": 1, "b": 1})
    assert taken == [again.by_weight(who, never).key for who in people]
    same = sum(first == other.by_weight(who, never).key for first, who in zip(taken, people, strict=True))
    assert abs(same - 10_000) < 300


def test_without_weight_nobody_comes() -> None:
    taken = {made({"a": 0, "b": 3, "c": 0}).by_weight(who, never).key for who in range(1000)}
    assert taken == {"b"}
    assert made({"a": 0}).variants.total == 0


def test_inactive_variants_are_left_out() -> None:
    off = Variant(id="a", key="a", url="https://example.com/a", active=False)
    plan = decide(Route(1, 7, 3, destination="https://example.com/", variants=(off,)), b"")
    assert plan.response is not None
    assert plan.response.headers[0] == (b"location", b"https://example.com/")


def test_every_point_belongs_to_one_and_as_many_as_it_weighs() -> None:
    weighted = Weighted(list(WEIGHTS.items()))
    assert Counter(weighted.at(point) for point in range(weighted.total)) == WEIGHTS
    assert weighted.at(weighted.total) == weighted.at(0)
