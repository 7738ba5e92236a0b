"""What is read from a request's address, path, referrer, language, campaign and place."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirect.bounded_cache import BoundedCache
from redirect.client_ip import NO_ADDRESS, Forwarded, edges_of, forwarded, is_v4, packed, trusts, unpacked
from redirect.geo import EDGES, UNKNOWN_LOCATION, Edge, Location, edge, location_of_headers, open_maxmind
from redirect.paths import link_key_of_path
from redirect.request_fields import Labels, Referrer, Utm, labels, language, referrer, utm
from redirect.settings import LOOPBACK
from redirect.visitor_hash import Salts, keyed, visitor_hash
from schemas import keys
from tests.redirect import mmdb

anything = st.binary(max_size=300)


@pytest.mark.parametrize(
    "slug", ["abc", "A.b_c~d-e", "q1", "x" * 128, "docs/intro", "a/b/C.d", "intro/q", "x" * 60 + "/" + "y" * 67]
)
def test_all_four_forms_of_a_link_with_and_without_its_last_slash(slug: str) -> None:
    for form in (f"/{slug}", f"/q/{slug}", f"/r/{slug}"):
        assert link_key_of_path(form) == link_key_of_path(form + "/") == keys.link_key("", slug)


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "//", "/q/", "/r/", "/q//", "/" + "x" * 129, "/" + "x/" * 64 + "xx", "/é", "/a b", "/healthz"),
        *("/a//b", "//a/b", "/a/b//", "/a/../b", "/a/./b", "/../a", "/a/.env", "/q/q/a", "/q/r/a", "/f/a/b", "/-/a"),
        *("/api/v1/x", "/v1/dynamic/x", "/wp-admin/setup", "/vendor/x.php", "/a b/c"),
    ],
)
def test_what_is_no_short_link(path: str) -> None:
    assert link_key_of_path(path) is None


@pytest.mark.parametrize(
    ("raw", "host", "page"),
    [
        (b"https://T.co/AbC?x=1#y", "t.co", "https://t.co/AbC"),
        (b"http://user:secret@Example.COM:8080/p", "example.com", "http://example.com:8080/p"),
        (b"https://example.com:443", "example.com", "https://example.com/"),
        (b"https://example.com./a b", "example.com", "https://example.com/a%20b"),
        (b"android-app://com.google.android.gm/", "com.google.android.gm", "android-app://com.google.android.gm/"),
        ("https://bücher.example/ü".encode(), "xn--bcher-kva.example", "https://xn--bcher-kva.example/%C3%BC"),
        (b"http://[2001:db8::1]/x", "[2001:db8::1]", "http://[2001:db8::1]/x"),
    ],
)
def test_referrers(raw: bytes, host: str, page: str) -> None:
    assert referrer(raw) == Referrer(host, page)


def test_a_long_referrer_is_cut_between_escapes() -> None:
    page = referrer(b"https://a.example/" + "ü".encode() * 200).page
    assert len(page) == 300
    assert page == "https://a.example/" + "%C3%BC" * 47
    assert referrer(b"https://aa.example/" + "ü".encode() * 200).page == "https://aa.example/" + "%C3%BC" * 46 + "%C3"


@pytest.mark.parametrize(
    "raw",
    [b"", b"-", b"about:blank", b"javascript:alert(1)", b"https://", b"http://[::1", b"http://a:99999/", b"//a/b"],
)
def test_what_is_no_referrer(raw: bytes) -> None:
    assert referrer(raw) == Referrer()


@given(anything)
def test_any_referrer_gives_something_short_and_plain(raw: bytes) -> None:
    for head in (b"", b"https://", b"https://a.example/"):
        found = referrer(head + raw)
        assert found.host == found.host.lower()
        assert len(found.host) <= 253
        assert len(found.page) <= 300
        assert found.page.isascii()
        assert not set("?# \n\r\t\0") & set(found.page)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"en-GB,en;q=0.9,fr;q=0.8", "en"),
        (b"fr;q=0.5, de-AT;q=0.9", "de"),
        (b"zh-Hant-TW", "zh"),
        (b"*", ""),
        (b"", ""),
        (b"en;q=0", ""),
        (b"en;q=nonsense,de", "de"),
        (b"x-klingon", ""),
    ],
)
def test_languages(raw: bytes, found: str) -> None:
    assert language(raw) == found


@given(anything)
def test_any_accept_language(raw: bytes) -> None:
    assert len(language(raw)) <= 3


def test_campaigns() -> None:
    assert utm(b"utm_source=news+letter&utm_medium=e%2Dmail&utm_campaign=%C3%BC&x=1") == Utm(
        "news letter", "e-mail", "ü"
    )
    assert utm(b"UTM_Source=a&utm_source=b") == Utm("a")
    assert utm(b"utm_source=%ff%00%0a") == Utm("\ufffd")
    assert len(utm(b"utm_source=" + b"x" * 9000).source) == 128
    assert utm(b"utm_source=" + quote("\U0001f600" * 100).encode()).source == "\U0001f600" * 64
    assert utm(b"utm_term=t&utm_content=c&utm_id=9") == Utm(term="t", content="c")
    assert utm(b"x=1") == Utm()


def test_labels() -> None:
    assert labels(b"p=window&e=NFC") == Labels("nfc", "window")
    assert labels(b"x=1&%70=a+b&%65=a_b-1") == Labels("a_b-1", "a b")
    # The first of each name counts, and names are as they are written.
    assert labels(b"p=1&p=2&P=3&E=nfc&pp=4") == Labels(placement="1")
    assert labels(b"p=%20%00a%0ab%7f%20") == Labels(placement="a b")
    assert labels(b"p=" + b"x" * 80).placement == "x" * 50
    assert labels(b"p=" + quote("\U0001f600" * 80).encode()).placement == "\U0001f600" * 50
    for none in (b"", b"p", b"p=", b"e=", b"e=a b", b"e=" + b"x" * 17, b"e=%C3%A9", b"e=%E2%84%AA", b"e=a%0a", b"ep=1"):
        assert labels(none) == Labels()


@given(anything)
def test_any_query(raw: bytes) -> None:
    found = utm(b"utm_source=" + raw + b"&utm_medium=" + quote(raw).encode())
    assert max(len(found.source), len(found.medium), len(found.campaign)) <= 128
    said = labels(b"p=" + raw + b"&e=" + raw)
    assert len(said.placement) <= 50
    assert re.fullmatch("[a-z0-9_-]{0,16}", said.entry)


def test_addresses_in_all_the_ways_proxies_write_them() -> None:
    for text in ("203.0.113.7", " 203.0.113.7 ", "203.0.113.7:4711", "::ffff:203.0.113.7"):
        address = packed(text)
        assert address
        assert unpacked(address) == "203.0.113.7"
    for text in ("2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443", "2001:db8::1%eth0"):
        address = packed(text)
        assert address
        assert unpacked(address) == "2001:db8::1"
    for text in ("", "unknown", "1.2.3", "203.0.113.700", "a:b", "\0"):
        assert packed(text) is None


def test_the_last_address_that_is_not_ours_is_the_scanners() -> None:
    trusted = trusts([*LOOPBACK, "10.0.0.0/8"])
    scanner, ours = packed("203.0.113.7"), packed("10.1.2.3")
    assert forwarded(b"1.1.1.1, 203.0.113.7, 10.1.2.3", trusted) == Forwarded(scanner, ours)
    assert forwarded(b"203.0.113.7, 10.1.2.3, 127.0.0.1", trusted) == Forwarded(scanner, ours)
    assert forwarded(b"203.0.113.7", trusted) == Forwarded(scanner, None)
    assert forwarded(b"203.0.113.7, nonsense, 10.1.2.3", trusted) == Forwarded(None, ours)
    assert forwarded(b"10.1.2.3", trusted) == Forwarded(None, ours)
    assert forwarded(b"", trusted) == Forwarded(None, None)
    with pytest.raises(ValueError, match="nonsense"):
        trusts(["nonsense"])


@given(
    st.lists(st.one_of(st.ip_addresses(v=4).map(ip_network), st.ip_addresses(v=6).map(ip_network)), max_size=4),
    st.integers(0, 32),
    st.ip_addresses(),
)
def test_networks_are_as_the_standard_library_has_them(
    networks: list[IPv4Network | IPv6Network], shorter: int, address: IPv4Address | IPv6Address
) -> None:
    networks = [one.supernet(shorter) for one in networks]
    trusted = trusts(map(str, networks))
    for one in (address, *(end for network in networks for end in (network[0], network[-1]))):
        raw = packed(str(one))
        assert raw is not None
        if not is_v4(raw) or one.version == 4:
            assert trusted(raw) == any(one.version == network.version and one in network for network in networks)


def test_an_edge_that_is_named_stands_for_its_networks() -> None:
    trusted = trusts(["127.0.0.1", " Cloudflare"])
    for inside in ("127.0.0.1", "173.245.48.1", "172.71.255.255", "2606:4700::6810:1", "2a06:98c7::1"):
        assert trusted(packed(inside) or b"")
    for outside in ("127.0.0.2", "173.245.64.1", "203.0.113.7", "2606:4701::1"):
        assert not trusted(packed(outside) or b"")
    assert edges_of(LOOPBACK) == ()
    assert edges_of(["127.0.0.1", "cloudflare"]) == ("cloudflare",)


@given(anything)
def test_any_list_of_addresses(raw: bytes) -> None:
    found = forwarded(raw, trusts(LOOPBACK))
    assert all(one is None or len(one) == 16 for one in found)


def test_places_from_the_edge() -> None:
    assert location_of_headers((b"CA", b"Quebec", "Montréal".encode(), b"45.5088", b"-73.5878")) == Location(
        "CA", "Quebec", "Montréal", 45.5, -73.6
    )
    assert location_of_headers((b"ca", None, b"Montr%C3%A9al", None, None)) == Location("CA", "", "Montréal")
    assert location_of_headers((b"CA", None, "Montréal".encode("latin-1"), None, None)) == Location(
        "CA", "", "Montréal"
    )
    for country in (b"XX", b"T1", b"", b"Canada", b"\xff\xff"):
        assert location_of_headers((country, None, None, None, None)) == UNKNOWN_LOCATION
    for lat, lon in ((b"91", b"0"), (b"nan", b"1"), (b"inf", b"1"), (b"1", None), (b"x", b"y")):
        assert location_of_headers((b"CA", None, None, lat, lon)) == Location("CA")
    assert str(location_of_headers((b"CA", None, None, b"-0.01", b"0")).lat) == "0"


@given(st.tuples(*[st.one_of(st.none(), anything)] * 5))
def test_any_headers_of_an_edge(values: tuple[bytes | None, ...]) -> None:
    found = location_of_headers(values)
    assert len(found.country) in (0, 2)
    assert max(len(found.region), len(found.city)) <= 64
    assert (found.lat is None) == (found.lon is None)


def test_edges_by_name_and_by_header() -> None:
    assert edge("cloudfront") is EDGES["cloudfront"]
    assert edge("country=X-Country, city=X-City") == Edge(country=b"x-country", city=b"x-city")
    for wrong in ("", "nonsense", "planet=X", "country="):
        with pytest.raises(ValueError, match="cloudflare"):
            edge(wrong)


def test_places_from_a_database(tmp_path: Path) -> None:
    montreal: mmdb.Value = {
        "country": {"iso_code": "CA"},
        "subdivisions": [{"names": {"en": "Quebec"}}],
        "city": {"names": {"en": "Montréal", "fr": "Montréal"}},
        "location": {"latitude": 45.5088, "longitude": -73.5878},
    }
    look_up = open_maxmind(
        str(
            mmdb.write(
                tmp_path / "places.mmdb",
                {
                    "203.0.113.0/24": montreal,
                    "2001:db8::/32": {"country": {"iso_code": "NZ"}, "subdivisions": [], "location": {"latitude": 1.0}},
                    "198.51.100.0/24": "not a map",
                },
            )
        )
    )
    assert look_up(packed("203.0.113.9") or b"") == Location("CA", "Quebec", "Montréal", 45.5, -73.6)
    assert look_up(packed("2001:db8::9") or b"") == Location("NZ")
    for unknown in ("198.51.100.1", "192.0.2.1"):
        assert look_up(packed(unknown) or b"") == UNKNOWN_LOCATION
    assert look_up(NO_ADDRESS) == UNKNOWN_LOCATION


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        open_maxmind(str(tmp_path / "places.mmdb"))


def test_a_visitor_is_one_per_day_workspace_agent_and_address() -> None:
    parts = (b"a" * 16, b"b" * 16, b"c" * 8)
    salt = keyed(b"s" * 16)
    same = visitor_hash(salt, *parts)
    assert visitor_hash(salt, *parts) == same
    assert 0 <= same < 2**63
    others = [(b"x" * 16, *parts[1:]), (parts[0], b"x" * 16, parts[2]), (*parts[:2], b"x" * 8)]
    assert len({same, *(visitor_hash(salt, *other) for other in others), visitor_hash(keyed(b"t" * 16), *parts)}) == 5


def test_a_days_own_salt_gives_way_to_the_shared_one_and_is_thrown_away_with_the_day() -> None:
    salts = Salts(lambda n: b"r" * n)
    parts = (b"a" * 16, b"b" * 16, b"c" * 8)
    own = visitor_hash(salts.hasher(5), *parts)
    assert own == visitor_hash(keyed(b"r" * 16), *parts)
    salts.begin(5)
    assert visitor_hash(salts.current, *parts) == own
    salts.put(5, b"s" * 16)
    salts.put(6, b"t" * 16)
    assert visitor_hash(salts.current, *parts) == visitor_hash(keyed(b"s" * 16), *parts)
    assert visitor_hash(salts.hasher(5), *parts) == visitor_hash(keyed(b"s" * 16), *parts)
    salts.put(5, b"u" * 16)
    assert visitor_hash(salts.hasher(5), *parts) == visitor_hash(keyed(b"s" * 16), *parts)
    assert visitor_hash(salts.hasher(6), *parts) == visitor_hash(keyed(b"t" * 16), *parts)
    salts.hasher(6)
    assert not salts.has_shared(5)


def test_a_bounded_dict_stays_bounded_and_keeps_the_newest() -> None:
    made: list[bytes] = []

    def make(key: bytes) -> int:
        made.append(key)
        return len(key)

    bounded: BoundedCache[bytes, int] = BoundedCache(32, make, longest=8)
    for n in range(500):
        assert bounded[b"%d" % n] == len(str(n))
        assert len(bounded) <= 32
    assert b"499" in bounded
    assert bounded[b"x" * 9] == 9
    assert b"x" * 9 not in bounded
    before = len(made)
    assert bounded[b"499"] == 3
    assert len(made) == before
