"""QR Code Agency's custom domains. The quoted lines are its reference's own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.agency.calls import LIST, made
from tests.api.service import TARGET, Body, Service
from tests.servers.dns import NameServer, name_server

DOMAINS = "/api/v1/dynamic/custom-domains/"


@pytest.fixture
async def names(api: Service) -> AsyncIterator[NameServer]:
    async with name_server(api.name_socket) as server:
        yield server


async def claimed(api: Service, name: str = "go.yourbrand.example") -> Body:
    response = await api.client.post(DOMAINS, json={"domain": name})
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


async def verified(api: Service, names: NameServer, name: str = "go.yourbrand.example") -> Body:
    domain = await claimed(api, name)
    names.say(domain["txt_name"], "TXT", f'"{domain["txt_value"]}"')
    names.say(name, "CNAME", f"{TARGET}.")
    response = await api.client.post(f"{DOMAINS}{domain['id']}/verify/")
    assert response.status_code == 200, response.text
    found: Body = response.json()
    return found


async def test_a_claim(api: Service) -> None:
    """POST   /api/v1/dynamic/custom-domains/"""
    domain = await claimed(api, "GO.YourBrand.example")
    assert domain == {
        "id": domain["id"],
        "domain": "go.yourbrand.example",
        "is_verified": False,
        "txt_name": "_waymark.go.yourbrand.example",
        "txt_value": domain["txt_value"],
        "cname_target": TARGET,
        "created_at": "2026-05-21T15:00:00Z",
    }
    assert isinstance(domain["id"], int) and len(domain["txt_value"]) > 20


async def test_list_and_retrieve(api: Service) -> None:
    """GET    /api/v1/dynamic/custom-domains/ and GET    /api/v1/dynamic/custom-domains/{id}/"""
    assert (await api.client.get(DOMAINS)).json() == {"count": 0, "next": None, "previous": None, "results": []}
    first, second = await claimed(api, "a.example.org"), await claimed(api, "b.example.org")
    assert (await api.client.get(DOMAINS)).json()["results"] == [second, first]
    page = (await api.client.get(f"{DOMAINS}?page=2&page_size=1")).json()
    assert (page["count"], page["results"], page["next"]) == (2, [first], None)
    assert page["previous"] == "http://api.example.net/api/v1/dynamic/custom-domains/?page=1&page_size=1"
    assert (await api.client.get(f"{DOMAINS}{first['id']}/")).json() == first


async def test_delete(api: Service) -> None:
    """DELETE /api/v1/dynamic/custom-domains/{id}/"""
    domain = await claimed(api)
    response = await api.client.delete(f"{DOMAINS}{domain['id']}/")
    assert (response.status_code, response.content) == (204, b"")
    assert (await api.client.get(f"{DOMAINS}{domain['id']}/")).status_code == 404
    assert (await api.client.delete(f"{DOMAINS}{domain['id']}/")).status_code == 404


async def test_verify_asks_for_txt_and_cname(api: Service, names: NameServer) -> None:
    """The verify endpoint runs DNS TXT and CNAME checks."""
    domain = await claimed(api)
    at = f"{DOMAINS}{domain['id']}/verify/"
    first = (await api.client.post(at)).json()
    missing = {"ok": False, "found": [], "problem": "there is no such name"}
    assert first == domain | {
        "checks": {
            "txt": {**missing, "expected": domain["txt_value"]},
            "cname": {**missing, "expected": TARGET},
        }
    }
    names.say(domain["txt_name"], "TXT", f'"{domain["txt_value"]}"')
    half = (await api.client.post(at)).json()
    assert (half["is_verified"], half["checks"]["txt"]["ok"], half["checks"]["cname"]["ok"]) == (False, True, False)
    names.say(domain["domain"], "CNAME", f"{TARGET}.")
    whole = (await api.client.post(at)).json()
    assert whole["is_verified"] is True
    assert whole["checks"]["cname"] == {"ok": True, "expected": TARGET, "found": [TARGET], "problem": None}
    # Once verified it stays so.
    names.records.clear()
    assert (await api.client.post(at)).json()["is_verified"] is True
    assert (await api.client.get(f"{DOMAINS}{domain['id']}/")).json()["is_verified"] is True


async def test_codes_on_a_custom_domain(api: Service, names: NameServer) -> None:
    """White-label your dynamic QR redirects on your own subdomain (go.yourbrand.com/q/<short_id>/)."""
    domain = await verified(api, names)
    native = await api.make(domain="go.yourbrand.example", slug="menu")
    code = (await api.client.get(f"{LIST}menu/")).json()
    assert code["public_url"] == "https://go.yourbrand.example/q/menu/"
    assert (await api.client.patch(f"{LIST}menu/", json={"name": "Menu"})).json()["name"] == "Menu"
    assert (await api.client.get(f"{LIST}menu/analytics/")).json()["name"] == "Menu"
    # The default host goes first where both have the slug.
    plain = await api.make(slug="menu")
    assert (await api.client.get(f"{LIST}menu/")).json()["public_url"] == "https://s.example.net/q/menu/"
    await api.client.delete(f"/v1/dynamic/{plain['id']}")
    in_use = await api.client.delete(f"{DOMAINS}{domain['id']}/")
    assert in_use.status_code == 409 and in_use.json()["detail"].startswith("domain")
    assert (await api.client.delete(f"{LIST}menu/")).status_code == 204
    assert (await api.client.get(f"{LIST}menu/analytics/")).status_code == 200
    assert (await api.client.get(f"/v1/dynamic/{native['id']}")).status_code == 404
    assert (await api.client.delete(f"{DOMAINS}{domain['id']}/")).status_code == 204


@pytest.mark.parametrize("body", [{}, {"domain": None}, {"domain": 7}, {"domain": ""}, {"domain": "localhost"},
                                  {"domain": "https://go.example.com/"}, {"domain": "10.0.0.1"}])  # fmt: skip
async def test_what_is_no_domain(api: Service, body: dict[str, Any]) -> None:
    """POST   /api/v1/dynamic/custom-domains/"""
    response = await api.client.post(DOMAINS, json=body)
    assert response.status_code == 400
    assert response.json()["detail"].startswith("domain")


async def test_a_domain_is_claimed_once(api: Service) -> None:
    """POST   /api/v1/dynamic/custom-domains/"""
    await claimed(api)
    assert (await api.client.post(DOMAINS, json={"domain": "go.yourbrand.example"})).status_code == 409


@pytest.mark.parametrize(
    "id", ["0", "9999999", "x", "%00", "1.0", "-1", "9" * 30, "00000000-0000-4000-8000-000000000000"]
)
async def test_a_domain_of_nobody(api: Service, id: str) -> None:
    """GET    /api/v1/dynamic/custom-domains/{id}/"""
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "verify/")):
        response = await api.client.request(method, f"{DOMAINS}{id}/{tail}")
        assert response.status_code == 404
        assert response.json() == {"detail": "The custom domain does not exist or does not belong to you."}


async def test_a_domain_of_somebody_else(api: Service) -> None:
    """DELETE /api/v1/dynamic/custom-domains/{id}/"""
    domain = await claimed(api)
    theirs = await api.caller("theirs")
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "verify/")):
        assert (await theirs.request(method, f"{DOMAINS}{domain['id']}/{tail}")).status_code == 404
    assert (await theirs.get(DOMAINS)).json()["count"] == 0
    await made(api)
    assert (await api.client.get(DOMAINS)).json()["results"] == [domain]
