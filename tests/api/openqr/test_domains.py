"""/v1/domains: claimed, proven by a real name server, used by codes, given up."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from codes.domain_rechecks import DomainRechecks
from tests.api.service import TARGET, Service
from tests.servers.dns import NameServer, name_server

Body = dict[str, Any]


@pytest.fixture
async def names(api: Service) -> AsyncIterator[NameServer]:
    async with name_server(api.name_socket) as server:
        server.say(TARGET, "A", "203.0.113.10")
        yield server


async def added(api: Service, name: str = "go.example.com") -> Body:
    response = await api.client.post("/v1/domains", json={"domain": name})
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


def prove(names: NameServer, domain: Body) -> None:
    names.say(domain["txt_name"], "TXT", f'"{domain["txt_value"]}"')
    names.say(domain["domain"], "CNAME", f"{domain['cname_target']}.")


async def verified(api: Service, names: NameServer, name: str = "go.example.com") -> Body:
    domain = await added(api, name)
    prove(names, domain)
    response = await api.client.post(f"/v1/domains/{domain['id']}/verify")
    assert response.status_code == 200 and response.json()["is_verified"], response.text
    found: Body = response.json()
    found.pop("checks")
    return found


async def test_from_claim_to_end(api: Service, names: NameServer) -> None:
    domain = await added(api, "Go.Example.COM.")
    assert domain == {
        "id": domain["id"],
        "unproven_since": None,
        "served_until": None,
        "lapsed_at": None,
        "domain": "go.example.com",
        "is_verified": False,
        "verified_at": None,
        "txt_name": "_waymark.go.example.com",
        "txt_value": domain["txt_value"],
        "cname_target": TARGET,
        "root_url": None,
        "root_text": None,
        "not_found_url": None,
        "not_found_text": None,
        "branding": None,
        "created_at": "2026-05-21T15:00:00Z",
    }
    at = f"/v1/domains/{domain['id']}"
    assert (await api.client.get(at)).json() == domain
    assert (await api.client.get("/v1/domains")).json() == {"domains": [domain]}

    response = await api.client.post(f"{at}/verify")
    checks = response.json().pop("checks")
    assert (response.status_code, response.json()["is_verified"]) == (200, False)
    assert checks["txt"] == {
        "ok": False,
        "expected": domain["txt_value"],
        "found": [],
        "problem": "there is no such name",
    }

    prove(names, domain)
    api.clock.pass_by(minutes=10)
    response = await api.client.post(f"{at}/verify")
    checks = response.json()["checks"]
    assert checks["txt"]["ok"] and checks["cname"] == {
        "ok": True,
        "expected": TARGET,
        "found": [TARGET],
        "problem": None,
    }
    now = (await api.client.get(at)).json()
    assert {**response.json(), "checks": None} == {**now, "checks": None}
    assert (now["is_verified"], now["verified_at"]) == (True, "2026-05-21T15:10:00Z")

    response = await api.client.delete(at)
    assert (response.status_code, response.json()) == (200, {"deleted": True})
    for response in (await api.client.get(at), await api.client.delete(at), await api.client.post(f"{at}/verify")):
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
        assert "domain" in response.json()["error"]["message"]
    assert (await api.client.get("/v1/domains")).json() == {"domains": []}


async def test_a_claim_that_is_sent_again_is_the_same(api: Service) -> None:
    head = {"Idempotency-Key": "once"}
    answers = [(await api.client.post("/v1/domains", json={"domain": "go.example.com"}, headers=head)) for _ in "ab"]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len((await api.client.get("/v1/domains")).json()["domains"]) == 1


@pytest.mark.parametrize(
    "said", ["", "localhost", "https://go.example.com", "a b.example", "10.0.0.1", "s.example.net"]
)
async def test_what_is_no_domain(api: Service, said: str) -> None:
    response = await api.client.post("/v1/domains", json={"domain": said})
    assert (response.status_code, response.json()["error"]["field"]) == (400, "domain")


@pytest.mark.parametrize("body", [{}, {"domain": 1}, {"domain": None}, {"domain": "a.example", "name": "x"}])
async def test_bodies_of_another_shape(api: Service, body: Body) -> None:
    assert (await api.client.post("/v1/domains", json=body)).status_code == 400


async def test_one_name_is_one_workspaces_once_proven(api: Service, names: NameServer) -> None:
    theirs = await api.caller("theirs")
    claim = (await theirs.post("/v1/domains", json={"domain": "go.example.com"})).json()
    await verified(api, names)
    response = await theirs.post("/v1/domains", json={"domain": "go.example.com"})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "domain_taken")
    response = await api.client.post("/v1/domains", json={"domain": "go.example.com"})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "domain_taken")
    prove(names, claim)
    response = await theirs.post(f"/v1/domains/{claim['id']}/verify")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "domain_taken")


async def test_other_workspaces_domains_are_not_there(api: Service, names: NameServer) -> None:
    mine = await verified(api, names)
    theirs = await api.caller("theirs")
    assert (await theirs.get("/v1/domains")).json() == {"domains": []}
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/verify"), ("DELETE", "")):
        for id in (mine["id"], "x", "00000000-0000-4000-8000-000000000000"):
            response = await theirs.request(method, f"/v1/domains/{id}{path}", json={} if method == "PATCH" else None)
            assert response.status_code == 404, (method, path, id)
    response = await theirs.post("/v1/dynamic", json={"destination": "https://example.com/", "domain": mine["domain"]})
    assert (response.status_code, response.json()["error"]["field"]) == (400, "domain")
    assert (await api.client.get(f"/v1/domains/{mine['id']}")).json() == mine


async def test_its_pages(api: Service, names: NameServer) -> None:
    mine = await verified(api, names)
    at = f"/v1/domains/{mine['id']}"
    assert (await api.client.patch(at, json={})).json() == mine
    edit = {
        "root_url": "https://example.com/",
        "root_text": "Hi",
        "not_found_url": None,
        "not_found_text": "Nö <there>",
    }
    shown = {**mine, **edit}
    assert (await api.client.patch(at, json=edit)).json() == shown
    assert (await api.client.patch(at, json={"root_text": None})).json() == {**shown, "root_text": None}
    # What was read may be sent back.
    assert (await api.client.patch(at, json=shown)).json() == shown
    assert (await api.client.get(at)).json() == shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("root_url", "javascript:alert(1)"),
        ("root_url", ""),
        ("root_text", ""),
        ("root_url", "http://10.0.0.1/"),
        ("not_found_url", "https://s.example.net/x"),
        ("not_found_url", "https://go.example.com/x"),
        ("root_url", "https://internal.example.com/"),
        ("root_text", "x" * 501),
        ("not_found_text", "a\x00b"),
        ("not_found_text", 5),
        ("colour", "red"),
    ],
)
async def test_pages_that_cannot_be(api: Service, names: NameServer, field: str, value: object) -> None:
    mine = await verified(api, names)
    response = await api.client.patch(f"/v1/domains/{mine['id']}", json={field: value})
    assert (response.status_code, response.json()["error"]["field"]) == (400, field), response.text
    assert (await api.client.get(f"/v1/domains/{mine['id']}")).json() == mine


async def test_a_code_on_a_domain(api: Service, names: NameServer) -> None:
    claim = await added(api)
    new = {"destination": "https://example.com/a", "slug": "menu", "domain": "GO.example.com"}
    response = await api.client.post("/v1/dynamic", json=new)
    assert (response.status_code, response.json()["error"]["field"]) == (400, "domain")
    prove(names, claim)
    await api.client.post(f"/v1/domains/{claim['id']}/verify")

    on = await api.make(**new)
    assert (on["domain"], on["short_url"]) == ("go.example.com", "https://go.example.com/menu")
    # Slugs are unique for each host.
    off = await api.make(slug="menu")
    assert (off["domain"], off["short_url"]) == (None, "https://s.example.net/menu")
    response = await api.client.post("/v1/dynamic", json=new)
    assert (response.status_code, response.json()["error"]["code"]) == (409, "slug_taken")
    response = await api.client.patch(f"/v1/dynamic/{off['id']}", json={"domain": "go.example.com"})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "slug_taken")

    response = await api.client.delete(f"/v1/domains/{claim['id']}")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "domain_in_use")
    moved = await api.client.patch(f"/v1/dynamic/{on['id']}", json={"domain": None, "slug": "lunch"})
    assert (moved.status_code, moved.json()["short_url"]) == (200, "https://s.example.net/lunch")
    assert (await api.client.delete(f"/v1/domains/{claim['id']}")).status_code == 200


async def test_reading_needs_read_and_writing_write(api: Service, names: NameServer) -> None:
    mine = await verified(api, names)
    reader = await api.caller(scope="read")
    assert (await reader.get("/v1/domains")).json() == {"domains": [mine]}
    assert (await reader.get(f"/v1/domains/{mine['id']}")).json() == mine
    for method, path in (("POST", ""), ("PATCH", "/{id}"), ("POST", "/{id}/verify"), ("DELETE", "/{id}")):
        response = await reader.request(method, "/v1/domains" + path.format(id=mine["id"]), json={})
        assert response.status_code == 403, (method, path)
    assert (await api.anonymous.get("/v1/domains")).status_code == 401


@pytest.mark.parametrize("trouble", ["silent", "broken"])
async def test_name_servers_in_trouble_are_an_answer(api: Service, names: NameServer, trouble: str) -> None:
    domain = await added(api)
    setattr(names, trouble, True)
    response = await api.client.post(f"/v1/domains/{domain['id']}/verify")
    assert (response.status_code, response.json()["is_verified"]) == (200, False)
    assert response.json()["checks"]["txt"]["problem"].startswith("the name servers")


async def test_a_domain_whose_proof_is_gone_says_until_when_it_is_served(api: Service, names: NameServer) -> None:
    domain = await verified(api, names)
    at = f"/v1/domains/{domain['id']}"
    del names.records[domain["txt_name"], "TXT"]
    rechecks = DomainRechecks(api.domains)
    assert await rechecks.round() == {"unproven": 1}
    found = (await api.client.get(at)).json()
    assert (found["is_verified"], found["unproven_since"]) == (True, "2026-05-21T15:00:00Z")
    assert found["served_until"] == "2026-05-28T15:00:00Z"
    api.clock.pass_by(days=7)
    assert await rechecks.round() == {"lapsed": 1}
    found = (await api.client.get(at)).json()
    assert (found["is_verified"], found["verified_at"], found["served_until"]) == (False, None, None)
    assert found["lapsed_at"] == "2026-05-28T15:00:00Z"
    # A new claim of another's is the new owner's, once proven.
    stranger = await api.caller("theirs")
    theirs = (await stranger.post("/v1/domains", json={"domain": domain["domain"]})).json()
    prove(names, theirs)
    assert (await stranger.post(f"/v1/domains/{theirs['id']}/verify")).json()["is_verified"] is True
    assert (await api.client.post(f"{at}/verify")).json()["is_verified"] is False
    await stranger.aclose()
