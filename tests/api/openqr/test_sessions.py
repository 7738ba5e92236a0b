"""`/v1/session`: signing in to the dashboard, and what a session may be used for."""

import httpx

from api.dialects.openqr import examples
from codes import apikeys, sessions
from codes.workspaces import ensure_workspace
from tests.api.service import Service, conforms

OWN = {"X-Waymark-Dashboard": "1"}


async def browser(api: Service, secret: str | None = None) -> httpx.AsyncClient:
    """Signed in with a key of the workspace "ours"."""
    client = httpx.AsyncClient(transport=api.client._transport, base_url="http://api.test")
    response = await client.post("/v1/session", json={"key": secret or await api.key()}, headers=OWN)
    assert response.status_code == 200, response.text
    return client


async def test_a_session_does_what_its_key_may(api: Service) -> None:
    client = await browser(api, await api.key(scope="read"))
    response = await client.get("/v1/session", headers=OWN)
    await conforms(response)
    assert response.json().keys() == examples.SIGNED_IN.keys()
    assert (response.json()["workspace"], response.json()["scope"]) == ("ours", "read")
    assert (await client.get("/v1/dynamic", headers=OWN)).status_code == 200
    refused = await client.post("/v1/dynamic", json={"destination": "https://example.com/"}, headers=OWN)
    assert refused.status_code == 403


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(api: Service) -> None:
    response = await api.client.post("/v1/session", json={"key": await api.key()})
    cookie = response.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=strict", "path=/", "max-age="):
        assert part in cookie
    assert "domain=" not in cookie


async def test_only_our_own_pages_may_use_it(api: Service) -> None:
    """A form of another site sends no header of ours; what a browser asks for by itself can only read."""
    client = await browser(api)
    body = {"destination": "https://example.com/"}
    assert (await client.post("/v1/dynamic", json=body)).status_code == 403
    assert (await client.post("/v1/dynamic", json=body, headers={"Sec-Fetch-Site": "same-origin"})).status_code == 403
    assert (await client.get("/v1/dynamic")).status_code == 403
    assert (await client.get("/v1/dynamic", headers={"Sec-Fetch-Site": "same-site"})).status_code == 403
    assert (await client.get("/v1/dynamic", headers={"Sec-Fetch-Site": "same-origin"})).status_code == 200
    assert (await client.post("/v1/dynamic", json=body, headers=OWN)).status_code == 201
    # A key in the header is used instead, also a wrong one.
    assert (await client.get("/v1/dynamic", headers={"Authorization": "Bearer wrong"})).status_code == 401
    # The other APIs know no sessions.
    assert (await client.get("/api/v1/dynamic/", headers=OWN)).status_code == 401


async def test_signing_out_ends_it(api: Service) -> None:
    client = await browser(api)
    kept = dict(client.cookies)
    assert (await client.delete("/v1/session", headers=OWN)).status_code == 204
    assert not client.cookies
    again = httpx.AsyncClient(transport=api.client._transport, base_url="http://api.test", cookies=kept)
    assert (await again.get("/v1/session", headers=OWN)).status_code == 401


async def test_what_is_wrong_is_refused(api: Service) -> None:
    for body in ({}, {"key": "a", "token": "b"}):
        response = await api.client.post("/v1/session", json=body)
        assert (response.status_code, response.json()["error"]["field"]) == (400, "key")
    for wrong in ({"key": "oqr_live_wrong"}, {"token": "wrong"}, {"key": ""}, {"key": "ü" * 8}, {"token": "x" * 300}):
        assert (await api.client.post("/v1/session", json=wrong)).status_code == 401


async def test_guessing_is_slowed_down(api: Service) -> None:
    """By the same bucket as that of keys: tokens are no way around it."""

    async def at_once(_: float) -> None:
        """The waiting itself is tested elsewhere."""

    api.context.wrong_keys._sleep = at_once
    statuses = [(await api.client.post("/v1/session", json={"token": f"guess{at}"})).status_code for at in range(80)]
    assert statuses[0] == 401
    assert 429 in statuses


async def test_a_printed_link_signs_in_once(api: Service) -> None:
    ours = (await ensure_workspace(api.redis, "ours")).number
    await apikeys.create_key(api.redis, ours, "first key", "admin")
    token = await sessions.make_link(api.redis, ours)
    response = await api.client.post("/v1/session", json={"token": token})
    assert (response.status_code, response.json()["scope"]) == (200, "admin")
    assert (await api.client.post("/v1/session", json={"token": token})).status_code == 401


async def test_sessions_are_seen_and_ended(api: Service) -> None:
    client, other = await browser(api), await browser(api)
    response = await client.get("/v1/sessions", headers=OWN)
    await conforms(response)
    listed = response.json()["sessions"]
    assert [one["current"] for one in listed].count(True) == 1
    [foreign] = [one for one in listed if not one["current"]]
    assert foreign["agent"].startswith("python-httpx/")
    assert (await client.delete(f"/v1/sessions/{foreign['id']}", headers=OWN)).json() == {"deleted": True}
    assert (await client.delete(f"/v1/sessions/{foreign['id']}", headers=OWN)).status_code == 404
    assert (await other.get("/v1/session", headers=OWN)).status_code == 401
    stranger = await api.caller("theirs")
    [mine] = [one for one in listed if one["current"]]
    assert (await stranger.delete(f"/v1/sessions/{mine['id']}")).status_code == 404
    reader = await api.caller(scope="write")
    assert (await reader.get("/v1/sessions")).status_code == 403
