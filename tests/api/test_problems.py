"""Whatever goes wrong is said in one shape: a status, a word, a sentence and the field."""

import tempfile
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from codes import replication
from codes.redis_client import command
from codes.replication import Replication
from infra.warehouse import Warehouse
from tests.api.service import Service
from tests.servers.redis import running


def fault(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    assert list(body) == ["error"] and set(body["error"]) == {"code", "message", "field"}
    found: dict[str, Any] = body["error"]
    return found


UNKNOWN = [
    "/v1",
    "/v1/",
    "/v1/dynamics",
    "/v1//dynamic",
    "/v2/dynamic",
    "/V1/dynamic",
    "/v1/dynamic/a/b/c",
    "/v1/qr%00",
    "/v1/%ff%fe",
    "/%zz",
    "/v1/dynamic/x/scans//",
]


async def test_unknown_paths_are_404(api: Service) -> None:
    for path in UNKNOWN:
        for client in (api.client, api.anonymous):
            for method in ("GET", "POST", "DELETE", "MADE-UP"):
                response = await client.request(method, path)
                assert (response.status_code, fault(response)["code"]) == (404, "not_found"), path
                assert fault(response)["field"] is None


async def test_what_is_no_id_is_404(api: Service) -> None:
    for id in ("%2e%2e", "%00", "%ff%fe", "%zz", "%", "a%2Fb", "bulk", "é", "%F0%9F%98%80", "a" * 5000):
        for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/scans")):
            response = await api.client.request(method, f"/v1/dynamic/{id}{path}", json={})
            assert (response.status_code, fault(response)["code"]) == (404, "not_found"), id


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/dynamic", "GET, HEAD, POST"),
        ("/v1/dynamic/00000000-0000-4000-8000-000000000000", "DELETE, GET, HEAD, PATCH"),
        ("/v1/dynamic/00000000-0000-4000-8000-000000000000/scans", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
async def test_other_methods_are_405_with_what_is_allowed(api: Service, path: str, allowed: str) -> None:
    told = await api.anonymous.options(path)
    assert (told.status_code, told.headers["allow"], told.content) == (204, f"{allowed}, OPTIONS", b"")
    for method in ("PUT", "TRACE", "QUERY"):
        response = await api.anonymous.request(method, path)
        assert (response.status_code, response.headers["allow"]) == (405, allowed)
        assert fault(response)["code"] == "method_not_allowed"


async def test_head_is_get_without_a_body(api: Service) -> None:
    code = await api.make()
    # (Without the check of bodies: there is none.)
    plain = httpx.AsyncClient(transport=httpx.ASGITransport(api.app), base_url="http://api", headers=api.client.headers)
    for path in (f"/v1/dynamic/{code['id']}", "/v1/dynamic", "/docs", "/healthz"):
        got, head = await api.client.get(path), await plain.head(path)
        assert (head.status_code, head.headers["content-length"]) == (got.status_code, got.headers["content-length"])
        assert head.content == b"" != got.content


async def test_a_body_too_large_is_413(api: Service) -> None:
    for method, path in (("POST", "/v1/dynamic"), ("PATCH", f"/v1/dynamic/{(await api.make())['id']}")):
        response = await api.client.request(method, path, content=b'{"label": "' + b"a" * 1_100_000 + b'"}')
        assert (response.status_code, fault(response)["code"]) == (413, "body_too_large")
        assert fault(response)["field"] == "body"


async def test_headers_of_16_kb_are_431(api: Service) -> None:
    for path in ("/v1/dynamic", "/nowhere"):
        response = await api.client.get(path, headers={"X-Long": "a" * 16_000})
        assert (response.status_code, fault(response)["code"]) == (431, "headers_too_large")


async def test_a_fault_of_ours_is_500_in_the_same_shape(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(workspace: int, id: str) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr(api.codes, "get", broken)
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=api.client.headers) as client:
        response = await client.get("/v1/dynamic/00000000-0000-4000-8000-000000000000")
    assert (response.status_code, fault(response)["code"]) == (500, "internal")
    assert "secret detail" not in response.text


async def test_redis_away_is_503_until_it_is_back(warehouse: Warehouse) -> None:
    with tempfile.TemporaryDirectory(prefix="wm-") as folder, running(Path(folder)) as server:
        api = Service(server.url, warehouse)
        try:
            await api.open()
            id = (await api.make())["id"]
            server.kill()
            calls = [("GET", ""), ("POST", ""), *((method, f"/{id}") for method in ("GET", "PATCH", "DELETE"))]
            for method, path in (*calls, ("GET", f"/{id}/scans")):
                sent = {"destination": "https://example.com/b"}
                response = await api.client.request(method, f"/v1/dynamic{path}", json=sent)
                assert (response.status_code, fault(response)["code"]) == (503, "unavailable")
                assert fault(response)["field"] is None
                assert int(response.headers["retry-after"]) > 0
            server.start()
            response = await api.client.get(f"/v1/dynamic/{id}")
            assert (response.status_code, response.json()["destination"]) == (200, "https://example.com/a")
        finally:
            await api.close()


@pytest.mark.parametrize("state", ["memory full", "a replica"])
async def test_a_redis_that_cannot_write_is_503(api: Service, state: str) -> None:
    """Also where a script meets it, whose own error Redis 6.2 makes of that."""
    id = (await api.make())["id"]
    if state == "a replica":
        await command(api.redis, "REPLICAOF", "127.0.0.1", 1)
    else:
        await api.redis.config_set("maxmemory", 1)
    try:
        for method, path in (("POST", ""), ("PATCH", f"/{id}"), ("DELETE", f"/{id}")):
            response = await api.client.request(method, f"/v1/dynamic{path}", json={"destination": "https://e.com/b"})
            assert (response.status_code, fault(response)["code"]) == (503, "unavailable")
    finally:
        await api.redis.config_set("maxmemory", 0)
        await command(api.redis, "REPLICAOF", "NO", "ONE")


async def test_a_change_that_no_replica_has_is_503_in_each_shape(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    id = (await api.make())["id"]
    monkeypatch.setattr(replication, "WAIT_MS", 1)
    api.use(msgspec.structs.replace(api.context, replication=Replication(api.redis, 1)))
    for method, path in (("POST", ""), ("PATCH", f"/{id}"), ("DELETE", f"/{id}")):
        response = await api.client.request(method, f"/v1/dynamic{path}", json={"destination": "https://e.com/b"})
        assert (response.status_code, fault(response)["code"]) == (503, "unavailable")
    response = await api.client.post("/api/v1/dynamic/", json={"name": "n", "destination_url": "https://e.com/b"})
    assert response.status_code == 503
    assert "detail" in response.json()
    # What only reads needs no replica.
    assert (await api.client.get("/v1/dynamic")).status_code == 200


async def test_the_warehouse_away_is_503_for_scans_only(redis_url: str) -> None:
    api = Service(redis_url, Warehouse(url="http://127.0.0.1:1"))
    try:
        api.client = await api.caller()
        id = (await api.make())["id"]
        response = await api.client.get(f"/v1/dynamic/{id}/scans")
        assert (response.status_code, fault(response)["code"]) == (503, "unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert (await api.client.get(f"/v1/dynamic/{id}")).status_code == 200
        assert (await api.client.get(f"/v1/dynamic/{id}/scans?days=x")).status_code == 400
    finally:
        await api.close()
