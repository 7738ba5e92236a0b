"""codes: the conditions of rules, read from what people write and shown in one form."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import conditions
from codes.conditions import parse, to_json
from codes.errors import Refused
from schemas.scan_options import Conditions

AT = "rules[2].if"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({"country": ["gb", "IE", "Gb"]}, Conditions(country=("GB", "IE"))),
        ({"country": "gb"}, Conditions(country=("GB",))),
        ({"device": ["Mobile", "tablet"]}, Conditions(device=("mobile", "tablet"))),
        (
            {"os": "iOS", "browser": ["Safari", "safari", "Firefox"]},
            Conditions(os=("iOS",), browser=("Safari", "Firefox")),
        ),
        ({"language": ["de-AT", "fr"]}, Conditions(language=("de-AT", "fr"))),
        ({"region": " Bavaria ", "city": ["São Paulo"]}, Conditions(region=("Bavaria",), city=("São Paulo",))),
        ({"days": ["MON", "tuesday", 3, "7", "Wed"]}, Conditions(days=("mon", "tue", "wed", "sun"))),
        (
            {"hours": ["09:00-17:30", 9, "22-6", "0", 23]},
            Conditions(hours=((540, 1050), (540, 600), (1320, 360), (0, 60), (1380, 1440))),
        ),
        ({"hours": "9:15-24:00"}, Conditions(hours=((555, 1440),))),
        ({"days": "sat", "zone": "europe/london"}, Conditions(days=("sat",), zone="Europe/London")),
        ({"from": "2026-05-21T15:00:00+02:00"}, Conditions(since=1_779_368_400_000)),
        ({"from": "2026-12-01", "to": "2026-12-01"}, Conditions(since=1_796_083_200_000, until=1_796_169_600_000)),
        ({"to": "2026-12-24", "zone": "Europe/Berlin"}, Conditions(until=1_798_153_200_000, zone="Europe/Berlin")),
        (
            {"query": {"a": "1", "b": ["x", "", "x"], "c": True, "d": 7}},
            Conditions(query={"a": ("1",), "b": ("x", ""), "c": (), "d": ("7",)}),
        ),
        (
            {"country": ["GB"], "city": [], "os": None, "query": {}, "match": "any"},
            Conditions(country=("GB",), match="any"),
        ),
    ],
)
def test_what_is_friendly_to_write(written: dict[str, Any], kept: Conditions) -> None:
    assert parse(written, AT) == kept


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ({}, ""),
        ({"zone": "Europe/London", "match": "any"}, ""),
        ({"country": []}, ""),
        ({"countries": ["GB"]}, ".countries"),
        ({"country": ["GB", "GBR"]}, ".country[1]"),
        ({"country": "England"}, ".country"),
        ({"country": {"GB": True}}, ".country"),
        ({"country": ["ＧＢ"]}, ".country[0]"),
        ({"device": ["phone"]}, ".device[0]"),
        ({"os": [""]}, ".os[0]"),
        ({"os": True}, ".os"),
        ({"browser": ["a\nb"]}, ".browser[0]"),
        ({"city": "x" * 129}, ".city"),
        ({"region": [[]]}, ".region[0]"),
        ({"language": ["d"]}, ".language[0]"),
        ({"language": "de_AT"}, ".language"),
        ({"days": [0]}, ".days[0]"),
        ({"days": ["mo"]}, ".days[0]"),
        ({"hours": [24]}, ".hours[0]"),
        ({"hours": [-1]}, ".hours[0]"),
        ({"hours": ["09:00-09:00"]}, ".hours[0]"),
        ({"hours": ["9:60-10:00"]}, ".hours[0]"),
        ({"hours": ["24:00-10:00"]}, ".hours[0]"),
        ({"hours": ["09:00-25:00"]}, ".hours[0]"),
        ({"hours": "all day"}, ".hours"),
        ({"days": "sat", "zone": "Europe/Londn"}, ".zone"),
        ({"days": "sat", "zone": "../../etc/passwd"}, ".zone"),
        ({"days": "sat", "zone": 1}, ".zone"),
        ({"from": "2026-05-21T15:00:00"}, ".from"),
        ({"from": 5}, ".from"),
        ({"to": "2026-02-30"}, ".to"),
        ({"to": "9999-12-31"}, ".to"),
        ({"from": "2026-12-02", "to": "2026-12-01"}, ".to"),
        ({"from": "2026-05-21T15:00:00Z", "to": "2026-05-21T15:00:00Z"}, ".to"),
        ({"query": ["a"]}, ".query"),
        ({"query": {"a": False}}, ".query.a"),
        ({"query": {"a": []}}, ".query.a"),
        ({"query": {"a": None}}, ".query.a"),
        ({"query": {"": "x"}}, ".query."),
        ({"query": {f"p{n}": True for n in range(21)}}, ".query"),
        ({"country": ["GB"] * 301}, ".country"),
        ({"country": "GB", "match": "none"}, ".match"),
        ({"country": "GB", "match": ["any"]}, ".match"),
    ],
)
def test_what_could_never_hold_is_refused_by_its_place(written: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(written, AT)
    assert refused.value.field == AT + field


def test_a_day_is_one_of_the_rule_s_zone_also_where_clocks_change() -> None:
    for day, zone, hours in (
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Europe/Berlin", 25),
        ("2026-05-01", "", 24),
    ):
        found = parse({"from": day, "to": day, "zone": zone}, AT)
        assert found.since is not None and found.until is not None
        assert found.until - found.since == hours * 3_600_000


_texts = st.lists(st.sampled_from(["GB", "de", "At", "us"]), max_size=3)
_times = st.integers(1970, 9000).map(lambda year: f"{year:04}-06-01") | st.integers(10, 59).map(
    lambda minute: f"2026-05-21T15:{minute}:00.5+05:30"
)
_written = st.fixed_dictionaries(
    {},
    optional={
        "country": _texts | st.sampled_from(["gb", "IE"]),
        "language": _texts,
        "city": st.lists(
            st.text(min_size=1, max_size=5).filter(lambda text: text.isprintable() and text.strip()), max_size=3
        ),
        "device": st.lists(st.sampled_from(["MOBILE", "tablet", "Desktop"]), max_size=3),
        "days": st.lists(st.integers(1, 7) | st.sampled_from(["Mon", "SUNDAY", "thu"]), max_size=9),
        "hours": st.lists(st.integers(0, 23) | st.sampled_from(["22-6", "9:05-10:10", "00:00-24:00"]), max_size=4),
        "zone": st.sampled_from(["", "UTC", "asia/kolkata", "America/New_York", "Pacific/Apia"]),
        "from": _times,
        "to": _times,
        "query": st.dictionaries(
            st.sampled_from("abc"),
            st.just(True) | st.text("xy", max_size=2) | st.lists(st.text("xy", max_size=2), min_size=1),
            max_size=3,
        ),
        "match": st.sampled_from(["all", "any"]),
    },
)


@given(_written)
def test_reading_what_is_shown_changes_nothing(written: dict[str, Any]) -> None:
    try:
        kept = parse(written, AT)
    except Refused:
        return
    form = to_json(kept)
    assert json.loads(json.dumps(form)) == form
    assert parse(form, AT) == kept
    assert to_json(parse(form, AT)) == form


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(conditions._KNOWN) | st.text(max_size=4), _anything, max_size=4))
def test_anything_is_read_or_refused(written: dict[str, Any]) -> None:
    refused = None
    try:
        kept = parse(written, AT)
        assert parse(to_json(kept), AT) == kept
    except Refused as error:
        refused = error
    assert refused is None or (refused.field.startswith(AT) and refused.message)
