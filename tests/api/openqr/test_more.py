"""What `/v1` has besides single codes: many at once, folders, keys. The quoted lines are OpenQR's guide's own."""

import asyncio
from uuid import UUID

import pytest

from codes import workspaces
from tests.api.service import Body, Service

HERE = "https://example.com/a"


def items(count: int) -> list[Body]:
    return [{"destination": f"{HERE}/{n}", "label": f"Table {n}"} for n in range(count)]


async def test_hundreds_at_once(api: Service) -> None:
    """use POST /v1/dynamic/bulk — up to 200 per request"""
    response = await api.client.post("/v1/dynamic/bulk", json={"items": items(200)})
    assert response.status_code == 201
    found = response.json()
    assert (found["created"], found["failed"]) == (200, 0)
    assert [result["index"] for result in found["results"]] == list(range(200))
    assert [result["code"]["label"] for result in found["results"]] == [f"Table {n}" for n in range(200)]
    listed = (await api.client.get("/v1/dynamic")).json()["codes"]
    assert {code["id"] for code in listed} == {result["code"]["id"] for result in found["results"]}


@pytest.mark.parametrize("count", [0, 201])
async def test_one_to_two_hundred(api: Service, count: int) -> None:
    """up to 200 per request"""
    response = await api.client.post("/v1/dynamic/bulk", json={"items": items(count)})
    assert (response.status_code, response.json()["error"]["field"]) == (400, "items")
    assert (await api.client.get("/v1/dynamic")).json()["codes"] == []


async def test_each_item_for_itself(api: Service) -> None:
    """one that cannot be taken is told in its place"""
    await api.make(slug="taken")
    sent = [
        {"destination": HERE},
        {"destination": "http://localhost/"},
        {"label": "x"},
        7,
        {"destination": HERE, "x": 1},
    ]
    sent += [{"destination": HERE, "slug": "taken"}, {"destination": HERE, "tags": ["Spring"], "status": "paused"}]
    found = (await api.client.post("/v1/dynamic/bulk", json={"items": sent})).json()
    assert (found["created"], found["failed"]) == (2, 5)
    fields = [result.get("error", {}).get("field") for result in found["results"]]
    assert fields == [None, "destination", "destination", "items[3]", "x", "slug", None]
    assert found["results"][5]["error"]["code"] == "slug_taken"
    assert found["results"][6]["code"]["tags"] == ["spring"]
    assert len((await api.client.get("/v1/dynamic")).json()["codes"]) == 3


async def test_bulk_is_not_a_slug(api: Service) -> None:
    code = await api.make()
    response = await api.client.patch(f"/v1/dynamic/{code['id']}", json={"slug": "bulk"})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "slug_reserved")


async def folder(api: Service, name: str = "Spring") -> Body:
    response = await api.client.post("/v1/folders", json={"name": name})
    assert response.status_code == 201
    found: Body = response.json()
    return found


async def test_folders(api: Service) -> None:
    """Bulk-create one per SKU, then tag and folder them."""
    made = await folder(api)
    assert set(made) == {"id", "name", "created_at"} and str(UUID(made["id"])) == made["id"]
    api.clock.pass_by(seconds=1)
    other = await folder(api, "Autumn")
    assert (await api.client.get("/v1/folders")).json() == {"folders": [made, other]}
    renamed = (await api.client.patch(f"/v1/folders/{made['id']}", json={"name": "Summer"})).json()
    assert renamed == {**made, "name": "Summer"}
    assert (await api.client.patch(f"/v1/folders/{made['id']}", json={**renamed, "name": "May"})).status_code == 200
    assert (await api.client.patch(f"/v1/folders/{made['id']}", json={})).json()["name"] == "May"
    assert (await api.client.delete(f"/v1/folders/{made['id']}")).json() == {"deleted": True}
    for method in ("PATCH", "DELETE"):
        assert (await api.client.request(method, f"/v1/folders/{made['id']}", json={})).status_code == 404
    assert (await api.client.get("/v1/folders")).json() == {"folders": [other]}


@pytest.mark.parametrize("name", ["", " ", " a", "a" * 101, "a\nb", None, 7])
async def test_names_of_folders(api: Service, name: object) -> None:
    made = await folder(api)
    for response in (
        await api.client.post("/v1/folders", json={"name": name}),
        await api.client.patch(f"/v1/folders/{made['id']}", json={"name": name}),
    ):
        assert (response.status_code, response.json()["error"]["field"]) == (400, "name")


async def test_filing_and_unfiling(api: Service) -> None:
    """File into a folder, or null to un-file."""
    made = await folder(api)
    code = await api.make(folder_id=made["id"])
    assert code["folder_id"] == made["id"]
    path = f"/v1/dynamic/{code['id']}"
    assert (await api.client.patch(path, json={"folder_id": None})).json()["folder_id"] is None
    assert (await api.client.patch(path, json={"folder_id": made["id"]})).json()["folder_id"] == made["id"]


async def test_folders_of_others_and_of_nobody(api: Service) -> None:
    theirs = await api.caller("theirs")
    foreign = (await theirs.post("/v1/folders", json={"name": "x"})).json()["id"]
    code = await api.make()
    for id in (foreign, "00000000-0000-4000-8000-000000000000", "x", ""):
        for response in (
            await api.client.post("/v1/dynamic", json={"destination": HERE, "folder_id": id}),
            await api.client.patch(f"/v1/dynamic/{code['id']}", json={"folder_id": id}),
        ):
            assert (response.status_code, response.json()["error"]["field"]) == (400, "folder_id")
    for method in ("PATCH", "DELETE"):
        assert (await api.client.request(method, f"/v1/folders/{foreign}", json={"name": "y"})).status_code == 404
    assert len((await theirs.get("/v1/folders")).json()["folders"]) == 1


async def test_a_deleted_folder_leaves_its_codes(api: Service) -> None:
    """codes are un-filed, not deleted"""
    made, other = await folder(api), await folder(api, "Autumn")
    filed = [await api.make(folder_id=made["id"], slug=slug) for slug in ("one", "two")]
    apart = await api.make(folder_id=other["id"])
    await api.client.patch(f"/v1/dynamic/{filed[0]['id']}", json={"locked": True})
    await api.client.delete(f"/v1/folders/{made['id']}")
    codes = {code["id"]: code for code in (await api.client.get("/v1/dynamic")).json()["codes"]}
    assert [codes[one["id"]]["folder_id"] for one in filed] == [None, None]
    assert codes[apart["id"]]["folder_id"] == other["id"]


async def test_the_codes_of_a_folder(api: Service) -> None:
    made = await folder(api)
    filed = [(await api.make(folder_id=made["id"], tags=["x"] if n else []))["id"] for n in range(3)]
    await api.make(tags=["x"])
    url = f"/v1/dynamic?folder_id={made['id']}"
    assert [code["id"] for code in (await api.client.get(url)).json()["codes"]] == filed[::-1]
    assert [code["id"] for code in (await api.client.get(f"{url}&tag=X")).json()["codes"]] == [filed[2], filed[1]]
    page = (await api.client.get(f"{url}&limit=2")).json()
    rest = (await api.client.get(f"{url}&limit=2&cursor={page['next_cursor']}")).json()
    assert [code["id"] for code in (*page["codes"], *rest["codes"])] == filed[::-1] and rest["next_cursor"] is None
    assert (await api.client.get("/v1/dynamic?folder_id=nobody")).json()["codes"] == []


async def test_keys(api: Service) -> None:
    """every call here needs a free key"""
    response = await api.client.post("/v1/keys", json={"name": "Till"})
    assert response.status_code == 201
    made = response.json()
    secret = made.pop("secret")
    assert set(made) == {"id", "name", "scope", "expires_at", "last_four"}
    assert (made["scope"], made["expires_at"], made["last_four"]) == ("write", None, secret[-4:])
    listed = (await api.client.get("/v1/keys")).json()["keys"]
    assert made in listed and all("secret" not in key for key in listed)
    till = api.connect(Authorization=f"Bearer {secret}")
    assert (await till.post("/v1/dynamic", json={"destination": HERE})).status_code == 201
    assert (await till.get("/v1/keys")).status_code == 403
    path = f"/v1/keys/{made['id']}"
    edited = await api.client.patch(
        path, json={"name": "Till 2", "scope": "read", "expires_at": "2026-05-21T17:00:00+01:00"}
    )
    assert edited.json() == {**made, "name": "Till 2", "scope": "read", "expires_at": "2026-05-21T16:00:00Z"}
    assert (await till.post("/v1/dynamic", json={"destination": HERE})).status_code == 403
    api.clock.pass_by(hours=2)
    assert (await till.get("/v1/dynamic")).status_code == 401
    assert (await api.client.patch(path, json={"expires_at": None})).json()["expires_at"] is None
    assert (await till.get("/v1/dynamic")).status_code == 200
    assert (await api.client.delete(path)).json() == {"deleted": True}
    assert (await till.get("/v1/dynamic")).status_code == 401
    assert (await api.client.patch(path, json={"name": "x"})).status_code == 404
    assert made["id"] not in {key["id"] for key in (await api.client.get("/v1/keys")).json()["keys"]}


async def test_keys_of_others(api: Service) -> None:
    theirs = await api.caller("theirs")
    id = (await theirs.get("/v1/keys")).json()["keys"][0]["id"]
    for method in ("PATCH", "DELETE"):
        assert (await api.client.request(method, f"/v1/keys/{id}", json={"name": "x"})).status_code == 404
    assert (await theirs.get("/v1/keys")).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "name"), ({"name": ""}, "name"), ({"name": "a", "scope": "all"}, "scope"), ({"name": "a", "x": 1}, "x"),
     ({"name": "a", "expires_at": "2026-05-21T15:00:00"}, "expires_at"), ({"name": "a" * 101}, "name")],
)  # fmt: skip
async def test_what_is_no_key(api: Service, body: Body, field: str) -> None:
    response = await api.client.post("/v1/keys", json=body)
    assert (response.status_code, response.json()["error"]["field"]) == (400, field)


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
