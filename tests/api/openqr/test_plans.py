"""The limits of OpenQR's plans. The quoted lines are its guide's own."""

import asyncio

from codes import workspaces
from tests.api.service import Body, Service

HERE = "https://example.com/a"


def items(count: int) -> list[Body]:
    return [{"destination": f"{HERE}/{n}", "label": f"Table {n}"} for n in range(count)]


async def on_plan(api: Service, plan: str) -> None:
    await workspaces.set_plan(api.redis, (await workspaces.ensure_workspace(api.redis, "ours")).number, plan)


async def test_twenty_single_creations_an_hour(api: Service) -> None:
    """Single-create is capped at 20 dynamic codes per hour per account; exceeding it returns 429."""
    await on_plan(api, "openqr")
    answers = await asyncio.gather(*(api.client.post("/v1/dynamic", json={"destination": HERE}) for _ in range(30)))
    assert sorted(answer.status_code for answer in answers) == [201] * 20 + [429] * 10
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["code"] == "creations_per_hour" and "20" in refused.json()["error"]["message"]
    assert int(refused.headers["retry-after"]) == 3600
    assert len((await api.client.get("/v1/dynamic")).json()["codes"]) == 20
    # For another account nothing is used up.
    theirs = await api.caller("theirs")
    assert (await theirs.post("/v1/dynamic", json={"destination": HERE})).status_code == 201
    api.clock.pass_by(minutes=59)
    again = await api.client.post("/v1/dynamic", json={"destination": HERE})
    assert again.status_code == 429 and int(again.headers["retry-after"]) in (60, 61)
    api.clock.pass_by(seconds=60.001)
    assert (await api.client.post("/v1/dynamic", json={"destination": HERE})).status_code == 201


async def test_the_account_is_one_in_every_api(api: Service) -> None:
    """capped at 20 dynamic codes per hour per account"""
    await on_plan(api, "openqr")
    calls: list[tuple[str, Body]] = [
        ("/v1/dynamic", {"destination": HERE}),
        ("/api/v1/dynamic/", {"name": "a", "destination_url": HERE}),
        ("/api/qr/codes", {"data": HERE}),
        (
            "/api/public/v1/qrcodes",
            {
                "name": "a",
                "type": "website",
                "category": "dynamic",
                "content": {"url": HERE},
                "destinations": [{"target_url": HERE}],
            },
        ),
    ]
    for _ in range(5):
        for path, body in calls:
            assert (await api.client.post(path, json=body)).status_code == 201
    for path, body in calls:
        refused = await api.client.post(path, json=body)
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 3500
        assert ("error" in refused.json()) == (path in ("/v1/dynamic", "/api/qr/codes"))


async def test_bulk_is_not_capped(api: Service) -> None:
    """If you need hundreds at once … use POST /v1/dynamic/bulk"""
    await on_plan(api, "openqr")
    assert (await api.client.post("/v1/dynamic/bulk", json={"items": items(60)})).json()["created"] == 60
    for _ in range(20):
        await api.make()
    assert (await api.client.post("/v1/dynamic/bulk", json={"items": items(30)})).json()["created"] == 30
    assert (await api.client.post("/v1/dynamic", json={"destination": HERE})).status_code == 429


async def test_only_what_was_created_counts(api: Service) -> None:
    """20 creations per hour"""
    await on_plan(api, "openqr")
    await api.make(slug="taken")
    for _ in range(25):
        assert (await api.client.post("/v1/dynamic", json={"destination": "http://localhost"})).status_code == 400
        answer = await api.client.post("/v1/dynamic", json={"destination": HERE, "slug": "taken"})
        assert answer.status_code == 409
    codes = [await api.make() for _ in range(19)]
    assert (await api.client.post("/v1/dynamic", json={"destination": HERE})).status_code == 429
    # Deleting gives nothing back: it was created.
    await api.client.delete(f"/v1/dynamic/{codes[0]['id']}")
    assert (await api.client.post("/v1/dynamic", json={"destination": HERE})).status_code == 429


async def test_reading_and_editing_are_not_capped(api: Service) -> None:
    """reading /scans doesn't touch the dynamic-code creation rate limit"""
    await on_plan(api, "openqr")
    id = (await api.make())["id"]
    for n in range(25):
        assert (await api.client.get(f"/v1/dynamic/{id}/scans")).status_code == 200
        assert (await api.client.patch(f"/v1/dynamic/{id}", json={"label": str(n)})).status_code == 200
    for _ in range(19):
        await api.make()
