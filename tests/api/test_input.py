"""Fields of the body."""

import msgspec
import pytest

from api.dialects.openqr.schemas import DynamicCodeEdit, NewDynamicCode
from api.input import convert
from api.problems import Problem

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
