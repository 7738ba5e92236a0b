"""`GET /v1/dynamic/{id}/imported`, and totals of a workspace that counts imported scans."""

from datetime import date

from aggregator.imported_history import store
from api.dialects.openqr import examples
from codes import workspaces
from schemas.imported import ImportedHistory, PastScans
from tests.api.service import Service, conforms

PAST = (
    PastScans(10, date(2025, 5, 31), "human", "DE"),
    PastScans(2, date(2025, 5, 31), "human", "DE", "news.example.org"),
    PastScans(3, date(2025, 6, 2), "human", "DE"),
    PastScans(1, date(2025, 6, 2), "human"),
    PastScans(1, date(2025, 6, 2), "bot"),
    PastScans(2),
)


async def keep(api: Service, id: str) -> int:
    workspace = await workspaces.ensure_workspace(api.redis, "ours")
    client = api.warehouse.connect(max_threads=1)
    try:
        store(client, [ImportedHistory(workspace.number, await api.birth(id), "shlink", PAST)], 1)
    finally:
        client.close()
    return workspace.number


async def test_they_are_read_apart(api: Service) -> None:
    code = await api.make(slug="spring-menu")
    await keep(api, code["id"])
    response = await api.client.get(f"/v1/dynamic/{code['id']}/imported")
    await conforms(response)
    assert response.json() == {**examples.IMPORTED, "id": code["id"]}
    scans = (await api.client.get(f"/v1/dynamic/{code['id']}/scans")).json()
    assert scans["scans"]["total"] == scans["analytics"]["total"] == 0
    without = await api.make()
    assert (await api.client.get(f"/v1/dynamic/{without['id']}/imported")).json()["total"] == 0
    stranger = await api.caller("theirs")
    assert (await stranger.get(f"/v1/dynamic/{code['id']}/imported")).status_code == 404


async def test_a_workspace_may_count_them_in_its_totals(api: Service) -> None:
    """In the totals of all time alone, and of the kinds that these count."""
    code = await api.make(slug="menu")
    number = await keep(api, code["id"])
    await api.scanned(code["id"], {})

    async def totals() -> list[int]:
        openqr = (await api.client.get(f"/v1/dynamic/{code['id']}/scans")).json()
        agency = (await api.client.get("/api/v1/dynamic/menu/")).json()
        agency_scans = (await api.client.get("/api/v1/dynamic/menu/analytics/")).json()
        exaroutes = (await api.client.get("/api/qr/codes/menu/analytics")).json()
        qravio = (await api.client.get(f"/api/public/v1/qrcodes/{code['id']}")).json()
        qravio_scans = (await api.client.get(f"/api/public/v1/qrcodes/{code['id']}/analytics")).json()
        assert openqr["analytics"]["window_total"] == agency_scans["scans_in_period"] == exaroutes["windowScans"] == 1
        assert openqr["analytics"]["total"] == openqr["scans"]["total"]
        return [
            openqr["scans"]["total"],
            exaroutes["totalScans"],
            agency["scan_count"],
            agency_scans["total_scans"],
            qravio["total_scans"],
            qravio_scans["total_scans"],
        ]

    assert await totals() == [1] * 6
    await workspaces.count_imported(api.redis, number, True)
    assert await totals() == [19, 19, 20, 20, 20, 20]
    await workspaces.count_imported(api.redis, number, False)
    assert await totals() == [1] * 6


async def test_an_answer_says_what_is_not_in_it(api: Service) -> None:
    # (Tests share the warehouse, and so does a workspace of this name.)
    client = api.warehouse.connect(max_threads=1)
    client.command("TRUNCATE TABLE imported_scans")
    client.close()
    code, other = await api.make(tags=["fair"]), await api.make(tags=["else"])
    await keep(api, code["id"])
    question = {"metrics": ["scans"], "date_range": ["2025-06-01", "2025-06-30"]}

    async def imported(*filters: object) -> object:
        response = await api.client.post("/v1/query", json={**question, "filters": list(filters)})
        await conforms(response)
        assert response.json()["results"][0]["metrics"] == [0]
        return response.json()["meta"]["imported"]

    told = {"scans": 5, "undated": 2, "services": ["shlink"]}
    assert await imported() == told
    assert await imported(["is", "code:tag", ["fair"]], ["is", "scan:country", ["FR"]]) == told
    assert await imported(["is_not", "code", [code["id"]]]) is None
    assert await imported(["is", "code", [other["id"]]]) is None
