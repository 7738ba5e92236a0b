"""What a redirector tells of the visits that arrive, without anybody's address."""

from typing import Any

import pytest

from redirect.arrivals import EVERY_MS, Arrivals, sender
from redirect.client_ip import packed
from redirect.geo import EDGES, NO_EDGE, Edge

CLOUDFLARE = EDGES["cloudflare"]
PUBLIC, PRIVATE, LOOPBACK = "8.8.8.8", "172.18.3.4", "127.0.0.1"
OWN = Edge(country=b"x-country")


def told(edge: Edge, peer: str, scanner: str, *headers: bytes, database: bool = True, **how: bool) -> dict[str, Any]:
    arrivals = Arrivals(edge, database=database)
    address = packed(scanner)
    assert address is not None
    given = {"is_proxy": False, "by_edge": False, "located": False, **how}
    arrivals.look(0, peer, address, dict.fromkeys(headers, b"XX"), **given)
    found = arrivals.told()
    assert PUBLIC not in str(found) and PRIVATE not in str(found)
    return found


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("127.0.0.1", "this machine"),
        ("::1", "this machine"),
        ("172.18.3.4", "the private network 172.18.0.0/16"),
        ("fd12:3456:789a::1", "the private network fd12:3456:789a::/48"),
        ("104.16.0.1", "Cloudflare's networks"),
        ("8.8.8.8", "public addresses"),
    ],
)
def test_senders_are_told_apart_without_their_address(address: str, name: str) -> None:
    found = packed(address)
    assert found is not None
    assert sender(found) == name


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (told(NO_EDGE, LOOPBACK, PUBLIC, b"cf-ipcountry", is_proxy=True), "WAYMARK_EDGE names no edge"),
        (told(CLOUDFLARE, PRIVATE, PUBLIC, b"cf-ipcountry"), "private network 172.18.0.0/16, which WAYMARK_TRUSTED"),
        (
            told(CLOUDFLARE, LOOPBACK, PUBLIC, b"cf-connecting-ip", is_proxy=True, by_edge=True),
            "cf-ipcountry is missing",
        ),
        (told(NO_EDGE, PRIVATE, PRIVATE, b"x-forwarded-for"), "is not among WAYMARK_TRUSTED_PROXIES"),
        (told(NO_EDGE, LOOPBACK, LOOPBACK, is_proxy=True), "what stands in front forwards none"),
        (told(NO_EDGE, LOOPBACK, PUBLIC, is_proxy=True, database=False), "no database of countries"),
        (told(NO_EDGE, LOOPBACK, PUBLIC, is_proxy=True), "has none for the address"),
    ],
)
def test_why_a_visit_has_no_country(found: dict[str, Any], reason: str) -> None:
    [(why, visits)] = found["unplaced"].items()
    assert reason in why and visits == 1


def test_edge_headers_are_told_with_whom_they_come_from() -> None:
    found = told(CLOUDFLARE, "104.16.0.1", PUBLIC, b"cf-ipcountry", is_proxy=True, by_edge=True, located=True)
    assert found["edges"] == [{"edge": "cloudflare", "from": "Cloudflare's networks", "believed": True, "visits": 1}]
    assert found["unplaced"] == {}
    [own] = told(OWN, PUBLIC, PUBLIC, b"x-country")["edges"]
    assert (own["edge"], own["from"], own["believed"]) == ("the edge of WAYMARK_EDGE", "public addresses", False)


def test_many_visits_cost_no_more_than_few() -> None:
    arrivals = Arrivals(NO_EDGE, database=True)
    for ts_ms in range(10 * EVERY_MS):
        if ts_ms >= arrivals.next_ms:
            arrivals.look(ts_ms, PUBLIC, bytes(16), {}, is_proxy=False, by_edge=False, located=True)
    assert arrivals.told()["looked_at"] == 10
