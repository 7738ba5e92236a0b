"""`/v1/usage` and `/v1/system`: what a workspace uses of its plan, and whether the deployment works."""

import msgspec

from api.dialects.openqr.system import EXAMPLE
from infra.version import VERSION
from tests.api.service import Service, conforms


async def test_use_follows_what_is_made_and_deleted(api: Service) -> None:
    async def used() -> dict[str, tuple[int, int]]:
        response = await api.client.get("/v1/usage")
        assert response.status_code == 200, response.text
        await conforms(response)
        assert response.json()["plan"] == "unlimited"
        return {one["name"]: (one["used"], one["limit"]) for one in response.json()["limits"]}

    before = await used()
    assert before["codes"] == (0, 1_000_000)
    assert before["made_per_month"][0] == 0
    code = (await api.client.post("/v1/dynamic", json={"destination": "https://example.com/"})).json()
    await api.client.post("/v1/folders", json={"name": "Spring"})
    await api.client.post("/v1/domains", json={"domain": "go.example.com"})
    form = {"file": ("one.pdf", b"%PDF-1.4 one", "application/pdf")}
    assert (await api.client.post("/v1/files", files=form)).status_code == 201
    after = await used()
    for name in ("codes", "made_per_month", "folders", "domains", "files"):
        assert after[name][0] == before[name][0] + 1, name
    assert after["file_bytes"][0] == len(b"%PDF-1.4 one")
    assert after["code_bytes"][0] > 0
    await api.client.delete(f"/v1/dynamic/{code['id']}")
    assert (await used())["codes"][0] == 0
    # What was made this month stays made.
    assert (await used())["made_per_month"][0] == 1


async def test_the_system_tells_admins_what_is_wrong(api: Service) -> None:
    async def works() -> None:
        return None

    async def broken() -> str:
        return "the warehouse does not answer"

    api.use(msgspec.structs.replace(api.context, readiness={"warehouse": broken, "redis": works}))
    response = await api.client.get("/v1/system")
    assert response.status_code == 200, response.text
    await conforms(response)
    found = response.json()
    assert found.keys() == EXAMPLE.keys()
    assert found["version"] == VERSION
    assert found["parts"] == [
        {"name": "redis", "problem": None},
        {"name": "warehouse", "problem": "the warehouse does not answer"},
    ]
    assert (found["redirectors"], found["lag_s"]) == (0, 0.0)
    headers = {"Authorization": f"Bearer {await api.key(scope='write')}"}
    assert (await api.anonymous.get("/v1/system", headers=headers)).status_code == 403
