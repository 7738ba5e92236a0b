"""One code, four APIs: each reads what any of them made, and where they count the same thing they agree."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from schemas.event import KINDS, OUTCOMES
from tests.api.service import SHORT, Body, Service

URL = "https://example.com/spring"
NEXT = "https://example.com/summer"


class Views(dict[str, Body]):
    """The same code as each API shows it."""


async def openqr(api: Service) -> str:
    return str((await api.make(destination=URL, label="Spring"))["slug"])


async def agency(api: Service) -> str:
    response = await api.client.post("/api/v1/dynamic/", json={"name": "Spring", "destination_url": URL})
    assert response.status_code == 201, response.text
    return str(response.json()["short_id"])


async def exaroutes(api: Service) -> str:
    response = await api.client.post("/api/qr/codes", json={"data": URL})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def qravio(api: Service) -> str:
    body = {
        "name": "Spring",
        "type": "website",
        "category": "dynamic",
        "content": {"url": URL},
        "destinations": [{"target_url": URL}],
    }
    response = await api.client.post("/api/public/v1/qrcodes", json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["short_code"])


async def views(api: Service, slug: str) -> Views:
    code = await api.codes.by_slug("", slug)
    assert code is not None
    found = Views()
    for name, path in (
        ("openqr", f"/v1/dynamic/{code.id}"),
        ("agency", f"/api/v1/dynamic/{slug}/"),
        ("exaroutes", f"/api/qr/codes/{slug}"),
        ("qravio", f"/api/public/v1/qrcodes/{code.id}"),
    ):
        response = await api.client.get(path)
        assert response.status_code == 200, f"{name}: {response.text}"
        found[name] = response.json()
    return found


def destinations(found: Views) -> set[Any]:
    return {
        found["openqr"]["destination"],
        found["agency"]["destination_url"],
        found["exaroutes"]["destination"],
        *(each["target_url"] for each in found["qravio"]["destinations"]),
    }


Maker = Callable[[Service], Awaitable[str]]
makers = pytest.mark.parametrize("make", [openqr, agency, exaroutes, qravio])


@makers
async def test_what_one_makes_all_read(api: Service, make: Maker) -> None:
    slug = await make(api)
    found = await views(api, slug)
    assert destinations(found) == {URL}
    links = (
        (found["openqr"]["short_url"], f"{SHORT}/{slug}"),
        (found["agency"]["public_url"], f"{SHORT}/q/{slug}/"),
        (found["exaroutes"]["redirectUrl"], f"{SHORT}/r/{slug}"),
    )
    assert all(shown == wanted for shown, wanted in links)
    assert {found["openqr"]["slug"], found["agency"]["short_id"], found["exaroutes"]["id"]} == {slug}
    assert found["qravio"]["short_code"] == slug
    assert found["openqr"]["id"] == found["qravio"]["id"]
    label = None if make is exaroutes else "Spring"
    assert found["openqr"]["label"] == label
    assert found["agency"]["name"] == found["qravio"]["name"] == (label or "")
    assert found["exaroutes"]["dataType"] == "url"
    assert (found["qravio"]["type"], found["qravio"]["content"]) == ("website", {"url": URL})


@makers
async def test_what_one_edits_all_see(api: Service, make: Maker) -> None:
    slug = await make(api)
    id = (await views(api, slug))["openqr"]["id"]
    edits: list[tuple[str, str, Body]] = [
        ("PATCH", f"/v1/dynamic/{id}", {"destination": f"{NEXT}/1"}),
        ("PATCH", f"/api/v1/dynamic/{slug}/", {"destination_url": f"{NEXT}/2"}),
        ("PUT", f"/api/qr/codes/{slug}", {"destination": f"{NEXT}/3"}),
        ("PATCH", f"/api/public/v1/qrcodes/{id}", {"destinations": [{"target_url": f"{NEXT}/4"}]}),
    ]
    for at, (method, path, body) in enumerate(edits, 1):
        assert (await api.client.request(method, path, json=body)).status_code == 200
        assert destinations(await views(api, slug)) == {f"{NEXT}/{at}"}
    paused = await api.client.patch(f"/api/v1/dynamic/{slug}/", json={"is_active": False})
    assert paused.status_code == 200
    found = await views(api, slug)
    assert [found[name]["status"] for name in ("openqr", "exaroutes", "qravio")] == ["paused", "inactive", "inactive"]
    assert found["agency"]["is_active"] is False
    assert found["agency"]["destination_changes_count"] == 4


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/dynamic/{id}"),
        ("DELETE", "/api/v1/dynamic/{slug}/"),
        ("DELETE", "/api/public/v1/qrcodes/{id}"),
    ],
)
async def test_what_one_deletes_none_has(api: Service, method: str, path: str) -> None:
    slug = await exaroutes(api)
    id = (await views(api, slug))["openqr"]["id"]
    assert (await api.client.request(method, path.format(id=id, slug=slug))).is_success
    for gone in (
        *(f"/v1/dynamic/{id}", f"/api/v1/dynamic/{slug}/", f"/api/qr/codes/{slug}"),
        *(f"/api/qr/codes/{slug}/image", f"/api/qr/codes/{slug}/analytics", f"/api/public/v1/qrcodes/{id}"),
    ):
        assert (await api.client.get(gone)).status_code == 404, gone
    assert (await api.client.get("/api/qr/codes")).json()["pagination"]["total"] == 0


@makers
async def test_they_count_the_same_people(api: Service, make: Maker) -> None:
    """Over the same days: Qravio's count less `bot` is Agency's less `Bot` is OpenQR's is Exa's (DIALECTS 16)."""
    slug = await make(api)
    code = await api.codes.by_slug("", slug)
    assert code is not None
    # Every kind of visit and every way in which one can end, over ten days.
    scans = [
        {"kind": kind, "outcome": outcome, "country": country, "device": device, "days_ago": days}
        for at, (kind, outcome) in enumerate((kind, outcome) for kind in KINDS for outcome in OUTCOMES)
        for country, device, days in (("GB", "mobile", at % 10), ("", "desktop", (at + 3) % 10))
    ]
    api.stored(code.birth, tuple(scans))
    native = (await api.client.get(f"/v1/dynamic/{code.id}/scans?days=30")).json()
    theirs = (await api.client.get(f"/api/v1/dynamic/{slug}/analytics/?days=30")).json()
    exa = (await api.client.get(f"/api/qr/codes/{slug}/analytics?days=30")).json()
    qra = (await api.client.get(f"/api/public/v1/qrcodes/{code.id}/analytics")).json()
    bots = sum(each["count"] for each in theirs["top_clients"] if "Bot" in each.values())
    people = {
        native["analytics"]["window_total"],
        theirs["scans_in_period"] - bots,
        exa["windowScans"],
        qra["total_scans"] - qra["scans_by_device"]["bot"],
    }
    assert people == {native["scans"]["total"]} == {exa["totalScans"]} != {0}
    assert theirs["scans_in_period"] == qra["total_scans"] > native["scans"]["total"]
    assert {day["date"]: day["scans"] for day in exa["series"]} == {
        day["day"]: day["n"] for day in native["analytics"]["daily"]
    }
    assert {each["country"]: each["scans"] for each in exa["countries"]} == {
        each["value"]: each["n"] for each in native["analytics"]["by_country"]
    }


async def test_no_edit_takes_a_page_away(api: Service) -> None:
    """A PATCH that would make a page a `website` without a destination of its own is 409 (DIALECTS 35)."""
    content = {"landingPageContent": {"title": "Hello"}}
    made = await api.client.post("/v1/dynamic", json={"type": "landing_page", "content": content})
    code = made.json()
    at = f"/v1/dynamic/{code['id']}"
    for sent in ({"type": "website"}, {"type": "url", "label": "x"}, {"type": "website", "content": None}):
        refused = await api.client.patch(at, json=sent)
        assert (refused.status_code, refused.json()["error"]["field"]) == (409, "type"), sent
    # Its short link, which is what its destination reads as, is none of its own.
    refused = await api.client.patch(at, json={"type": "website", "destination": code["short_url"]})
    assert refused.status_code in (400, 409)
    # Where a type cannot be written it is ignored.
    for method, path, body in (
        ("PATCH", f"/api/v1/dynamic/{code['slug']}/", {"name": "Renamed"}),
        ("PATCH", f"/api/public/v1/qrcodes/{code['id']}", {"name": "Renamed"}),
    ):
        response = await api.client.request(method, path, json={**body, "type": "website"})
        assert response.status_code == 200, response.text
    put = await api.client.put(f"/api/qr/codes/{code['slug']}", json={"destination": URL, "dataType": "url"})
    assert put.status_code == 409
    now = (await api.client.get(at)).json()
    assert (now["type"], now["content"], now["destination"]) == ("landing_page", content, now["short_url"])
