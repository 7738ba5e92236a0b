"""codes: where a code may lead."""

import asyncio
import threading
import time
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import destinations
from codes.destinations import location_header
from codes.errors import Refused
from codes.public_ip import is_ours, is_public, parse_ipv4
from codes.resolver import Resolver

NAMES = {
    "inside.example.com": ("10.0.0.5",),
    "both.example.com": ("93.184.216.34", "::1"),
    "outside.example.com": ("93.184.216.34", "2606:2800:220:1::1"),
    "zone.example.com": ("fe80::1%eth0",),
}


async def check(url: str, *own_hosts: str) -> str:
    resolver = Resolver(lambda host: NAMES.get(host, ()))
    return await destinations.check(url, own_hosts=own_hosts, resolver=resolver)


FINE = [
    "https://example.com",
    "http://example.com/",
    "HTTPS://Example.COM/Path?q=1&r=%20#top",
    "https://example.com:8443/",
    "https://example.com./",
    "https://example.com?q=@home",
    "https://example.com/a@b:c/[x]|{y}",
    "https://a_b.example.com/",
    "https://r3---sn-abc.example.com/",
    "https://8.8.8.8/",
    "https://[2606:4700::1111]:443/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::808:808]/",
    "https://bücher.example/straße?q=ä",
    "https://xn--bcher-kva.example/",
    "https://例え.テスト/",
    "https://example.com/\U0001f469\u200d\U0001f680",
    "https://outside.example.com/",
    "https://does-not-resolve.example.com/",
    "https://example.com/%FF%00%0d%0a",
    "https://notlocalhost.example/",
    "https://0x7f.example.com/",
    "https://go.example.org:8443/",
    "https://example.com/" + "x" * (2048 - 20),
]

WRONG = [
    "",
    "example.com",
    "//example.com/",
    "https:example.com",
    "https:/example.com",
    "https:///example.com",
    "ftp://example.com/",
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "https://",
    "https:///",
    "https://.",
    "https://..",
    "https://a..example.com/",
    "https://.example.com/",
    "https://-a.example.com/",
    "https://" + "a" * 64 + ".com/",
    "https://" + "a." * 130 + "com/",
    "https://example.com:0/",
    "https://example.com:65536/",
    "https://example.com:/",
    "https://example.com:80x/",
    "https://example.com:٨٠/",
    "https://user@example.com/",
    "https://user:pass@example.com/",
    "https://example.com@outside.example.com/",
    "https://@example.com/",
    "https://exa mple.com/",
    " https://example.com/",
    "https://example.com/ ",
    "https://example.com/a b",
    "https://example.com/\t",
    "https://exam\nple.com/",
    "https://example.com/\r\nSet-Cookie:x",
    "https://example.com/\x00",
    "https://example.com/\x7f",
    "https://example.com/\x85",
    "https://example.com/\u00a0",
    "https://example.com/\u3000",
    "https://example.com/\u2028",
    "https://example.com/\u202e",
    "https://example.com/\ufeff",
    "https://example.com/\ud800",
    "https://exa\u00admple.com/",
    "https://example.com\\@outside.example.com/",
    "https://example.com/a\\b",
    "https:\\\\example.com/",
    "https://example.com/%",
    "https://example.com/%2",
    "https://example.com/%zz",
    "https://ex%61mple.com/",
    "https://example.com%2f@x.com/",
    "https://xn--.example/",
    "https://xn--localhost-.example/",
    "https://xn--\u00fc.example/",
    "https://[::1",
    "https://[]/",
    "https://[1.2.3.4]/",
    "https://[fe80::1%25eth0]/",
    "https://2606:4700::1111/",
    "https://[2606:4700::1111]x/",
    "https://1.2.3.4.5/",
    "https://256.256.256.256/",
    "https://1.2.3.09/",
    "https://0xg.1/",
    "https://example.com/" + "x" * (2048 - 19),
]

NOT_PUBLIC = [
    "http://localhost/",
    "http://LOCALHOST./",
    "http://foo.localhost:8080/",
    "http://printer/",
    "http://printer.local/",
    "http://db.internal/",
    "http://metadata.google.internal/computeMetadata/",
    "http://x.intranet/",
    "http://nas.lan/",
    "http://x.home.arpa/",
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0X7F.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0x7f.1/",
    "http://0/",
    "http://0x/",
    "http://127。0。0。1/",
    "http://①②⑦.0.0.1/",
    "http://１２７.0.0.1/",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://10.1.2.3/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a00:1::]/",
    "http://[2001::1]/",
    "http://[2001:db8::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[ff02::1]/",
    "http://[100::1]/",
    "http://inside.example.com/",
    "http://INSIDE.example.com./",
    "http://both.example.com/",
    "http://zone.example.com/",
]

LOOPS = [
    ("https://go.example.org/x", "go.example.org"),
    ("http://go.example.org/x", "go.example.org"),
    ("https://go.example.org:443/x", "go.example.org"),
    ("http://go.example.org:443", "GO.example.org:80"),
    ("https://GO.Example.ORG./x", "go.example.org"),
    ("https://go。example。org/x", "go.example.org"),
    ("https://bücher.example/x", "xn--bcher-kva.example"),
    ("https://xn--bcher-kva.example/x", "bücher.example"),
    ("http://go.example.org:8001/x", "go.example.org:8001"),
    ("http://localhost:8001/x", "localhost:8001"),
    ("http://[::1]:8001/x", "[::1]:8001"),
    ("http://127.1:8001/x", "127.0.0.1:8001"),
]


@pytest.mark.parametrize("url", FINE)
async def test_public_destinations_come_back_untouched(url: str) -> None:
    assert await check(url, "go.example.org") == url


@pytest.mark.parametrize("url", WRONG)
async def test_what_is_no_proper_url_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        await check(url)
    assert refused.value.field == "destination"
    assert refused.value.code in ("invalid_destination", "destination_too_long")


@pytest.mark.parametrize("url", NOT_PUBLIC)
async def test_what_is_not_on_the_public_internet_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        await check(url)
    assert refused.value.code == "destination_not_public"


@pytest.mark.parametrize(("url", "own"), LOOPS)
async def test_a_short_link_does_not_lead_to_a_short_link(url: str, own: str) -> None:
    with pytest.raises(Refused) as refused:
        await check(url, "other.example.org", own)
    assert refused.value.code == "destination_loop"


@given(st.text(max_size=60).map(lambda text: "https://" + text) | st.text(max_size=60))
def test_anything_is_either_fine_or_refused_and_fine_has_an_ascii_location(url: str) -> None:
    try:
        destinations.parse(url)
    except Refused:
        return
    ascii_url = location_header(url)
    assert ascii_url.isascii()
    assert not any(char.isspace() or not char.isprintable() for char in ascii_url)
    # It is the same place: the location is fine itself, and leads to the same host and port.
    if len(ascii_url) <= destinations.MAX_LENGTH:
        assert destinations.parse(ascii_url) == destinations.parse(url)
    if url.isascii():
        assert ascii_url == url


@given(st.ip_addresses(v=4), st.sampled_from(["a", "b", "c", "d"]), st.sampled_from(["{}", "{:#x}", "0{:o}"]))
def test_every_spelling_of_an_ipv4_address_is_the_same_address(address: IPv4Address, form: str, style: str) -> None:
    a, b, c, d = address.packed
    parts = {
        "a": [int(address)],
        "b": [a, int(address) & 0xFFFFFF],
        "c": [a, b, int(address) & 0xFFFF],
        "d": [a, b, c, d],
    }[form]
    spelled = ".".join(style.format(part) for part in parts)
    assert parse_ipv4(spelled) == address


@given(st.ip_addresses(v=4))
def test_an_address_within_an_address_is_judged_as_itself(address: IPv4Address) -> None:
    expected = is_public(address)
    for prefix, shift in ((0xFFFF << 32, 0), (0x64FF9B << 96, 0), (0x2002 << 112, 80)):
        assert is_public(IPv6Address(prefix | int(address) << shift)) == expected


@given(st.ip_addresses())
def test_what_python_knows_to_be_special_is_not_public(address: IPv4Address | IPv6Address) -> None:
    if is_public(address):
        assert not (address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified)
        assert not (isinstance(address, IPv4Address) and not address.is_global)


def test_the_location_of_an_international_destination() -> None:
    assert location_header("https://Bücher.example:8080/straße?q=ä%20b#ü") == (
        "https://xn--bcher-kva.example:8080/stra%C3%9Fe?q=%C3%A4%20b#%C3%BC"
    )
    assert location_header("https://Example.com/ü") == "https://Example.com/%C3%BC"


async def test_names_are_looked_up_once_for_a_while() -> None:
    asked: list[str] = []
    now = [0.0]

    def look_up(host: str) -> tuple[str, ...]:
        asked.append(host)
        return ("8.8.8.8",) if host == "known.example" else ()

    resolver = Resolver(look_up, clock=lambda: now[0], keep_s=300, keep_none_s=30)
    at_once = await asyncio.gather(*(resolver.resolve("known.example") for _ in range(20)))
    assert at_once == [("8.8.8.8",)] * 20
    await resolver.resolve("unknown.example")
    assert asked == ["known.example", "unknown.example"]
    now[0] = 31
    await resolver.resolve("known.example")
    await resolver.resolve("unknown.example")
    assert asked == ["known.example", "unknown.example", "unknown.example"]


async def test_a_name_server_that_does_not_answer_holds_nothing_up() -> None:
    silent = threading.Event()
    asked: list[str] = []

    def look_up(host: str) -> tuple[str, ...]:
        asked.append(host)
        silent.wait(30)
        return ("10.0.0.1",)

    resolver = Resolver(look_up, patience_s=0.1, at_once=3)
    try:
        began = time.monotonic()
        found = await asyncio.gather(*(resolver.resolve(f"{n}.example") for n in range(20)))
        assert found == [()] * 20
        assert time.monotonic() - began < 10
        assert len(asked) == 3
    finally:
        silent.set()
    # The answer came too late for that destination, and is there for the next.
    assert await resolver.resolve("0.example") == ("10.0.0.1",)


async def test_what_is_remembered_is_bounded() -> None:
    asked: list[str] = []

    def look_up(host: str) -> tuple[str, ...]:
        asked.append(host)
        return ("8.8.8.8",)

    resolver = Resolver(look_up, keep=2)
    for host in ("a.example", "b.example", "c.example", "c.example", "a.example"):
        await resolver.resolve(host)
    assert asked == ["a.example", "b.example", "c.example", "a.example"]


async def test_a_lookup_that_fails_in_an_unknown_way_is_over_all_the_same() -> None:
    def look_up(host: str) -> tuple[str, ...]:
        raise OSError(host)

    resolver = Resolver(look_up, at_once=1)
    assert await resolver.resolve("a.example") == ()
    assert await resolver.resolve("b.example") == ()


def test_which_addresses_are_this_machine_s() -> None:
    assert is_ours("127.0.0.1")
    assert not is_ours("8.8.8.8") and not is_ours("2606:4700::1111") and not is_ours("no address")
