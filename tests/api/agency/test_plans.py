"""What QR Code Agency's plans do not allow, and what it says then. The quoted lines are its reference's own."""

import asyncio

import pytest

from codes import workspaces
from tests.api.agency.calls import LIST, NEW, A, B, made, patched, read
from tests.api.service import Service

URL = "https://example.com/"


async def on(api: Service, plan: str, workspace: str = "ours") -> None:
    """Moves the workspace to a plan."""
    found = await workspaces.ensure_workspace(api.redis, workspace)
    await workspaces.set_plan(api.redis, found.number, plan)


async def test_the_cap_on_active_codes(api: Service) -> None:
    """ "detail": "Plan 'starter' is capped at 10 active dynamic QRs. Disable one or upgrade." """
    await on(api, "qr-code-agency-starter")
    codes = [await made(api) for _ in range(10)]
    said = {"detail": "Plan 'starter' is capped at 10 active dynamic QRs. Disable one or upgrade."}
    for path, body in ((LIST, NEW), ("/api/v1/generate/", NEW | {"data_type": "dynamic"})):
        response = await api.client.post(path, json=body)
        assert (response.status_code, response.json()) == (403, said)
    assert (await api.client.get(LIST)).json()["count"] == 10
    # One that is disabled makes room, and the cap holds when it is resumed.
    await patched(api, codes[0], is_active=False)
    await made(api)
    assert await patched(api, codes[0], 403, is_active=True) == said
    assert (await read(api, codes[0]))["is_active"] is False
    assert (await api.client.delete(f"{LIST}{codes[1]['short_id']}/")).status_code == 204
    assert (await patched(api, codes[0], is_active=True))["is_active"] is True


async def test_the_cap_holds_however_many_come_at_once(api: Service) -> None:
    """You reached the active QR cap on your plan."""
    await on(api, "qr-code-agency-starter")
    answers = await asyncio.gather(*(api.client.post(LIST, json=NEW) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [403] * 6


async def test_one_edit_of_a_destination_on_the_free_plan(api: Service) -> None:
    """Free tier is capped at one lifetime destination edit per dynamic QR. The second edit returns:"""
    await on(api, "qr-code-agency-free")
    code = await made(api)
    assert (await patched(api, code, destination_url=f"{URL}b"))["destination_changes_count"] == 1
    # What changes no destination is no edit of it.
    await patched(api, code, destination_url=f"{URL}b", name="x", is_active=False)
    assert await patched(api, code, 402, destination_url=f"{URL}c") == {
        "detail": "Plan 'free' allows 1 destination edit per dynamic QR. This QR has been edited 1 time(s) already. "
        "Upgrade to Starter ($7/mo) or higher for unlimited edits, or buy a credit pack."
    }
    assert (await read(api, code))["destination_url"] == f"{URL}b"
    # Each code has its own.
    assert (await patched(api, await made(api), destination_url=f"{URL}c"))["destination_changes_count"] == 1
    await on(api, "qr-code-agency-starter")
    assert (await patched(api, code, destination_url=f"{URL}c"))["destination_changes_count"] == 2


async def test_of_many_edits_at_once_one_is_allowed(api: Service) -> None:
    """Free tier is capped at one lifetime destination edit per dynamic QR."""
    await on(api, "qr-code-agency-free")
    at = f"{LIST}{(await made(api))['short_id']}/"
    answers = await asyncio.gather(
        *(api.client.patch(at, json={"destination_url": f"{URL}{letter}"}) for letter in "bcdefgh")
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [402] * 6


@pytest.mark.parametrize(("plan", "expected"), [("free", 403), ("starter", 403), ("pro", 200), ("agency", 200)])
async def test_variants_need_the_pro_plan(api: Service, plan: str, expected: int) -> None:
    """Pro plan or higher. Pass an array of {url, weight, label}"""
    await on(api, f"qr-code-agency-{plan}")
    code = await made(api)
    found = await patched(api, code, expected, variants=[A, B])
    assert await patched(api, code, variants=[])
    response = await api.client.post(LIST, json=NEW | {"variants": [A, B]})
    assert response.status_code == (201 if expected == 200 else 403)
    if expected == 403:
        assert "Pro plan" in found["detail"] and "Pro plan" in response.json()["detail"]


@pytest.mark.parametrize(("plan", "expected"), [("free", 403), ("starter", 403), ("pro", 403), ("agency", 201)])
async def test_custom_domains_need_the_agency_plan(api: Service, plan: str, expected: int) -> None:
    """Custom domains (Agency+) / Available on Agency and Enterprise."""
    await on(api, f"qr-code-agency-{plan}")
    response = await api.client.post("/api/v1/dynamic/custom-domains/", json={"domain": "go.yourbrand.example"})
    assert response.status_code == expected
    if expected == 403:
        assert "Agency plan" in response.json()["detail"]
    assert (await api.client.get("/api/v1/dynamic/custom-domains/")).json()["count"] == (expected == 201)


async def test_self_hosted_nothing_is_limited(api: Service) -> None:
    """Upgrade to Starter ($7/mo) or higher for unlimited edits"""
    codes = [await made(api) for _ in range(12)]
    for letter in "abcd":
        await patched(api, codes[0], destination_url=f"{URL}{letter}", variants=[A, B])


async def test_a_plan_holds_in_every_api(api: Service) -> None:
    """Plan 'starter' is capped at 10 active dynamic QRs."""
    await on(api, "qr-code-agency-starter")
    for _ in range(10):
        await api.make()
    assert (await api.client.post(LIST, json=NEW)).status_code == 403
    native = await api.client.post("/v1/dynamic", json={"destination": URL})
    assert native.status_code == 402
    assert native.json()["error"]["message"].startswith("Plan 'starter' is capped at 10")
    await on(api, "openqr", "second")
    second = await api.caller("second")
    answers = [(await second.post(LIST, json=NEW)).status_code for _ in range(21)]
    assert answers == [201] * 20 + [429]
    limited = await second.post(LIST, json=NEW)
    assert list(limited.json()) == ["detail"] and int(limited.headers["retry-after"]) > 0
