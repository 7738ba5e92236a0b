"""A domain of one's own from claim to scan: `waymark up` with two redirectors, and a name server of the test's."""

import http.client
from collections import Counter
from collections.abc import Iterator

import pytest

from harness.agents import PHONE
from tests.servers.dns import NameServer, name_server_beside
from tests.waymark.running import Up, up, wait_for

TARGET = "edge.waymark.example"
A, B = "https://example.com/a", "https://example.com/b"


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    with name_server_beside() as server:
        server.say(TARGET, "A", "203.0.113.10")
        yield server


@pytest.fixture(scope="module")
def running(names: NameServer) -> Iterator[Up]:
    with up(workers=2, WAYMARK_DNS_SERVERS=names.address, WAYMARK_DOMAIN_TARGET=TARGET) as one:
        yield one


def verified(running: Up, names: NameServer, name: str) -> str:
    status, domain = running.call("POST", "/v1/domains", {"domain": name})
    assert status == 201, domain
    names.say(domain["txt_name"], "TXT", f'"{domain["txt_value"]}"')
    names.say(name, "CNAME", f"{domain['cname_target']}.")
    status, domain = running.call("POST", f"/v1/domains/{domain['id']}/verify")
    assert (status, domain["is_verified"]) == (200, True), domain
    return str(domain["id"])


def certifiable(running: Up, name: str) -> int:
    """What Caddy is told at the status port."""
    return fetched(running.status_port, f"/-/tls-ask?domain={name}", {})[0]


def asked(running: Up, path: str, **headers: str) -> tuple[int, str]:
    """Status, and Location or else the body."""
    return fetched(running.redirect_port, path, headers)


def fetched(port: int, path: str, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"User-Agent": PHONE, **headers})
        answer = connection.getresponse()
        body = answer.read().decode()
        return answer.status, answer.getheader("location") or body
    finally:
        connection.close()


def test_from_claim_to_scan_and_back(running: Up, names: NameServer) -> None:
    host = {"Host": "go.example.com"}

    def scans(slug: str, **headers: str) -> set[tuple[int, str]]:
        # Each is a connection of its own, so that both redirectors are met.
        return {running.scan(slug, **headers) for _ in range(6)}

    plain = running.create(A, slug="menu")
    assert scans("menu", **host) == {(302, A)}
    id = verified(running, names, "go.example.com")
    own = running.create(B, slug="menu", domain="go.example.com")
    assert own["short_url"] == "https://go.example.com/menu"
    assert scans("menu", **host) == {(302, B)}
    assert scans("menu") == {(302, A)}
    lunch = running.create(A, slug="lunch")
    assert scans("lunch", **host) == {(302, A)}

    assert (certifiable(running, "go.example.com"), certifiable(running, "no.example.com")) == (200, 404)

    status, answer = running.call("PATCH", f"/v1/domains/{id}", {"root_url": A, "not_found_text": "Not <here>."})
    assert status == 200, answer
    assert {asked(running, "/", **host) for _ in range(6)} == {(302, A)}
    lost = Counter(asked(running, "/nothing-here", **host) for _ in range(6))
    assert len(lost) == 1
    ((code, body),) = lost
    assert code == 404 and "Not &lt;here&gt;." in body

    wait_for(lambda: running.total(own) == 6 and running.total(plain) == 12 and running.total(lunch) == 6, what="all")

    def orphans() -> dict[str, int]:
        status, answer = running.call("GET", "/v1/orphans?days=1&host=go.example.com")
        assert status == 200, answer
        return {one["host"]: one["unknown"] for one in answer["hosts"]}

    wait_for(lambda: orphans() == {"go.example.com": 12}, what="the bare host and the link that is not there")

    assert running.call("DELETE", f"/v1/domains/{id}")[0] == 409
    assert running.call("DELETE", f"/v1/dynamic/{own['id']}")[0] == 200
    assert scans("menu", **host) == {(302, A)}
    assert running.call("DELETE", f"/v1/domains/{id}")[0] == 200
    assert {asked(running, "/", **host)[0] for _ in range(6)} == {404}
    assert certifiable(running, "go.example.com") == 404
    running.audit()


@pytest.mark.proof
def test_what_was_proven_outlives_a_restart(running: Up, names: NameServer) -> None:
    verified(running, names, "stays.example.com")
    running.create(A, slug="stays", domain="stays.example.com")
    assert running.stop() == 0
    running.start()
    assert {running.scan("stays", Host="stays.example.com") for _ in range(6)} == {(302, A)}
    assert {running.scan("stays")[0] for _ in range(6)} == {404}
