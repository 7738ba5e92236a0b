"""Idempotency-Key: what is sent again is made once, wherever the first attempt was cut short."""

import asyncio
import uuid
from hashlib import blake2b
from typing import Any

import httpx
import pytest

from api import idempotency
from api.dialects import DIALECTS
from codes.code_fields import NewCode
from codes.errors import Unavailable
from codes.plans import presets
from codes.workspaces import ensure_workspace, set_plan
from schemas import keys
from tests.api.service import Body, Service

NEW = {"destination": "https://example.com/a"}
BULK = {"items": [{"destination": f"https://example.com/{n}"} for n in range(20)]}
CREATES = [("/v1/dynamic", NEW), ("/v1/dynamic/bulk", BULK), ("/v1/folders", {"name": "Spring"})]


async def send(api: Service, path: str, body: Any, key: str = "one", **more: Any) -> httpx.Response:
    return await api.client.post(path, json=body, headers={"Idempotency-Key": key, **more.pop("headers", {})}, **more)


async def listed(api: Service) -> list[Body]:
    found: list[Body] = (await api.client.get("/v1/dynamic?limit=500")).json()["codes"]
    return found


def test_every_creation_honours_it() -> None:
    """honoured on every create"""
    created = {
        (dialect.prefix, route.path)
        for dialect in DIALECTS
        for route in dialect.routes
        if route.method == "POST" and route.status in (201, 202) and route.scope is not None
    }
    # A test event is one more each time, and a run is of its period, however often it is asked for.
    created -= {("/v1", "/v1/webhooks/{id}/test"), ("/v1", "/v1/exports/{id}/runs")}
    honoured = {(dialect.prefix, route.path) for dialect in DIALECTS for route in dialect.routes if route.creates}
    assert created <= honoured


@pytest.mark.parametrize(("path", "body"), CREATES)
async def test_sent_again_it_is_answered_as_the_first_time(api: Service, path: str, body: Body) -> None:
    first = await send(api, path, body)
    assert first.status_code == 201 and idempotency.REPLAYED not in first.headers
    again = await send(api, path, body)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers[idempotency.REPLAYED] == "true"
    assert again.headers.get("etag") == first.headers.get("etag")
    count = len(await listed(api)) + len((await api.client.get("/v1/folders")).json()["folders"])
    assert count == (20 if path.endswith("bulk") else 1)
    other = await send(api, path, body, "two")
    assert other.status_code == 201 and other.json() != first.json()


async def test_a_key_again_shows_its_secret_again_and_redis_never_has_it(api: Service) -> None:
    first = await send(api, "/v1/keys", {"name": "Till"})
    again = await send(api, "/v1/keys", {"name": "Till"})
    assert again.status_code == 201 and again.json() == first.json()
    secret = first.json()["secret"]
    assert len((await api.client.get("/v1/keys")).json()["keys"]) == 2
    assert (await api.connect(Authorization=f"Bearer {secret}").get("/v1/dynamic")).status_code == 200
    async for at in api.redis.scan_iter("*"):
        raw = await api.redis.dump(at)
        assert isinstance(raw, bytes) and secret.encode() not in raw
    # Another caller's key of the same name leads to another secret.
    admin = await api.caller()
    theirs = await admin.post("/v1/keys", json={"name": "Till"}, headers={"Idempotency-Key": "two"})
    assert theirs.json()["secret"] != secret


@pytest.mark.parametrize(("path", "body"), CREATES)
async def test_another_body_under_the_same_key_is_refused(api: Service, path: str, body: Body) -> None:
    await send(api, path, body)
    response = await send(api, path, {**body, "x": 1})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "idempotency_key_reused")


async def test_keys_of_other_paths_and_workspaces_are_others(api: Service) -> None:
    code = (await send(api, "/v1/dynamic", NEW)).json()
    assert (await send(api, "/v1/folders", {"name": "x"})).status_code == 201
    theirs = await api.caller("theirs")
    response = await theirs.post("/v1/dynamic", json=NEW, headers={"Idempotency-Key": "one"})
    assert response.status_code == 201 and response.json()["id"] != code["id"]


async def test_many_at_once_make_one(api: Service) -> None:
    answers = await asyncio.gather(*(send(api, "/v1/dynamic", NEW) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum(idempotency.REPLAYED not in answer.headers for answer in answers) == 1
    assert len(await listed(api)) == 1


async def test_a_refusal_is_forgotten(api: Service) -> None:
    assert (await send(api, "/v1/dynamic", {"destination": "http://localhost/"})).status_code == 400
    assert (await send(api, "/v1/dynamic", NEW)).status_code == 201


async def test_after_a_day_it_is_new(api: Service) -> None:
    await send(api, "/v1/dynamic", NEW)
    kept = [at async for at in api.redis.scan_iter("*:once:*")]
    assert len(kept) == 1 and 86_000_000 < await api.redis.pttl(kept[0]) <= idempotency.KEPT_MS == 86_400_000


@pytest.mark.parametrize("key", ["", "a" * 256, "é", "a\x7f"])
async def test_what_is_no_key(api: Service, key: str) -> None:
    response = await api.client.post("/v1/dynamic", json=NEW, headers=[(b"Idempotency-Key", key.encode("latin-1"))])
    assert (response.status_code, response.json()["error"]["field"]) == (400, "Idempotency-Key")


class Cut(BaseException):
    """As if the process had ended here."""


@pytest.mark.parametrize("step", ["intent", "written", "indexed"])
async def test_cut_short_between_the_write_and_the_answer(
    api: Service, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """An attempt that dies with its lease running; the next one waits for it, and makes nothing twice."""
    monkeypatch.setattr(idempotency, "LEASE_MS", 300)

    async def cut(done: str) -> None:
        if done == step:
            raise Cut

    async def nothing(attempt: idempotency.Attempt, how: str, what: object = "") -> bool:
        return True

    whole = idempotency.Attempt.end
    monkeypatch.setattr(idempotency.Attempt, "end", nothing)
    monkeypatch.setattr(api.codes._creator, "_step", cut)
    with pytest.raises(Cut):
        await send(api, "/v1/dynamic", {**NEW, "label": "x"})
    monkeypatch.setattr(idempotency.Attempt, "end", whole)
    monkeypatch.undo()
    answers = await asyncio.gather(*(send(api, "/v1/dynamic", {**NEW, "label": "x"}) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [201] * 3
    (code,) = await listed(api)
    assert all(answer.json() == code for answer in answers)


async def test_a_bulk_that_was_cut_short_is_gone_on_with(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    create = api.codes.create

    async def away_after_seven(workspace: int, new: NewCode) -> Any:
        nonlocal made
        if made == 7:
            raise Unavailable("away")
        made += 1
        return await create(workspace, new)

    monkeypatch.setattr(api.codes, "create", away_after_seven)
    assert (await send(api, "/v1/dynamic/bulk", BULK)).status_code == 503
    monkeypatch.undo()
    before = {code["id"] for code in await listed(api)}
    assert len(before) == 7
    answer = (await send(api, "/v1/dynamic/bulk", BULK)).json()
    assert (answer["created"], answer["failed"]) == (20, 0)
    after = {code["id"] for code in await listed(api)}
    assert len(after) == 20 and before < after == {result["code"]["id"] for result in answer["results"]}


async def test_without_a_key_a_bulk_says_what_was_not_made(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    create = api.codes.create

    async def away_for_some(workspace: int, new: NewCode) -> Any:
        if new.destination.endswith("3"):
            raise Unavailable("away")
        return await create(workspace, new)

    monkeypatch.setattr(api.codes, "create", away_for_some)
    answer = (await api.client.post("/v1/dynamic/bulk", json=BULK)).json()
    assert (answer["created"], answer["failed"]) == (18, 2)
    assert answer["results"][3]["error"]["code"] == "unavailable"


async def test_who_repeats_in_time_is_told_to_wait(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "WAIT_S", 0.2)
    create, going = api.codes.create, asyncio.Event()

    async def slow(workspace: int, new: NewCode) -> Any:
        going.set()
        await asyncio.sleep(1)
        return await create(workspace, new)

    monkeypatch.setattr(api.codes, "create", slow)
    first = asyncio.create_task(send(api, "/v1/dynamic", NEW))
    await going.wait()
    second = await send(api, "/v1/dynamic", NEW)
    assert (second.status_code, second.json()["error"]["code"]) == (409, "in_progress")
    assert (await first).status_code == 201
    assert (await send(api, "/v1/dynamic", NEW)).json() == (await first).json()


async def test_a_repeated_creation_is_not_counted_again(api: Service) -> None:
    await set_plan(api.redis, (await ensure_workspace(api.redis, "ours")).number, "openqr")
    for n in range(20):
        for _ in range(2):
            assert (await send(api, "/v1/dynamic", NEW, str(n))).status_code == 201
    assert (await send(api, "/v1/dynamic", NEW, "20")).status_code == 429
    # A refusal by the plan is forgotten too.
    api.clock.pass_by(hours=1, seconds=1)
    assert (await send(api, "/v1/dynamic", NEW, "20")).status_code == 201


async def test_ids_of_an_attempt(api: Service) -> None:
    attempt = idempotency.Attempt(api.redis, 1, "", "", b"s" * 32, presets()["unlimited"])
    found = [attempt.id(str(n)) for n in range(50)]
    assert len(set(found)) == 50 and found == [attempt.id(str(n)) for n in range(50)]
    assert all(str(uuid.UUID(id)) == id and uuid.UUID(id).version == 4 for id in found)


@pytest.mark.parametrize("name", ["password", "pass\\u0077ord"])
async def test_a_record_is_no_quick_way_to_a_password(api: Service, name: str) -> None:
    """Who has read the record can try no more passwords than who has read the code."""
    body = f'{{"destination":"https://example.com/a","{name}":"open sesame"}}'.encode()

    async def sent(what: bytes) -> httpx.Response:
        return await api.client.post("/v1/dynamic", content=what, headers={"Idempotency-Key": "one"})

    first = await sent(body)
    assert first.status_code == 201 and first.json()["has_password"]
    (at,) = [at async for at in api.redis.scan_iter("*:once:*")]
    kept: dict[Any, Any] = await api.redis.hgetall(at)
    quick = {blake2b(what, digest_size=20).hexdigest() for what in (body, b"\n" + body)}
    assert kept[b"asked"].decode() not in quick and b"sesame" not in repr(kept).encode()
    assert (await sent(body)).json() == first.json()
    assert (await sent(body.replace(b"sesame", b"sesamo"))).status_code == 422


async def test_so_many_keys_and_so_many_bytes_of_answers(api: Service) -> None:
    workspace = (await ensure_workspace(api.redis, "ours")).number
    plan, at = presets()["unlimited"], keys.onces(workspace)
    made = (await send(api, "/v1/dynamic", NEW)).json()
    raw: dict[Any, Any] = await api.redis.hgetall(at)
    found = {name.decode(): int(value) for name, value in raw.items()}
    (day,) = {name.partition(":")[2] for name in found}
    assert found[f"records:{day}"] == 1 and found[f"bytes:{day}"] > 500
    # An answer that there is no room for is made again, and the same.
    await api.redis.hset(at, f"bytes:{day}", str(plan.idempotency_bytes))
    second = (await send(api, "/v1/dynamic", NEW, "two")).json()
    again = await send(api, "/v1/dynamic", NEW, "two")
    assert again.json()["id"] == second["id"] and idempotency.REPLAYED not in again.headers
    # What was begun goes on; what is refused was none.
    await api.redis.hset(at, f"records:{day}", str(plan.idempotency_keys - 1))
    assert (await send(api, "/v1/dynamic", {}, "three")).status_code == 400
    assert (await send(api, "/v1/dynamic", NEW, "three")).status_code == 201
    full = await send(api, "/v1/dynamic", NEW, "four")
    assert (full.status_code, full.json()["error"]["field"]) == (429, "Idempotency-Key")
    assert full.headers["retry-after"] == "3600"
    assert (await send(api, "/v1/dynamic", NEW)).json() == made
    theirs = await api.caller("theirs")
    assert (await theirs.post("/v1/dynamic", json=NEW, headers={"Idempotency-Key": "four"})).status_code == 201
