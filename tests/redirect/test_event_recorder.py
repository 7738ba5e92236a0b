"""The quick way of writing a line gives what the plain way gives, for any request."""

import re
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redirect.client_ip import NO_ADDRESS, forwarded, packed, trusts
from redirect.event_recorder import recorder
from redirect.geo import NO_EDGE, UNKNOWN_LOCATION, Edge, location_of_headers
from redirect.request_fields import labels, language, referrer, utm
from redirect.settings import LOOPBACK
from redirect.user_agent import is_prefetch
from redirect.visitor_hash import MS_OF_DAY, Salts, keyed, visitor_hash
from schemas.event import Kind, ScanEvent, decode_event, encode_line
from schemas.route import Route
from tests.redirect.recording import (
    COUNTS,
    EDGE,
    LINES,
    READ_AGENT,
    ROUTE,
    SALT,
    SEQ,
    SLUG,
    SOURCE,
    TS,
    cached_route,
    database,
    keep,
    record_with,
    recording,
    request_of,
)

TRUSTED = trusts(LOOPBACK)

HEADERS = [
    *(b"user-agent", b"referer", b"accept-language", b"x-forwarded-for", b"cookie", b"sec-purpose", b"purpose"),
    *(b"cf-ipcountry", b"cf-region", b"cf-ipcity", b"cf-iplatitude", b"cf-iplongitude", b"cf-connecting-ip"),
]
PLAUSIBLE = [
    *(b"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/123.0.0.0 Mobile Safari/537.36", b"curl/8"),
    *(b"https://t.co/x?y", b'http://a"b\\c\n/\xff', b"en-GB,en;q=0.9", b"203.0.113.7, 127.0.0.1", b"2001:db8::7"),
    *(b"CA", b"XX", "Montréal \u2028\x00".encode(), b"45.51", b"-73.6", b"prefetch", b'"],\n[1,2,"', b"\xed\xa0\x80"),
]
value = st.one_of(st.sampled_from(PLAUSIBLE), st.binary(max_size=80))
requests = st.fixed_dictionaries(
    {
        "headers": st.lists(st.tuples(st.sampled_from(HEADERS), value), max_size=14),
        "method": st.sampled_from(["GET", "HEAD"]),
        "client": st.sampled_from([None, ("127.0.0.1", 9), ("198.51.100.4", 9), ("::1", 9), ("nonsense", 0)]),
        "path": st.sampled_from(["/intro/one", "/intro/one/", "/q/intro/one/", "/r/intro/one", "/queue"]),
        "query_string": st.one_of(
            st.just(b""),
            value.map(lambda v: b"utm_source=" + v + b"&utm_campaign=%22%0a"),
            value.map(lambda v: b"p=" + v + b"&e=NFC&utm_term=t&utm_content=" + v),
            value.map(lambda v: b"%65=" + v + b"&x=1&%70=%22%00" + v),
        ),
    }
)
routes = st.builds(
    Route,
    version=st.just(1),
    birth=st.integers(0, 2**63 - 1),
    workspace=st.integers(0, 2**63 - 1),
    destination=st.just("https://example.com/"),
    status=st.sampled_from(["active", "paused"]),
    gone=st.booleans(),
)


def plain(route: Route, host: str, request: dict[str, Any]) -> ScanEvent:
    """Step by step, with nothing remembered."""
    headers = dict(request["headers"])
    agent = READ_AGENT(headers.get(b"user-agent", b""))
    kind: Kind = agent.kind
    if is_prefetch(headers):
        kind = "prefetch"
    elif request["method"] == "HEAD":
        kind = "bot"
    peer = request["client"][0] if request["client"] else "127.0.0.1"
    address = packed(peer) or NO_ADDRESS
    location = UNKNOWN_LOCATION
    if TRUSTED(address):
        for name in (b"x-forwarded-for", b"cf-connecting-ip"):
            address = forwarded(headers.get(name, b""), TRUSTED).scanner or address
        if b"cf-ipcountry" in headers:
            location = location_of_headers(tuple(headers.get(name) for name in EDGE.names))
        else:
            location = database(address)
    else:
        location = database(address)
    source, campaign = referrer(headers.get(b"referer", b"")), utm(request["query_string"])
    label = labels(request["query_string"])
    return ScanEvent(
        source=SOURCE,
        seq=SEQ,
        ts_ms=TS,
        code=route.birth,
        workspace=route.workspace,
        host=host,
        slug=SLUG,
        kind=kind,
        outcome="unknown" if route.gone else "paused" if route.status == "paused" else "redirect",
        country=location.country,
        region=location.region,
        city=location.city,
        lat=location.lat,
        lon=location.lon,
        device=agent.device,
        model=agent.model,
        os=agent.os,
        browser=agent.browser,
        client=agent.client if kind == "human" else "Bot",
        referrer_host=source.host,
        referrer=source.page,
        language=language(headers.get(b"accept-language", b"")),
        utm_source=campaign.source,
        utm_medium=campaign.medium,
        utm_campaign=campaign.campaign,
        utm_term=campaign.term,
        utm_content=campaign.content,
        variant="",
        entry=label.entry or ("qr" if request["path"].startswith("/q/") else "link"),
        placement=label.placement,
        visitor=visitor_hash(keyed(SALT), address, agent.digest, route.workspace.to_bytes(8, "big")),
    )


# One for all examples, so that what it remembers of one request meets the others.
RECORD = recording()


@settings(max_examples=400)
@given(routes, st.sampled_from(["localhost:8001", "gö.example", 'a"b\\']), requests)
def test_the_quick_line_is_the_plain_one(route: Route, host: str, request: dict[str, Any]) -> None:
    RECORD(cached_route(route, host), request)
    line = LINES.pop()
    expected = plain(route, host, request)
    assert decode_event(line) == expected
    assert line == encode_line(expected)
    assert line.count(b"\n") == 1
    # JSON has more than one way to write these: the warehouse could not make the check again.
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", line[:-1].decode())


def test_an_untrusted_peer_is_not_believed() -> None:
    claims = [(b"x-forwarded-for", b"203.0.113.9"), (b"cf-connecting-ip", b"203.0.113.9"), (b"cf-ipcountry", b"FR")]
    for headers in ([], claims):
        RECORD(cached_route(ROUTE, "h"), request_of(headers=headers, client=("203.0.113.1", 5)))
    first, second = (decode_event(LINES.pop()) for _ in range(2))
    assert first.country == second.country == ""
    assert first.visitor == second.visitor


NAMED = (*LOOPBACK, "cloudflare")
US, EDGES_OWN, SCANNER, OTHER = "127.0.0.1", "172.71.0.1", "203.0.113.9", "203.0.113.10"


@pytest.mark.parametrize(
    ("proxies", "edge", "peer", "chain", "country", "address"),
    [
        # Nobody's headers count without an edge; forwarded addresses do, from us.
        (LOOPBACK, NO_EDGE, US, SCANNER, "", SCANNER),
        (LOOPBACK, NO_EDGE, SCANNER, OTHER, "", SCANNER),
        # A tunnel on this machine, or a firewall that lets only the edge in.
        (LOOPBACK, EDGE, US, "", "FR", "198.18.0.1"),
        (LOOPBACK, EDGE, SCANNER, "", "", SCANNER),
        # The edge is named: straight from it, or through a proxy of ours that says so.
        (NAMED, EDGE, EDGES_OWN, "", "FR", "198.18.0.1"),
        (NAMED, EDGE, US, EDGES_OWN, "FR", "198.18.0.1"),
        (NAMED, EDGE, US, f"{SCANNER}, {EDGES_OWN}", "FR", "198.18.0.1"),
        # Whoever comes to our proxy beside the edge is who our proxy says, whatever is claimed.
        (NAMED, EDGE, US, SCANNER, "", SCANNER),
        (NAMED, EDGE, US, f"{EDGES_OWN}, {SCANNER}", "", SCANNER),
        (NAMED, EDGE, US, "", "", US),
        (NAMED, EDGE, SCANNER, EDGES_OWN, "", SCANNER),
    ],
)
def test_an_edges_headers_count_when_they_came_through_it(
    proxies: tuple[str, ...], edge: Edge, peer: str, chain: str, country: str, address: str
) -> None:
    headers = [(b"cf-ipcountry", b"FR"), (b"cf-connecting-ip", b"198.18.0.1")]
    if chain:
        headers.append((b"x-forwarded-for", chain.encode()))
    recording(proxies=proxies, edge=edge)(cached_route(ROUTE, "h"), request_of(headers=headers, client=(peer, 5)))
    event = decode_event(LINES.pop())
    raw = packed(address)
    assert raw is not None
    expected = visitor_hash(keyed(SALT), raw, READ_AGENT(b"").digest, ROUTE.workspace.to_bytes(8, "big"))
    assert (event.country, event.visitor) == (country, expected)


def test_the_visitor_of_another_day_is_another() -> None:
    for now_ms in (TS, TS + MS_OF_DAY):
        recording(now_ms=now_ms)(cached_route(ROUTE, "h"), request_of())
    # The same salt here, so only what the recorder asks for tells them apart: the day's own.
    salts = Salts(lambda n: bytes(n))
    salts.put(TS // MS_OF_DAY, SALT)
    clock = [TS]
    record = record_with(
        recorder(
            keep,
            read_agent=READ_AGENT,
            salts=salts,
            trusted_proxies=LOOPBACK,
            edge=EDGE,
            location_of_address=None,
            now_ms=lambda: clock[0],
            counts=COUNTS,
        )
    )
    LINES.clear()
    record(cached_route(ROUTE, "h"), request_of())
    clock[0] += MS_OF_DAY
    record(cached_route(ROUTE, "h"), request_of())
    salts.put(clock[0] // MS_OF_DAY, b"t" * 16)
    record(cached_route(ROUTE, "h"), request_of())
    assert len({decode_event(line).visitor for line in LINES}) == 3
    LINES.clear()


def test_a_visitor_is_one_over_the_codes_of_a_workspace_and_another_in_the_next() -> None:
    for birth, workspace in ((7, 1), (8, 1), (7, 2)):
        route = msgspec.structs.replace(ROUTE, birth=birth, workspace=workspace)
        RECORD(cached_route(route, "h"), request_of())
    other, second, first = (decode_event(LINES.pop()).visitor for _ in range(3))
    assert first == second != other


def test_a_line_is_what_msgspec_would_write() -> None:
    RECORD(cached_route(ROUTE, "h"), request_of())
    assert msgspec.json.decode(LINES.pop())[2:10] == [TS, 7, 1, "h", SLUG, "bot", "redirect", ""]


@pytest.mark.parametrize(
    ("path", "query", "entry", "placement"),
    [
        (f"/{SLUG}", b"", "link", ""),
        (f"/{SLUG}/", b"", "link", ""),
        (f"/r/{SLUG}", b"p=door", "link", "door"),
        (f"/q/{SLUG}/", b"", "qr", ""),
        (f"/q/{SLUG}", b"p=window&utm_source=x", "qr", "window"),
        (f"/{SLUG}", b"e=qr&p=Stra%C3%9Fe+1", "qr", "Straße 1"),
        (f"/q/{SLUG}/", b"e=NFC", "nfc", ""),
        # No label: the path counts.
        (f"/q/{SLUG}/", b"e=no%20label&p=%20", "qr", ""),
    ],
)
def test_how_a_scanner_came(path: str, query: bytes, entry: str, placement: str) -> None:
    RECORD(cached_route(ROUTE, "h"), request_of(path=path, query_string=query))
    event = decode_event(LINES.pop())
    assert (event.entry, event.placement, event.slug) == (entry, placement, SLUG)


def test_a_flood_of_made_up_values_adds_few() -> None:
    record, other = recording(distinct_values=20), COUNTS.other_values

    def scan(n: int, code: int = 7) -> None:
        headers = [(b"referer", b"https://host%d.example/%s" % (n, b"x" * 4_000)), (b"user-agent", PLAUSIBLE[0])]
        route = msgspec.structs.replace(ROUTE, birth=code)
        record(
            cached_route(route, "h"),
            request_of(headers=headers, query_string=b"utm_campaign=c%d&utm_source=poster&p=%d&e=e%d" % (n, n, n)),
        )

    for n in range(300):
        scan(n)
    # A known value, and another code.
    scan(0)
    scan(299, code=8)
    events = [decode_event(line) for line in LINES]
    longest = max(len(line) for line in LINES)
    LINES.clear()
    # Every scan is an event, and of each dimension there are as many values as may be, and one.
    assert len(events) == 302
    for name in ("referrer_host", "referrer", "utm_campaign", "entry", "placement"):
        found = Counter(getattr(event, name) for event in events[:300])
        assert len(found) == 21
        assert found["(other)"] == 280
    assert {event.utm_source for event in events} == {"poster"}
    assert (events[300].utm_campaign, events[301].utm_campaign) == ("c0", "c299")
    assert COUNTS.other_values == other + 280
    assert longest < 700


def test_a_known_scanner_at_a_known_print_is_no_way_around_the_bound() -> None:
    """Headers and query are remembered apart, each with the codes at which all of it is known."""
    record = recording(distinct_values=1)
    other = msgspec.structs.replace(ROUTE, birth=8)
    # Each meets code 8 in other company: what is new there is still new.
    for route, referrer_host, placement in (
        (ROUTE, b"a", b"door"),
        (other, b"a", b"window"),
        (other, b"b", b"window"),
        (other, b"a", b"door"),
        (other, b"a", b"window"),
        (ROUTE, b"a", b"door"),
    ):
        headers = [(b"referer", b"https://%b.example/" % referrer_host)]
        record(cached_route(route, "h"), request_of(headers=headers, query_string=b"p=" + placement))
    events = [decode_event(line) for line in LINES]
    LINES.clear()
    assert [(event.referrer_host, event.placement) for event in events] == [
        ("a.example", "door"),
        ("a.example", "window"),
        ("(other)", "window"),
        ("a.example", "(other)"),
        ("a.example", "window"),
        ("a.example", "door"),
    ]


def test_a_line_is_bounded_whatever_a_request_says() -> None:
    headers = [
        (b"user-agent", b'Mozilla/5.0 (X11; Linux) "' + "\U0001f600".encode() * 300),
        (b"referer", b"https://%s.example/%s" % (b".".join([b"a" * 60] * 4), b"%22" * 900)),
        (b"accept-language", b"x" * 300),
    ]
    for value in (b"%22" * 200, b"%f0%9f%98%80" * 100, b"x" * 500):
        names = (b"utm_source", b"utm_medium", b"utm_campaign", b"utm_term", b"utm_content", b"p")
        query = b"&".join(b"%b=%b" % (name, value) for name in names)
        RECORD(cached_route(ROUTE, "h"), request_of(headers=headers, query_string=query))
        assert len(LINES.pop()) < 2_400
