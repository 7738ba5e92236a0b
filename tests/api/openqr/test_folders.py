"""/v1/folders, and codes in folders. The quoted lines are OpenQR's guide's own."""

from uuid import UUID

import pytest

from tests.api.service import Body, Service

HERE = "https://example.com/a"


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
