"""What OpenQR's two guides promise beside fields and statuses. The quoted lines are the guides' own."""

import httpx

from codes.folders import create
from codes.workspaces import ensure_workspace
from schemas.event import EVENT_COLUMNS
from tests.api.service import SHORT, Body, Service

HERE = "https://example.com/a"


async def test_the_printed_code_never_changes(api: Service) -> None:
    """you can repoint it whenever you like — the printed code never changes"""
    code = await api.make()
    picture = (await api.client.get(f"/v1/dynamic/{code['id']}/qr?format=svg")).content
    for n in range(3):
        edited = await api.client.patch(f"/v1/dynamic/{code['id']}", json={"destination": f"https://example.com/{n}"})
        assert edited.json()["short_url"] == code["short_url"]
    assert (await api.client.get(f"/v1/dynamic/{code['id']}/qr?format=svg")).content == picture


async def test_it_takes_effect_at_once(api: Service) -> None:
    """New public http(s) URL. Takes effect immediately for every future scan."""
    code = await api.make()
    await api.client.patch(f"/v1/dynamic/{code['id']}", json={"destination": "https://example.com/live"})
    now = await api.codes.by_slug("", code["slug"])
    assert now is not None and now.destination == "https://example.com/live"


async def test_the_short_url(api: Service) -> None:
    """you get back a slug and a short_url of the form https://oqr.to/<slug>"""
    code = await api.make()
    assert code["short_url"] == f"{SHORT}/{code['slug']}"


async def test_a_random_back_half_becomes_a_memorable_one(api: Service) -> None:
    """PATCH with { "slug": "spring-sale" } gives you oqr.to/spring-sale instead of a random back-half."""
    code = await api.make()
    edited = (await api.client.patch(f"/v1/dynamic/{code['id']}", json={"slug": "spring-sale"})).json()
    assert edited["short_url"] == f"{SHORT}/spring-sale"


async def test_a_style_is_kept_and_drawn(api: Service) -> None:
    """QrStyle JSON for the rendered image."""
    code = await api.make()
    path = f"/v1/dynamic/{code['id']}"
    plain = (await api.client.get(f"{path}/qr?format=svg")).content
    style = {"shape": "dots", "color": "#003366"}
    assert (await api.client.patch(path, json={"style": style})).json()["style"] == style
    drawn = (await api.client.get(f"{path}/qr?format=svg")).content
    assert drawn != plain and b"#003366" in drawn.lower()


async def test_bulk_then_tag_and_folder(api: Service) -> None:
    """Bulk-create one per SKU, then tag and folder them."""
    items = [{"destination": f"https://example.com/sku/{n}", "label": f"SKU {n}"} for n in range(5)]
    made = (await api.client.post("/v1/dynamic/bulk", json={"items": items})).json()["results"]
    folder = (await api.client.post("/v1/folders", json={"name": "SKUs"})).json()["id"]
    for one in made:
        sent = {"tags": ["sku"], "folder_id": folder}
        assert (await api.client.patch(f"/v1/dynamic/{one['code']['id']}", json=sent)).status_code == 200
    listed = (await api.client.get(f"/v1/dynamic?tag=sku&folder_id={folder}")).json()["codes"]
    assert {code["id"] for code in listed} == {one["code"]["id"] for one in made}


async def test_windows_before_and_after_a_swap_compare(api: Service) -> None:
    """read /scans for a week, then PATCH the same code to variant B and compare windows"""
    code = await api.make()
    await api.scanned(code["id"], *[{"days_ago": 8}] * 3)
    await api.client.patch(f"/v1/dynamic/{code['id']}", json={"destination": "https://example.com/b"})
    await api.scanned(code["id"], *[{"days_ago": 1}] * 5)
    week = (await api.client.get(f"/v1/dynamic/{code['id']}/scans?days=7")).json()["analytics"]
    both = (await api.client.get(f"/v1/dynamic/{code['id']}/scans?days=14")).json()["analytics"]
    assert (week["window_total"], both["window_total"], week["total"]) == (5, 8, 8)


async def test_a_fleet_is_summed_from_its_codes(api: Service) -> None:
    """GET /v1/dynamic to list your codes, then call /scans for each id and sum the window_totals"""
    for n in range(3):
        await api.scanned((await api.make())["id"], *[{}] * (n + 1))
    total = 0
    for code in (await api.client.get("/v1/dynamic")).json()["codes"]:
        total += (await api.client.get(f"/v1/dynamic/{code['id']}/scans")).json()["analytics"]["window_total"]
    assert total == 6


async def test_the_long_tail_is_not_returned(api: Service) -> None:
    """breakdowns are capped at the top 8 per dimension; … don't expect the country list to sum to window_total"""
    code = await api.make()
    countries = ["GB", "IE", "FR", "DE", "ES", "IT", "PT", "NL", "BE", "SE"]
    await api.scanned(code["id"], *({"country": country} for country in countries))
    found = (await api.client.get(f"/v1/dynamic/{code['id']}/scans")).json()["analytics"]
    assert found["window_total"] == 10 and sum(one["n"] for one in found["by_country"]) == 8


async def test_only_dynamic_codes_have_scans(api: Service) -> None:
    """The analytics endpoint only exists for dynamic codes"""
    static: Body = {"name": "S", "type": "text", "category": "static", "content": {"text": "x"}}
    made = await api.client.post("/api/public/v1/qrcodes", json=static)
    assert made.status_code == 201, made.text
    assert (await api.client.get(f"/v1/dynamic/{made.json()['id']}/scans")).status_code == 404
    assert (await api.client.get("/v1/dynamic")).json()["codes"] == []


def test_a_scan_record_is_coarse() -> None:
    """No IP addresses, no fingerprints, no per-person identifiers."""
    columns = set(EVENT_COLUMNS)
    assert {"country", "device", "referrer_host", "ts_ms"} <= columns
    # The visitor is a hash under a salt that is thrown away with its day; no answer has it.
    assert not columns & {"ip", "address", "user_agent", "ua", "agent", "fingerprint", "cookie"}


async def test_no_answer_says_who(api: Service) -> None:
    """It's enough to see where and on what, never who."""
    code = await api.make()
    await api.scanned(code["id"], {"visitor": 123456789012345678, "country": "GB"})
    response: httpx.Response = await api.client.get(f"/v1/dynamic/{code['id']}/scans")
    assert "123456789012345678" not in response.text and "visitor" not in response.text


async def test_what_is_made_elsewhere_is_here(api: Service) -> None:
    """list your codes"""
    workspace = (await ensure_workspace(api.redis, "ours")).number
    folder = await create(api.redis, workspace, "From the command", plans=api.plans)
    assert [one["id"] for one in (await api.client.get("/v1/folders")).json()["folders"]] == [folder.id]
