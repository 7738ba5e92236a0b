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
    return piece("mobile", "iPhone", "iOS", browser, "iOS", "a.example", referrer, "de", "", "", campaign, "", "")


LINK = piece("link", "")


def recorded_of(bound: Cardinality, code: bytes, said: bytes) -> bytes:
    recorded, entry = bound.bounded(code, said, LINK)
    assert entry == LINK
    return recorded


def values(recorded: bytes) -> list[Any]:
    return list(msgspec.json.decode(b"[" + recorded[1:] + b"]"))


def test_so_many_values_are_told_apart_and_the_rest_is_one() -> None:
    bound = Cardinality(MOST)
    first = [said(f"https://a.example/{n}") for n in range(MOST)]
    assert all(recorded_of(bound, A, one) is one for one in first)
    for n in range(2_000):
        recorded = values(recorded_of(bound, A, said(f"https://a.example/late{n}")))
        # Nothing but the referrer is past its bound.
        assert recorded == [*values(said(OTHER))]
    # Those that were known are still told apart, and what is not there is no value.
    assert all(recorded_of(bound, A, one) is one for one in [*first, said("")])


def test_each_code_and_each_dimension_has_its_own_bound() -> None:
    bound = Cardinality(MOST)
    for n in range(3 * MOST):
        recorded_of(bound, A, said(f"https://a.example/{n}"))
    other = said("https://b.example/", "spring")
    assert recorded_of(bound, B, other) is other
    assert values(recorded_of(bound, A, other)) == values(said(OTHER, "spring"))
    for n in range(3 * MOST):
        recorded_of(bound, A, said("", f"c{n}", f"b{n}"))
    assert values(recorded_of(bound, A, said("https://a.example/0", "late", "late"))) == values(
        said("https://a.example/0", OTHER, OTHER)
    )


def test_placements_and_entries_have_a_bound_but_not_those_of_the_path() -> None:
    bound = Cardinality(MOST)
    plain = said("")
    for n in range(3 * MOST):
        recorded, entry = bound.bounded(A, plain, piece(f"e{n}", f"poster {n}"))
        assert values(recorded) == values(plain)
        assert values(entry) == ([f"e{n}", f"poster {n}"] if n < MOST else [OTHER, OTHER])
    for own in ("qr", "link"):
        assert values(bound.bounded(A, plain, piece(own, "poster 1"))[1]) == [own, "poster 1"]


def test_another_day_begins_with_none() -> None:
    bound = Cardinality(1)
    recorded_of(bound, A, said("https://a.example/1"))
    late = said("https://a.example/2")
    assert recorded_of(bound, A, late) is not late
    bound.forget()
    assert recorded_of(bound, A, late) is late


def test_all_codes_together_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the table, which does not grow."""
    monkeypatch.setattr(cardinality, "MARKS", 64)
    monkeypatch.setattr(cardinality, "MOST_MARKS", 40)
    bound = Cardinality(MOST)
    codes = [n.to_bytes(8, "big") for n in range(200)]
    recorded = [values(recorded_of(bound, code, said("https://a.example/"))) for code in codes]
    known = sum(value != OTHER for row in recorded for value in row[2:] if value) - len(codes)
    # Five dimensions of which each code has a value: eight codes fill it.
    assert known == 40
    assert recorded[-1] == ["mobile", "iPhone", OTHER, OTHER, "iOS", OTHER, OTHER, OTHER, "", "", "", "", ""]
    assert recorded[0] == values(recorded_of(bound, codes[0], said("https://a.example/")))


def test_places_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cardinality, "MOST_LOCATIONS", 3)
    bound = Cardinality(MOST)
    assert [bound.admits_location(("GB", n)) for n in (1, 2, 3, 4, 1)] == [True, True, True, False, True]
