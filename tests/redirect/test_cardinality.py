"""However many values strangers make up, a code's breakdowns grow by so many a day."""

from typing import Any

import msgspec
import pytest

from redirect import cardinality
from redirect.cardinality import OTHER, Cardinality
from redirect.event_line import piece

MOST = 5
A, B = (1).to_bytes(8, "big"), (2).to_bytes(8, "big")


def said(referrer: str, campaign: str = "", browser: str = "Safari") -> bytes:
    return piece("mobile", "iPhone", "iOS", browser, "iOS", "a.example", referrer, "de", "", "", campaign)


def values(recorded: bytes) -> list[Any]:
    return list(msgspec.json.decode(b"[" + recorded[1:] + b"]"))


def test_so_many_values_are_told_apart_and_the_rest_is_one() -> None:
    bound = Cardinality(MOST)
    first = [said(f"https://a.example/{n}") for n in range(MOST)]
    assert all(bound.bounded(A, one) is one for one in first)
    for n in range(2_000):
        recorded = values(bound.bounded(A, said(f"https://a.example/late{n}")))
        # Nothing but the referrer is past its bound.
        assert recorded == [*values(said(OTHER))]
    # Those that were known are still told apart, and what is not there is no value.
    assert all(bound.bounded(A, one) is one for one in [*first, said("")])


def test_each_code_and_each_dimension_has_its_own_bound() -> None:
    bound = Cardinality(MOST)
    for n in range(3 * MOST):
        bound.bounded(A, said(f"https://a.example/{n}"))
    other = said("https://b.example/", "spring")
    assert bound.bounded(B, other) is other
    assert values(bound.bounded(A, other)) == values(said(OTHER, "spring"))
    for n in range(3 * MOST):
        bound.bounded(A, said("", f"c{n}", f"b{n}"))
    assert values(bound.bounded(A, said("https://a.example/0", "late", "late"))) == values(
        said("https://a.example/0", OTHER, OTHER)
    )


def test_another_day_begins_with_none() -> None:
    bound = Cardinality(1)
    bound.bounded(A, said("https://a.example/1"))
    late = said("https://a.example/2")
    assert bound.bounded(A, late) is not late
    bound.forget()
    assert bound.bounded(A, late) is late


def test_all_codes_together_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the table, which does not grow."""
    monkeypatch.setattr(cardinality, "MARKS", 64)
    monkeypatch.setattr(cardinality, "MOST_MARKS", 40)
    bound = Cardinality(MOST)
    codes = [n.to_bytes(8, "big") for n in range(200)]
    recorded = [values(bound.bounded(code, said("https://a.example/"))) for code in codes]
    known = sum(value != OTHER for row in recorded for value in row[2:] if value) - len(codes)
    # Five dimensions of which each code has a value: eight codes fill it.
    assert known == 40
    assert recorded[-1] == ["mobile", "iPhone", OTHER, OTHER, "iOS", OTHER, OTHER, OTHER, "", "", ""]
    assert recorded[0] == values(bound.bounded(codes[0], said("https://a.example/")))


def test_places_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cardinality, "MOST_LOCATIONS", 3)
    bound = Cardinality(MOST)
    assert [bound.admits_location(("GB", n)) for n in (1, 2, 3, 4, 1)] == [True, True, True, False, True]
