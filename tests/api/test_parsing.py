"""Bodies: JSON is read strictly, and what does not fit a struct is refused by the name of its field."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.dialects.openqr.schemas import DynamicCodeEdit, NewDynamicCode
from api.parsing import MAX_DEPTH, convert, parse_array, parse_object
from api.problems import Problem

BIG = "9" * 5000


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"", "body"),
        (b"   ", "body"),
        (b"{", "body"),
        (b"{'destination': 1}", "body"),
        (b'{"destination": "https://example.com",}', "body"),
        (b'{"destination": "https://example.com"} x', "body"),
        (b"null", "body"),
        (b"[]", "body"),
        (b'"text"', "body"),
        (b"12", "body"),
        (b"NaN", "body"),
        (b"\xff\xfe{}", "body"),
        (b'{"label": "\xff"}', "body"),
        (b"\xef\xbb\xbf", "body"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "body"),
        (b'{"label": "tab\tinside"}', "body"),
        (b'{"style": {"margin": NaN}}', "style"),
        (b'{"style": {"margin": [1, -Infinity]}}', "style"),
        (b'{"style": {"margin": 1e999}}', "style"),
        (b'{"style": {"margin": -1e999}}', "style"),
        (b'{"style": {"a": 1, "a": 2}}', "style"),
        (b'{"label": "a", "label": "b"}', "label"),
        (b'{"label": "\\ud800"}', "label"),
        (b'{"style": {"\\udfff": 1}}', "style"),
        (b'{"\\ud800": 1}', "body"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "body"),
        (b'{"label": ' + BIG.encode() + b"}", "label"),
        (b'{"label": -' + BIG.encode() + b"}", "label"),
        (b'{"style": {"n": 9223372036854775808}}', "style"),
        (b"[" * 100_000, "body"),
        (b'{"style": ' + b'{"a":' * 100_000, "body"),
        (b'{"style": ' + b"[" * 100 + b"]" * 100 + b"}", "style"),
    ],
)
def test_what_is_refused(raw: bytes, field: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_object(raw)
    assert (caught.value.status, caught.value.field) == (400, field)
    assert field in caught.value.message
    caught.value.message.encode()


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse_object(b'\xef\xbb\xbf{"label": "a"}') == {"label": "a"}


@pytest.mark.parametrize(("text", "value"), [("5.0", 5), ("-7.00", -7), ("0.0", 0), ("5.5", 5.5), ("5e0", 5.0)])
def test_a_whole_number_may_have_a_point(text: str, value: float) -> None:
    found = parse_object(b'{"n": ' + text.encode() + b"}")["n"]
    assert (found, type(found)) == (value, type(value))


def test_depth_is_bounded_where_it_says() -> None:
    assert parse_object(b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}")
    with pytest.raises(Problem):
        parse_object(b'{"a": ' + b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1) + b"}")


_leaves = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
_texts = st.text(st.characters(exclude_categories=["Cs"]))
_values = st.recursive(_leaves | _texts, lambda inner: st.lists(inner) | st.dictionaries(_texts, inner), max_leaves=20)


@settings(max_examples=50)
@given(st.dictionaries(_texts, _values, max_size=5), st.booleans())
def test_everything_else_is_taken_as_it_is(sent: dict[str, Any], ascii_only: bool) -> None:
    assert parse_object(json.dumps(sent, ensure_ascii=ascii_only).encode()) == sent


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\u d8e019ntf-', max_size=60).map(str.encode))
def test_nothing_but_a_problem_comes_out(raw: bytes) -> None:
    refused: Problem | None = None
    try:
        found = parse_object(raw)
    except Problem as problem:
        refused = problem
    if refused:
        assert refused.status == 400 and refused.field
    else:
        # What was taken can be written down again.
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"", "body"),
        (b"{}", "body"),
        (b"[1,]", "body"),
        (b'[{"a": 1, "a": 2}]', "[0]"),
        (b'[1, {"b": NaN}]', "[1]"),
        (b'["\\ud800"]', "[0]"),
        (b"[" * 50 + b"]" * 50, "[0]"),
    ],
)
def test_an_array_is_read_as_strictly(raw: bytes, field: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_array(raw)
    assert (caught.value.status, caught.value.field) == (400, field)


def test_entries_of_an_array_may_be_anything() -> None:
    assert parse_array(b'[1, "a", null, {"b": [2.5]}]') == [1, "a", None, {"b": [2.5]}]


# What each field takes, and one of every other type.
_TAKES: dict[str, set[type]] = {
    "destination": {str},
    "label": {str, type(None)},
    "slug": {str},
    "aliases": {list},
    "tags": {list},
    "status": {str},
    "style": {dict},
    "folder_id": {str, type(None)},
    "domain": {str, type(None)},
    "type": {str},
    "content": {dict, type(None)},
    "page_design": {dict, type(None)},
    "starts_at": {str, type(None)},
    "expires_at": {str, type(None)},
    "expired_destination": {str, type(None)},
    "scan_limit": {int, type(None)},
    "password": {str, type(None)},
    "locked": {bool},
    "query": {str},
    "variants": {list},
    "rules": {list},
    "sticky": {str},
    "apps": {dict, type(None)},
    "utm": {dict},
}
_SENT: list[object] = ["active", 1, 1.5, True, None, [], {}]
_WRONG = [(field, value) for field, takes in _TAKES.items() for value in _SENT if type(value) not in takes] + [
    (field, [value]) for field in ("tags", "aliases") for value in _SENT if type(value) is not str
]


@pytest.mark.parametrize("shape", [NewDynamicCode, DynamicCodeEdit])
@pytest.mark.parametrize(("field", "value"), _WRONG)
def test_every_field_refuses_every_other_type(shape: type[msgspec.Struct], field: str, value: object) -> None:
    with pytest.raises(Problem) as caught:
        convert({"destination": "https://example.com", field: value}, shape)
    assert (caught.value.status, caught.value.code, caught.value.field) == (400, "wrong_type", field)
    assert caught.value.message.startswith(field)


def test_no_field_is_left_out_of_that() -> None:
    assert set(_TAKES) == set(NewDynamicCode.__struct_fields__)
    assert set(_TAKES) | {"keep_old"} == set(DynamicCodeEdit.__struct_fields__)


class Needing(msgspec.Struct):
    destination: str
    label: str | None = None


@pytest.mark.parametrize(
    ("sent", "field", "code"),
    [
        ({"variants": [{"weight": 1}]}, "variants[0].url", "missing_field"),
        ({"variants": [{"url": "a"}, {"url": "a", "weight": "1"}]}, "variants[1].weight", "wrong_type"),
        ({"variants": [{"url": "a", "colour": 1}]}, "variants[0].colour", "unknown_field"),
        ({"variants": ["https://example.com"]}, "variants", "wrong_type"),
        ({"rules": [{"to": "a", "if": []}]}, "rules[0].if", "wrong_type"),
        ({"rules": [{"if": {}}]}, "rules[0].to", "missing_field"),
        ({"apps": {"ios": 1}}, "apps.ios", "wrong_type"),
        ({"apps": {"windows": "a"}}, "apps.windows", "unknown_field"),
    ],
)
def test_parts_of_parts_are_named_in_full(sent: dict[str, object], field: str, code: str) -> None:
    with pytest.raises(Problem) as caught:
        convert(sent, DynamicCodeEdit)
    assert (caught.value.field, caught.value.code) == (field, code)
    assert caught.value.message.startswith(field)


def test_words_outside_a_choice_are_refused_with_the_choice() -> None:
    with pytest.raises(Problem, match="status must be one of: active, paused") as caught:
        convert({"status": "gone"}, DynamicCodeEdit)
    assert caught.value.field == "status"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(Problem, match="destination is missing") as caught:
        convert({"label": None}, Needing)
    assert (caught.value.code, caught.value.field) == ("missing_field", "destination")


@pytest.mark.parametrize("name", ["colour", "number", "workspace", "", "a" * 10_000, "é`$.", "__class__"])
def test_unknown_fields_are_refused_by_name(name: str) -> None:
    with pytest.raises(Problem) as caught:
        convert({name: 1}, DynamicCodeEdit)
    assert (caught.value.code, caught.value.field) == ("unknown_field", name[:64])


def test_read_only_fields_are_ignored_whatever_they_hold() -> None:
    assert convert({"id": [1], "label": "a"}, DynamicCodeEdit, {"id"}) == DynamicCodeEdit(label="a")
