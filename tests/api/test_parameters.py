"""Numbers of the query: how they are read, clamped and documented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from api.parameters import Parameter
from api.problems import Problem

DAYS = Parameter.integer("days", "How many days.", 30, 1, 365)


def asked(query: bytes) -> int:
    request = Request({"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": []})
    return DAYS.read(request)


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


def test_the_document_has_the_same_bounds() -> None:
    assert DAYS.schema == {"type": "integer", "default": 30, "minimum": 1, "maximum": 365}
    assert DAYS.description == "How many days. Clamped to 1–365."
