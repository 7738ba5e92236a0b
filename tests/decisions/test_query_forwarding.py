"""What a destination's query becomes, byte for byte."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from decisions.query_forwarding import LONGEST, forwarded, forwarding

D = b"https://example.com/p"


@pytest.mark.parametrize(
    ("mode", "destination", "query", "becomes"),
    [
        ("drop", D, b"a=1", D),
        ("append", D, b"", D),
        ("append", D, b"a=1", D + b"?a=1"),
        ("append", D + b"?", b"a=1", D + b"?a=1"),
        ("append", D + b"?x=1", b"a=1", D + b"?x=1&a=1"),
        ("append", D + b"?x=1&", b"a=1", D + b"?x=1&a=1"),
        # Repeated, numeric and empty names, in their order, and whatever stands for a space.
        ("append", D + b"?x=1", b"x=2&x=3&x=1", D + b"?x=1&x=2&x=3&x=1"),
        ("append", D, b"2=b&1=a&10=c&1=d", D + b"?2=b&1=a&10=c&1=d"),
        ("append", D, b"a+b=c+d&a%20b=c%20d", D + b"?a+b=c+d&a%20b=c%20d"),
        ("append", D, b"a&b=&=c&&d==e", D + b"?a&b=&=c&&d==e"),
        ("append", D, b"a%5B%5D=1&a[]=2", D + b"?a%5B%5D=1&a[]=2"),
        ("append", D, b"u=%C3%BC&l=%FC&x=%zz&r=\xc3\xbc", D + b"?u=%C3%BC&l=%FC&x=%zz&r=\xc3\xbc"),
        ("append", D, b"next=https://a.example/?b=c&d", D + b"?next=https://a.example/?b=c&d"),
        # The fragment stays at the end, and what looks like a query in it stays in it.
        ("append", D + b"?x=1#top", b"a=1", D + b"?x=1&a=1#top"),
        ("append", D + b"#/route?y=1", b"a=1", D + b"?a=1#/route?y=1"),
        ("append", D + b"#", b"a=1", D + b"?a=1#"),
        ("override", D + b"?x=1&y=2", b"x=9", D + b"?y=2&x=9"),
        ("override", D + b"?x=1&x=2&y=3", b"x=8&x=9", D + b"?y=3&x=8&x=9"),
        ("override", D + b"?1=a&2=b", b"1=c", D + b"?2=b&1=c"),
        ("override", D + b"?a%20b=1&y=2", b"a+b=9", D + b"?y=2&a+b=9"),
        ("override", D + b"?X=1", b"x=9", D + b"?X=1&x=9"),
        ("override", D + b"?x", b"x=9#f", D + b"?x=9%23f"),
        ("override", D + b"?x=1#f", b"", D + b"?x=1#f"),
        # What cannot stand in a header cannot come from a browser either.
        ("append", D, b"a=1\r\nSet-Cookie: b\x00", D + b"?a=1%0D%0ASet-Cookie:%20b%00"),
        ("append", b"myapp://open", b"a=1", b"myapp://open"),
        ("append", b"HTTPS://example.com", b"a=1", b"HTTPS://example.com?a=1"),
    ],
)
def test_queries(mode: str, destination: bytes, query: bytes, becomes: bytes) -> None:
    assert forwarded(destination, query, forwarding(mode, {})) == becomes  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mode", "destination", "query", "becomes"),
    [
        ("drop", D, b"", D + b"?utm_source=qr&utm_campaign=spring%20%26%20s%C3%BCd"),
        ("drop", D, b"utm_source=flyer", D + b"?utm_source=qr&utm_campaign=spring%20%26%20s%C3%BCd"),
        ("drop", D + b"?utm_source=own", b"", D + b"?utm_source=own&utm_campaign=spring%20%26%20s%C3%BCd"),
        ("append", D, b"utm_source=flyer", D + b"?utm_source=flyer&utm_campaign=spring%20%26%20s%C3%BCd"),
        ("override", D + b"?utm_campaign=x#f", b"utm%5Fsource=y", D + b"?utm_campaign=x&utm%5Fsource=y#f"),
    ],
)
def test_campaign_defaults_give_way(mode: str, destination: bytes, query: bytes, becomes: bytes) -> None:
    how = forwarding(mode, {"utm_source": "qr", "utm_medium": "", "utm_campaign": "spring & süd"})  # type: ignore[arg-type]
    assert forwarded(destination, query, how) == becomes


def test_withheld_names_are_not_passed_on_however_they_are_written() -> None:
    how = forwarding("append", {}, (b"password",))
    assert forwarded(D, b"a=1&password=x&pass%77ord=y&passwords=z", how) == D + b"?a=1&passwords=z"


def test_what_is_meant_for_waymark_alone_is_never_passed_on() -> None:
    for mode in ("append", "override"):
        how = forwarding(mode, {})
        assert forwarded(D, b"p=window&e=nfc&%70=x&%65", how) == D
        assert forwarded(D, b"a=1&p=window&P=2&pp=3&e=", how) == D + b"?a=1&P=2&pp=3"
        # The destination's own are its owner's.
        assert forwarded(D + b"?p=123&e=4", b"p=window&e=nfc", how) == D + b"?p=123&e=4"
    assert forwarded(D + b"?p=1", b"p=2", forwarding("drop", {"utm_source": "q"})) == D + b"?p=1&utm_source=q"


def test_a_query_too_long_for_an_address_is_not_passed_on() -> None:
    how = forwarding("append", {})
    assert forwarded(D, b"a" * LONGEST, how) == D + b"?" + b"a" * LONGEST
    assert forwarded(D, b"a" * (LONGEST + 1), how) == D


plain = st.binary(min_size=1, max_size=60).map(lambda raw: bytes(b for b in raw if 0x21 <= b != 0x7F and b != 0x23))


@given(plain, st.sampled_from([D, D + b"?x=1&y=%20", D + b"#f", D + b"?x#f"]))
def test_appending_changes_no_byte_of_either(query: bytes, destination: bytes) -> None:
    assume(query)
    # (With no parameter that is withheld.)
    query = b"&".join(b"x" + part for part in query.split(b"&"))
    found = forwarded(destination, query, forwarding("append", {}))
    head, _, fragment = destination.partition(b"#")
    assert found.startswith(head)
    assert found.endswith(b"#" + fragment if fragment else query)
    assert found.replace(b"#" + fragment, b"").endswith(query)


@given(st.binary(max_size=80))
def test_whatever_is_asked_the_answer_is_one_header_and_one_address(raw: bytes) -> None:
    for mode in ("append", "override"):
        found = forwarded(D + b"?x=1#f", raw, forwarding(mode, {"utm_source": "q"}))
        assert not set(found) & {*range(0x21), 0x7F}
        assert found.count(b"#") == 1
        assert found.startswith(D + b"?")


@given(st.lists(st.tuples(st.text("abx1 %", min_size=1, max_size=3), st.text(max_size=4)), max_size=6))
def test_overriding_leaves_what_the_scan_says_and_nothing_else_of_those_names(pairs: list[tuple[str, str]]) -> None:
    query = urlencode(pairs).encode()
    found = forwarded(D + b"?x=own&1=own&keep=own", query, forwarding("override", {}))
    names = {name for name, _ in pairs}
    own = [pair for pair in [("x", "own"), ("1", "own"), ("keep", "own")] if pair[0] not in names]
    assert parse_qsl(urlsplit(found.decode()).query, keep_blank_values=True) == own + pairs
