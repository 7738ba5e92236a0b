"""/v1/keys. The quoted lines are OpenQR's guide's own."""

import pytest

from tests.api.service import Body, Service

HERE = "https://example.com/a"


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
