"""`POST /v1/dynamic/bulk`. The quoted lines are OpenQR's guide's own."""

import pytest

from api.dialects.openqr import examples
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


async def test_the_document_shows_the_error_that_is_answered(api: Service) -> None:
    found = (await api.client.post("/v1/dynamic/bulk", json=examples.BULK)).json()
    assert found["results"][1] == examples.BULK_ANSWER["results"][1]  # type: ignore[index]


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
