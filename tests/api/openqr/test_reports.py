"""/v1/reports: questions that are saved, read, edited, asked and deleted."""

from typing import Any

import pytest

from codes.workspaces import ensure_workspace
from tests.api.service import Body, Service

QUERY = {"metrics": ["scans"], "date_range": "7d", "dimensions": ["scan:country"]}


async def save(api: Service, name: str = "Countries", **query: Any) -> Body:
    response = await api.client.post("/v1/reports", json={"name": name, "query": {**QUERY, **query}})
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


async def test_the_life_of_a_report(api: Service) -> None:
    made = await save(api)
    assert made["query"] == QUERY and made["created_at"] == made["updated_at"] == "2026-05-21T15:00:00Z"
    api.clock.pass_by(seconds=1)
    other = await save(api, "Weeks", dimensions=["time:week"])
    path = f"/v1/reports/{made['id']}"
    assert (await api.client.get(path)).json() == made
    renamed = (await api.client.patch(path, json={"name": "Lands"})).json()
    assert renamed == {**made, "name": "Lands", "updated_at": "2026-05-21T15:00:01Z"}
    asked = {**QUERY, "date_range": "28d"}
    edited = (await api.client.patch(path, json={"query": asked})).json()
    assert edited == {**renamed, "query": asked}
    assert (await api.client.patch(path, json=edited)).json() == edited
    assert (await api.client.get("/v1/reports")).json() == {"reports": [edited, other]}
    assert (await api.client.delete(path)).json() == {"deleted": True}
    for method, suffix in (("GET", ""), ("GET", "/answer"), ("PATCH", ""), ("DELETE", "")):
        assert (await api.client.request(method, path + suffix, json={"name": "x"})).status_code == 404


async def test_it_is_asked_as_of_now(api: Service) -> None:
    made = await save(api, pagination={"limit": 1})
    path = f"/v1/reports/{made['id']}/answer"
    asked = (await api.client.post("/v1/query", json=made["query"])).json()
    assert (await api.client.get(path)).json() == asked
    api.clock.pass_by(days=3)
    assert (await api.client.get(path)).json()["query"]["date_range"] == ["2026-05-18", "2026-05-24"]


async def test_pages_of_an_answer(api: Service) -> None:
    theirs = await api.caller("reporting")
    workspace = (await ensure_workspace(api.redis, "reporting")).number
    code = (await theirs.post("/v1/dynamic", json={"destination": "https://example.com/a"})).json()
    found = await api.codes.get(workspace, code["id"])
    assert found is not None
    scans = ({"country": name, "days_ago": 0.5, "workspace": workspace} for name in ("DE", "FR"))
    api.stored(found.birth, tuple(scans))
    made = (await theirs.post("/v1/reports", json={"name": "x", "query": {**QUERY, "pagination": {"limit": 1}}})).json()
    path = f"/v1/reports/{made['id']}/answer"
    first = (await theirs.get(path)).json()
    second = (await theirs.get(path, params={"cursor": first["meta"]["next_cursor"]})).json()
    assert [row["dimensions"] for row in (*first["results"], *second["results"])] == [["DE"], ["FR"]]
    await theirs.aclose()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"query": QUERY}, "name"),
        ({"name": "", "query": QUERY}, "name"),
        ({"name": "x"}, "query"),
        ({"name": "x", "query": []}, "query"),
        ({"name": "x", "query": {"metrics": ["scans"]}}, "query.date_range"),
        ({"name": "x", "query": {**QUERY, "filters": [["is", "scan:planet", ["x"]]]}}, "query.filters[0][1]"),
        ({"name": "x", "query": {**QUERY, "pagination": {"cursor": "x"}}}, "query.pagination.cursor"),
        (
            {"name": "x", "query": {"metrics": ["scans"], "date_range": "7d", "breakdowns": ["code"]}},
            "query.breakdowns",
        ),
        ({"name": "x", "query": QUERY, "color": "red"}, "color"),
    ],
)
async def test_what_is_refused(api: Service, body: Body, field: str) -> None:
    made = await save(api)
    responses = [await api.client.post("/v1/reports", json=body)]
    if field not in ("name", "query") or body.get(field) is not None:
        responses.append(await api.client.patch(f"/v1/reports/{made['id']}", json=body))
    for response in responses:
        assert (response.status_code, response.json()["error"]["field"]) == (400, field), response.text


async def test_read_keys_ask_and_write_keys_change(api: Service) -> None:
    made = await save(api)
    reader = await api.caller(scope="read")
    path = f"/v1/reports/{made['id']}"
    for allowed in ("/v1/reports", path, f"{path}/answer"):
        assert (await reader.get(allowed)).status_code == 200
    for method, at in (("POST", "/v1/reports"), ("PATCH", path), ("DELETE", path)):
        assert (await reader.request(method, at, json={"name": "x"})).status_code == 403
    await reader.aclose()
    theirs = await api.caller("theirs")
    assert (await theirs.get(f"{path}/answer")).status_code == 404
    await theirs.aclose()
