"""Which visits a rule's conditions hold for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.rules import Facts, compiled
from redirect.event_line import Observation, piece
from redirect.scan_facts import facts as read
from schemas.scan_options import Conditions

# A Saturday.
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def facts(
    *,
    at: datetime = NOON,
    country: str = "AT",
    region: str = "Wien",
    city: str = "Wien",
    os: str = "iOS",
    language: bytes = b"de-AT,de;q=0.9,en;q=0.8",
    query: bytes = b"",
) -> Facts:
    where = piece(country, region, city, 48.2, 16.4)
    said = piece("mobile", "iPhone", os, "Safari", "iOS") + piece("", "", "de", "", "", "", "", "")
    seen: Observation = (
        round(at.timestamp() * 1000),
        "human",
        bytes(16),
        where,
        said,
        piece("link", ""),
        5,
        {b"accept-language": language},
        set(),
        set(),
    )
    return read(seen, query)


def holds(conditions: dict[str, Any], **more: Any) -> bool:
    return compiled(Conditions(**conditions))(facts(**more))


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"country": ("DE", "AT")},
        {"region": ("wien",)},
        {"city": ("WIEN", "Graz")},
        {"device": ("mobile",)},
        {"os": ("ios",)},
        {"browser": ("safari",)},
        {"country": ("AT",), "device": ("mobile",), "os": ("iOS",), "language": ("de",)},
        {"country": ("GB",), "os": ("iOS",), "match": "any"},
        {"days": ("sat",)},
        {"days": ("sat",), "hours": ((720, 721),)},
    ],
)
def test_what_holds(conditions: dict[str, Any]) -> None:
    assert holds(conditions)


@pytest.mark.parametrize(
    "conditions",
    [
        {"country": ("DE",)},
        {"country": ("AT",), "os": ("Android",)},
        {"country": ("GB",), "os": ("Android",), "match": "any"},
        {"device": ("desktop", "tablet")},
        {"days": ("sun", "mon")},
        {"hours": ((0, 720), (721, 1440))},
        {"zone": "Nowhere/Never", "days": ("sat",)},
        {"zone": "../etc/passwd", "hours": ((0, 1440),)},
    ],
)
def test_what_does_not(conditions: dict[str, Any]) -> None:
    assert not holds(conditions)


def test_an_unknown_place_is_none_of_the_places() -> None:
    assert not holds({"country": ("AT",)}, country="")


@pytest.mark.parametrize(
    ("spoken", "wanted", "fits"),
    [
        (b"de-AT,de;q=0.9,en;q=0.8", "de", True),
        (b"de-AT,de;q=0.9,en;q=0.8", "de-at", True),
        (b"de-AT,de;q=0.9,en;q=0.8", "de-DE", False),
        (b"de-AT,de;q=0.9,en;q=0.8", "en", False),
        (b"de;q=0.5,en;q=0.9", "en", True),
        (b"en;q=0.9,de", "de", True),
        (b"de", "de-AT", False),
        (b"den", "de", False),
        (b"zh-Hant-TW", "zh-Hant", True),
        (b"", "de", False),
        (b"*", "de", False),
        (b"\xff\xff;q=x,,,", "de", False),
    ],
)
def test_languages_by_the_first_choice(spoken: bytes, wanted: str, fits: bool) -> None:
    assert holds({"language": (wanted,)}, language=spoken) is fits


@pytest.mark.parametrize(
    ("hours", "at", "fits"),
    [
        ((540, 1020), "09:00", True),
        ((540, 1020), "16:59", True),
        ((540, 1020), "17:00", False),
        ((540, 1020), "08:59", False),
        ((1320, 120), "23:30", True),
        ((1320, 120), "00:00", True),
        ((1320, 120), "01:59", True),
        ((1320, 120), "02:00", False),
        ((1320, 120), "12:00", False),
        ((0, 1440), "23:59", True),
    ],
)
def test_hours_past_midnight_too(hours: tuple[int, int], at: str, fits: bool) -> None:
    hour, minute = map(int, at.split(":"))
    assert holds({"hours": (hours,)}, at=NOON.replace(hour=hour, minute=minute)) is fits


def test_days_and_hours_are_those_of_the_zone_through_the_change_of_clocks() -> None:
    nine = {"hours": ((540, 541),), "zone": "Europe/Vienna"}
    assert holds(nine, at=datetime(2026, 7, 1, 7, 0, tzinfo=UTC))
    assert holds(nine, at=datetime(2026, 12, 1, 8, 0, tzinfo=UTC))
    assert not holds(nine, at=datetime(2026, 12, 1, 7, 0, tzinfo=UTC))
    # Saturday in Auckland begins when it is still Friday in UTC.
    assert holds({"days": ("sat",), "zone": "Pacific/Auckland"}, at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC))


def test_a_date_range_is_one_condition_with_its_first_moment_and_without_its_last() -> None:
    noon = round(NOON.timestamp() * 1000)
    assert holds({"since": noon, "until": noon + 1})
    assert not holds({"since": noon + 1})
    assert not holds({"until": noon})
    # With `any`, a range that is over does not hold for having begun.
    assert not holds({"since": noon - 9, "until": noon, "country": ("GB",), "match": "any"})


@pytest.mark.parametrize(
    ("asked", "query", "fits"),
    [
        ({"src": ("flyer",)}, b"src=flyer", True),
        ({"src": ("flyer", "poster")}, b"src=x&src=poster", True),
        ({"src": ("flyer",)}, b"src=Flyer", False),
        ({"src": ()}, b"src", True),
        ({"src": ()}, b"", False),
        ({"s c": ("a b",)}, b"s+c=a%20b", True),
        ({"a": ("1",), "b": ("2",)}, b"a=1", False),
        ({"a": ("1",), "b": ("2",)}, b"b=2&a=1", True),
        ({"1": ("",)}, b"1=", True),
    ],
)
def test_parameters_of_the_scan(asked: dict[str, tuple[str, ...]], query: bytes, fits: bool) -> None:
    assert holds({"query": asked}, query=query) is fits


def test_any_parameter_will_do_where_any_condition_will() -> None:
    assert holds({"query": {"a": ("1",), "b": ("2",)}, "match": "any"}, query=b"b=2")


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_whatever_a_scan_says_a_rule_has_an_answer(language: bytes, query: bytes) -> None:
    asked = {"language": ("de",), "query": {"a": ("1",)}, "match": "any"}
    assert holds(asked, language=language, query=query) in (True, False)
