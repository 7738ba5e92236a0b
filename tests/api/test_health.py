"""Alive, ready, and counted."""

import asyncio
import tempfile
from pathlib import Path

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from analytics.query_pool import QueryPool
from api import health
from api.app import create_app
from api.health import engine_checks
from infra.exposition import exposition
from infra.warehouse import Warehouse
from tests.api.service import Service
from tests.servers.redis import running


async def test_what_is_counted_is_not_on_a_public_port(api: Service) -> None:
    for client in (api.anonymous, api.client):
        assert (await client.get("/metrics")).status_code == 404


async def test_alive_whatever_else_is_not(api: Service) -> None:
    response = await api.anonymous.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


async def test_ready_names_what_is_missing(api: Service) -> None:
    lacks: dict[str, str | None] = {"redis": None, "warehouse": None}

    async def redis() -> str | None:
        return lacks["redis"]

    async def warehouse() -> str | None:
        if lacks["warehouse"] == "silent":
            await asyncio.sleep(60)
        return lacks["warehouse"]

    context = msgspec.structs.replace(api.context, readiness={"redis": redis, "warehouse": warehouse})
    transport = httpx.ASGITransport(create_app(msgspec.structs.replace(context, registry=type(context.registry)())))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        response = await client.get("/readyz")
        assert (response.status_code, response.json()) == (200, {"ready": True, "missing": {}})
        lacks["redis"] = "connection refused"
        response = await client.get("/readyz")
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert response.json() == {"ready": False, "missing": {"redis": "connection refused"}}


async def test_a_part_that_says_nothing_is_missing(api: Service) -> None:
    async def silent() -> str | None:
        await asyncio.sleep(60)
        return None

    began = asyncio.get_running_loop().time()
    found = await health.readiness({"a": silent, "b": silent})
    assert set(found.missing) == {"a", "b"}
    assert asyncio.get_running_loop().time() - began < health.PATIENCE_S + 1


async def test_requests_are_counted_by_route_and_never_by_what_a_client_makes_up(api: Service) -> None:
    code = await api.make()
    await api.client.get(f"/v1/dynamic/{code['id']}")
    await api.client.get(f"/v1/dynamic/{code['id']}/scans?days=x")
    await api.client.get("/v1/dynamic/made-up")
    await api.anonymous.request("MADE", "/up/by/a/client")
    await api.anonymous.get("/v1/dynamic", headers={"X-Long": "a" * 20_000})
    text = exposition(api.context.registry).decode()
    counted = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "waymark_api_requests_total"
    }
    assert counted == {
        ("POST", "/v1/dynamic", "201"): 1,
        ("GET", "/v1/dynamic/{id}", "200"): 1,
        ("GET", "/v1/dynamic/{id}", "404"): 1,
        ("GET", "/v1/dynamic/{id}/scans", "400"): 1,
        ("other", "other", "404"): 1,
        ("other", "other", "431"): 1,
    }
    assert code["id"] not in text and "made" not in text.lower()


async def test_what_the_api_needs_is_asked_for_real(warehouse: Warehouse) -> None:
    with tempfile.TemporaryDirectory(prefix="wm-") as folder, running(Path(folder)) as server:
        api = Service(server.url, warehouse)
        away = QueryPool(Warehouse(url="http://127.0.0.1:1"), 1)
        try:
            for questions, redis_is_up, missing in (
                (api.questions, True, set[str]()),
                (away, True, {"warehouse"}),
                (api.questions, False, {"redis"}),
            ):
                if not redis_is_up:
                    server.stop()
                asked = engine_checks(api.codes, questions)
                found = await health.readiness(asked)
                assert (found.ready, set(found.missing)) == (not missing, missing)
                assert folder not in str(found.missing)
            server.start()
            await api.redis.config_set("maxmemory-policy", "allkeys-lru")
            found = await health.readiness(asked)
            assert "noeviction" in found.missing["redis"]
        finally:
            await away.close()
            await api.close()
