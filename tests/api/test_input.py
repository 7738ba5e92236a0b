"""Numbers of the query, and fields of the body."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from api.dialects.openqr.shapes import DynamicCodeEdit, NewDynamicCode
from api.errors import Problem
from api.input import convert, whole


def asked(query: bytes) -> int:
    request = Request({"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": []})
    return whole(request, "days", 30, 1, 365)


@pytest.mark.parametrize(
    ("query", "days"),
    [
        (b"", 30),
        (b"other=5", 30),
        (b"days=7", 7),
        (b"days=007", 7),
        (b"days=0", 1),
        (b"days=-0", 1),
        (b"days=-5", 1),
        (b"days=366", 365),
        (b"days=" + b"9" * 6000, 365),
        (b"days=-" + b"9" * 6000, 1),
        (b"days=" + b"0" * 6000 + b"14", 14),
        (b"days=3&days=9", 9),
        (b"days=%37", 7),
    ],
)
def test_a_number_is_brought_into_its_range(query: bytes, days: int) -> None:
    assert asked(query) == days


@pytest.mark.parametrize(
    "text",
    ["", "x", "7x", "7.0", "1e2", "0x10", "+7", "%2B7", "%207", "7%0A", "%zz", "%ff", "%D9%A7", "NaN", "--7", "1_0"],
)
def test_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(Problem) as caught:
        asked(b"days=" + text.encode())
    assert (caught.value.status, caught.value.field) == (400, "days")


@given(st.integers())
def test_every_whole_number_is_an_answer(number: int) -> None:
    assert asked(f"days={number}".encode()) == min(max(number, 1), 365)


# What each field takes, and one of every other type.
_TAKES: dict[str, set[type]] = {
    "destination": {str},
    "label": {str, type(None)},
    "slug": {str},
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
    ("tags", [value]) for value in _SENT if type(value) is not str
]


@pytest.mark.parametrize("shape", [NewDynamicCode, DynamicCodeEdit])
@pytest.mark.parametrize(("field", "value"), _WRONG)
def test_every_field_refuses_every_other_type(shape: type[msgspec.Struct], field: str, value: object) -> None:
    with pytest.raises(Problem) as caught:
        convert({"destination": "https://example.com", field: value}, shape)
    assert (caught.value.status, caught.value.code, caught.value.field) == (400, "wrong_type", field)
    assert caught.value.message.startswith(field)


def test_no_field_is_left_out_of_that() -> None:
    assert set(_TAKES) == set(NewDynamicCode.__struct_fields__) == set(DynamicCodeEdit.__struct_fields__)


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
