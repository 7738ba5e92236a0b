"""/v1/webhooks: endpoints, secrets, deliveries; the delivering itself is in tests/webhooks."""

from base64 import b64decode

import pytest

from tests.api.service import Body, Service
from webhooks import deliveries

URL = "https://shop.example.com/hooks?from=waymark"


async def webhook(api: Service, **fields: object) -> Body:
    response = await api.client.post("/v1/webhooks", json={"url": URL, "events": ["scan", "code.created"], **fields})
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


async def test_a_webhook_from_its_creation_to_its_end(api: Service) -> None:
    made = await webhook(api, label="Shop", batch_size=10)
    secret = made.pop("secret")
    assert secret.startswith("whsec_") and len(b64decode(secret[6:])) == 32
    assert (made["status"], made["batch_size"], made["batch_wait_s"], made["pending"]) == ("active", 10, 1, 0)
    path = f"/v1/webhooks/{made['id']}"
    assert (await api.client.get("/v1/webhooks")).json() == {"webhooks": [made]}
    assert (await api.client.get(path)).json() == made
    paused = (await api.client.patch(path, json={"status": "paused", "label": ""})).json()
    assert (paused["status"], paused["label"], paused["stopped_at"]) == ("paused", "", made["created_at"])
    resumed = (await api.client.patch(path, json={**paused, "status": "active"})).json()
    assert (resumed["status"], resumed["stopped_at"]) == ("active", None)
    assert (await api.client.delete(path)).json() == {"deleted": True}
    for method in ("GET", "PATCH", "DELETE"):
        assert (await api.client.request(method, path, json={})).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("url", url) for url in ("", "ftp://example.com", "http://example.com/", "https://localhost/")],
        *[("url", url) for url in ("https://10.1.2.3/", "https://internal.example.com/", "https://s.example.net/")],
        *[("url", url) for url in ("https://example.com:25/", "https://example.com/#a", "https://u:p@example.com/")],
        *[("events", events) for events in ([], ["code.read"], "scan", None)],
        *[("batch_size", size) for size in (0, 1_001, "ten")],
        *[("batch_wait_s", wait) for wait in (0, 61)],
        *[("status", status) for status in ("gone", "failing", "")],
        *[("filters", filters) for filters in ("x", [["is"]], [["is", "scan:country", ["DE"]]])],
        *[("filters", filters) for filters in ([["matches", "code:label", ["a"]]], [["is", "code", ["nobody"]]])],
        *[("kinds", kinds) for kinds in ([], ["robot"])],
        ("label", "a\nb"),
        ("colour", "red"),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_its_field(api: Service, field: str, value: object) -> None:
    made = await webhook(api)
    for response in (
        await api.client.post("/v1/webhooks", json={"url": URL, "events": ["scan"], field: value}),
        await api.client.patch(f"/v1/webhooks/{made['id']}", json={field: value}),
    ):
        assert response.status_code == 400
        assert response.json()["error"]["field"].partition("[")[0] == field


async def test_filters_name_codes(api: Service) -> None:
    code = await api.make(slug="menu")
    made = await webhook(api, filters=[["is", "code", ["menu"]], ["not", ["contains", "code:label", ["x"]]]])
    assert made["filters"] == [["is", "code", [code["id"]]], ["not", ["contains", "code:label", ["x"]]]]
    edited = await api.client.patch(f"/v1/webhooks/{made['id']}", json={"filters": [], "kinds": ["human", "bot"]})
    assert (edited.json()["filters"], edited.json()["kinds"]) == ([], ["human", "bot"])


async def test_secrets(api: Service) -> None:
    made = await webhook(api)
    path = f"/v1/webhooks/{made['id']}/secret"
    assert (await api.client.get(path)).json() == {"secret": made["secret"], "former_until": None}
    rotated = (await api.client.post(path, json={"overlap_s": 60})).json()
    assert rotated["secret"] != made["secret"] and rotated["former_until"] == "2026-05-21T15:01:00.250Z"
    assert (await api.client.get(path)).json() == rotated
    assert (await api.client.post(path, json={"overlap_s": 0})).json()["former_until"] == rotated["former_until"]
    response = await api.client.post(path, json={"overlap_s": 8 * 86_400})
    assert (response.status_code, response.json()["error"]["field"]) == (400, "overlap_s")
    # Nothing that Redis keeps of an endpoint is its secret.
    dumped = [await api.redis.dump(key) async for key in api.redis.scan_iter("*")]
    for hidden in (b64decode(made["secret"][6:]), made["secret"].encode()):
        assert dumped and not any(hidden in raw for raw in dumped if raw)


async def test_who_may_do_what(api: Service) -> None:
    made = await webhook(api)
    path = f"/v1/webhooks/{made['id']}"
    reader, writer = await api.caller("ours", "read"), await api.caller("ours", "write")
    assert (await reader.get("/v1/webhooks")).status_code == (await reader.get(f"{path}/deliveries")).status_code == 200
    assert (await reader.post(f"{path}/test", json={"type": "scan"})).status_code == 403
    assert (await writer.post(f"{path}/test", json={"type": "scan"})).status_code == 202
    for caller in (reader, writer):
        assert (await caller.post("/v1/webhooks", json={"url": URL, "events": ["scan"]})).status_code == 403
        assert (await caller.get(f"{path}/secret")).status_code == 403
    (seen,) = (await writer.get("/v1/webhooks")).json()["webhooks"]
    assert (seen["url"], made["url"]) == ("https://shop.example.com/…", URL)
    theirs = await api.caller("theirs")
    for method, part in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/secret"), ("GET", "/deliveries")):
        assert (await theirs.request(method, path + part, json={})).status_code == 404
    assert (await theirs.post(f"{path}/replay")).status_code == 404
    assert (await theirs.get("/v1/webhooks")).json() == {"webhooks": []}


async def test_deliveries_are_seen_and_replayed(api: Service) -> None:
    made = await webhook(api)
    path = f"/v1/webhooks/{made['id']}"
    ids = [(await api.client.post(f"{path}/test", json={"type": "scan"})).json()["id"] for _ in range(3)]
    assert len(set(ids)) == 3
    page = (await api.client.get(f"{path}/deliveries?limit=2")).json()
    assert [one["webhook_id"] for one in page["deliveries"]] == [ids[2], ids[1]]
    last = (await api.client.get(f"{path}/deliveries?limit=2&cursor={page['next_cursor']}")).json()
    assert [one["webhook_id"] for one in last["deliveries"]] == [ids[0]] and last["next_cursor"] is None
    one = (await api.client.get(f"{path}/deliveries/{last['deliveries'][0]['id']}")).json()
    assert '"data":{"test":true}' in one["body"] and one["status"] == "pending"
    assert (await api.client.post(f"{path}/deliveries/{one['id']}/replay")).json() == {"replayed": 1}
    assert (await api.client.post(f"{path}/deliveries/7/replay")).status_code == 404
    assert (await api.client.get(f"{path}/deliveries/7")).status_code == 404
    assert (await api.client.post(f"{path}/replay")).json() == {"replayed": 0}
    assert (await api.client.get(f"{path}/deliveries?status=dead")).json()["deliveries"] == []
    for query in ("status=all", "cursor=x", "limit=x"):
        response = await api.client.get(f"{path}/deliveries?{query}")
        assert (response.status_code, response.json()["error"]["field"]) == (400, query.partition("=")[0])
    assert (await deliveries.state(api.redis, made["id"])).pending == 3


async def test_a_plan_limits_webhooks(api: Service) -> None:
    import msgspec

    api.plans["unlimited"] = msgspec.structs.replace(api.plans["unlimited"], webhooks=1)
    await webhook(api)
    response = await api.client.post("/v1/webhooks", json={"url": URL, "events": ["scan"]})
    assert (response.status_code, response.json()["error"]["code"]) == (402, "webhooks")
