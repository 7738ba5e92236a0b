"""What of an Authorization header is tried as a key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from api.auth import bearer


def read(*values: bytes) -> str | None:
    headers = [(b"authorization", value) for value in values]
    return bearer(Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}))


@pytest.mark.parametrize(
    "value", [b"Bearer oqr_live_a", b"bearer oqr_live_a", b"BEARER  oqr_live_a ", b"bEaReR oqr_live_a"]
)
def test_the_scheme_is_read_in_any_case(value: bytes) -> None:
    assert read(value) == "oqr_live_a"


@pytest.mark.parametrize(
    "value",
    [b"", b"Bearer", b"Bearer ", b"oqr_live_a", b"Basic oqr_live_a", b"Bearer a b", b"Bearer\toqr", b"Bearer \xff\xfe",
     b"Bearer " + b"a" * 257, b"Bearer a\x00b", b"Bearer \xc3\xa9"],
)  # fmt: skip
def test_anything_else_is_no_key(value: bytes) -> None:
    assert read(value) is None


def test_no_header_is_no_key() -> None:
    assert read() is None


@given(st.binary(max_size=300))
def test_what_is_tried_is_short_plain_ascii(value: bytes) -> None:
    found = read(b"Bearer " + value)
    assert found is None or (found.isascii() and found.isprintable() and 0 < len(found) <= 256)
