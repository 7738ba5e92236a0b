"""What is not unmistakably one JSON object is refused, and the field that is why is named."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.body import MAX_DEPTH, parse_array, parse_object
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
