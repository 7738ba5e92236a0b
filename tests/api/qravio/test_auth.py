"""Qravio: keys, the month's quota, and what goes wrong. The quoted lines are the document's own."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from codes.apikeys import list_keys, revoke
from codes.plans import presets
from codes.quotas import NO_LIMIT
from codes.redis_client import connect
from codes.workspaces import ensure_workspace
from tests.api.qravio.calls import DYNAMIC, HERE, NOBODY, PATH, STATIC, made, page, refused, sent, static, under_plan
from tests.api.service import NOW, Service

JUNE = round(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
CALLS = [
    ("GET", ""),
    ("POST", ""),
    ("GET", f"/{NOBODY}"),
    ("PATCH", f"/{NOBODY}"),
    ("DELETE", f"/{NOBODY}"),
    ("GET", f"/{NOBODY}/analytics"),
]


def told(response: httpx.Response) -> tuple[int, int, int]:
    """Limit, remaining and reset."""
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
    limit, remaining, reset = (int(response.headers[name]) for name in names)
    return limit, remaining, reset


async def test_a_key_as_a_bearer_token_or_in_its_own_header(api: Service) -> None:
    """Authenticate by sending your API key as a bearer token in the Authorization header (or the X-API-Key header)."""
    key = await api.key()
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}, {"x-api-key": f" {key} "}):
        assert (await api.anonymous.get(PATH, headers=headers)).status_code == 200


async def test_the_bearer_token_wins(api: Service) -> None:
    """Authenticate by sending your API key as a bearer token in the Authorization header (or the X-API-Key header)."""
    ours, theirs = await api.key("ours"), await api.key("theirs")
    code = await made(api)
    both = {"Authorization": f"Bearer {ours}", "X-API-Key": theirs}
    assert [one["id"] for one in (await api.anonymous.get(PATH, headers=both)).json()] == [code["id"]]
    other = {"Authorization": f"Bearer {theirs}", "X-API-Key": ours}
    assert (await api.anonymous.get(PATH, headers=other)).json() == []
    wrong = {"Authorization": "Bearer wrong", "X-API-Key": ours}
    refused(await api.anonymous.get(PATH, headers=wrong), 401)


async def test_who_is_not_let_in(api: Service) -> None:
    """401 Unauthorized Missing, invalid, revoked, or expired API key."""
    workspace = (await ensure_workspace(api.redis, "ours")).number
    revoked = await api.key()
    last = (await list_keys(api.redis, workspace))[-1]
    for one in await list_keys(api.redis, workspace):
        if one.last_four == revoked[-4:]:
            last = one
    await revoke(api.redis, workspace, last.id)
    expired = await api.key(lasts=timedelta(seconds=1))
    api.clock.pass_by(seconds=2)
    strangers: list[dict[str, str]] = [{}, {"Authorization": "Basic eDp4"}, {"Authorization": "Bearer "}]
    for secret in ("wrong", revoked, expired, "é", "x" * 5_000):
        strangers.append({"X-API-Key": secret})
        strangers.append({"Authorization": f"Bearer {secret}"})
    for method, path in CALLS:
        for headers in strangers:
            raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            response = await api.anonymous.request(method, PATH + path, headers=raw)
            refused(response, 401)
            assert "x-ratelimit-limit" not in response.headers
            assert response.headers["www-authenticate"].startswith("Bearer")


async def test_any_live_key_works(api: Service) -> None:
    """Create and manage keys in your dashboard under Developers."""
    code = await made(api)
    reader = await api.caller(scope="read")
    assert (await reader.get(PATH)).status_code == 200
    for method, path in (("POST", ""), ("PATCH", f"/{code['id']}"), ("DELETE", f"/{code['id']}")):
        response = await reader.request(method, PATH + path, json=sent())
        refused(response, 403)
        assert told(response)[0] == NO_LIMIT
    await reader.aclose()


@pytest.mark.parametrize(("plan", "calls"), [("qravio-pro", 3_000), ("qravio-agency", 25_000), ("unlimited", NO_LIMIT)])
async def test_every_answer_tells_the_quota(api: Service, plan: str, calls: int) -> None:
    """Every response includes rate-limit headers. … Your monthly call allowance. … Calls remaining in the current"""
    await under_plan(api, plan)
    done = 0

    def one_more(response: httpx.Response, status: int) -> None:
        nonlocal done
        done += 1
        assert response.status_code == status, response.text
        assert told(response) == (calls, calls - done if calls != NO_LIMIT else NO_LIMIT, JUNE)

    one_more(await api.client.get(PATH), 200)
    made_one = await api.client.post(PATH, json=sent())
    one_more(made_one, 201)
    at = f"{PATH}/{made_one.json()['id']}"
    one_more(await api.client.get(at), 200)
    one_more(await api.client.get(at + "/analytics"), 200)
    one_more(await api.client.patch(at, json={"name": "x"}), 200)
    # Failures count and tell too.
    one_more(await api.client.post(PATH, json={}), 422)
    one_more(await api.client.post(PATH, content=b"{"), 422)
    one_more(await api.client.post(PATH, content=b" " * 1_100_000), 413)
    one_more(await api.client.patch(at, json={"name": "y"}, headers={"If-Match": '"old"'}), 412)
    one_more(await api.client.get(f"{PATH}/{NOBODY}"), 404)
    one_more(await api.client.get("/api/public/v1/teapots"), 404)
    one_more(await api.client.get("/api/public/v1"), 404)
    one_more(await api.client.put(PATH, json={}), 405)
    one_more(await api.client.get(at, headers={"X-Long": "a" * 16_000}), 431)
    one_more(await api.client.delete(at), 204)
    # Other APIs' calls are not these.
    assert "x-ratelimit-limit" not in (await api.client.get("/v1/dynamic")).headers
    await api.questions.close()
    one_more(await api.client.get(f"{PATH}/{NOBODY}"), 404)


async def test_a_quota_that_is_used_up(api: Service) -> None:
    """Exceeding the quota returns 429 with a Retry-After header. … On 429 only — seconds until the quota resets."""
    await under_plan(api, "qravio-pro")
    workspace = (await ensure_workspace(api.redis, "ours")).number
    await api.redis.set(f"{{wm}}:{{ws:{workspace}}}:quota:qravio-calls:2026-05", 2_995)
    answers = await asyncio.gather(*(api.client.get(PATH) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 7
    assert sorted(told(answer)[1] for answer in answers if answer.status_code == 200) == list(range(5))
    for answer in answers:
        if answer.status_code == 429:
            assert told(answer) == (3_000, 0, JUNE)
            assert int(answer.headers["retry-after"]) == JUNE - int(NOW.timestamp())
            assert "3000" in refused(answer, 429)
        else:
            assert "retry-after" not in answer.headers
    for method, path in CALLS:
        refused(await api.client.request(method, PATH + path, json={}), 429)
    # The next month begins anew.
    api.clock.now = datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC)
    assert (await api.client.get(PATH)).headers["retry-after"] == "1"
    api.clock.pass_by(seconds=1)
    july = round(datetime(2026, 7, 1, tzinfo=UTC).timestamp())
    assert told(await api.client.get(PATH)) == (3_000, 2_999, july)


async def test_each_workspace_has_a_quota_of_its_own(api: Service) -> None:
    """Each workspace has a monthly call quota based on its plan."""
    await under_plan(api, "qravio-pro")
    await under_plan(api, "qravio-agency", "theirs")
    theirs, colleague = await api.caller("theirs"), await api.caller("ours")
    assert told(await api.client.get(PATH))[:2] == (3_000, 2_999)
    assert told(await theirs.get(PATH))[:2] == (25_000, 24_999)
    assert told(await colleague.get(PATH))[:2] == (3_000, 2_998)
    await theirs.aclose()
    await colleague.aclose()


@pytest.mark.parametrize("plan", ["qravio-free", "qravio-starter"])
async def test_plans_without_the_api(api: Service, plan: str) -> None:
    """Free / Starter No API access … 403 Forbidden Workspace lacks api_access"""
    code = await made(api)
    await under_plan(api, plan)
    for method, path in CALLS:
        response = await api.client.request(method, PATH + path, json=sent())
        assert refused(response, 403) == "API access requires a Pro or higher plan."
        assert told(response) == (0, 0, JUNE)
    # It closes only this API.
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).status_code == 200


async def test_the_types_of_a_plan(api: Service) -> None:
    """403 Forbidden The QR type isn’t available on your plan. … Static types (available on all plans)"""
    await under_plan(api, "qravio-pro")
    for type in DYNAMIC:
        await made(api, sent() if type == "website" else page(type))
    for type in STATIC:
        await made(api, static(type))
    for type in ("wifi", "text", "email"):
        assert type in refused(await api.client.post(PATH, json=page(type)), 403)
    await made(api, sent(type="url"))
    assert presets()["qravio-pro"].types == frozenset(DYNAMIC)


async def test_the_limit_of_codes_of_a_plan(api: Service) -> None:
    """402 Payment Required QR-code limit reached for your plan."""
    await under_plan(api, "qr-code-agency-starter")
    for _ in range(10):
        await made(api)
    refused(await api.client.post(PATH, json=sent()), 402)
    paused = await made(api, sent(status="inactive"))
    refused(await api.client.patch(f"{PATH}/{paused['id']}", json={"status": "active"}), 402)
    await made(api, static())


async def test_errors_are_one_sentence(api: Service) -> None:
    """Errors return a JSON body with a single detail message."""
    sentences = [
        refused(await api.anonymous.get(PATH), 401),
        refused(await api.client.get(f"{PATH}/{NOBODY}"), 404),
        refused(await api.client.get("/api/public/v1/teapots"), 404),
        refused(await api.client.put(PATH), 405),
        refused(await api.client.post(PATH, json=sent(name=5))),
        refused(await api.client.post(PATH, json=sent(destinations=[{"target_url": HERE, "weight": 500}]))),
    ]
    assert all(sentence.strip() == sentence and "\n" not in sentence for sentence in sentences)
    assert sentences[4].startswith("name ")
    assert sentences[5].startswith("destinations[0].weight")


async def test_when_the_quota_cannot_be_looked_up(redis_server: object, api: Service) -> None:
    """503 Service Unavailable Quota/usage lookup failed — retry shortly."""
    key = await api.key()
    await api.redis.aclose()
    await api.redis.connection_pool.disconnect()
    pool = api.redis.connection_pool
    pool.connection_kwargs["path" if "path" in pool.connection_kwargs else "port"] = (
        "/nowhere.sock" if "path" in pool.connection_kwargs else 9
    )
    pool.reset()  # type: ignore[no-untyped-call]
    response = await api.anonymous.get(PATH, headers={"X-API-Key": key})
    refused(response, 503)
    assert int(response.headers["retry-after"]) >= 1
    refused(await api.anonymous.get("/api/public/v1/teapots", headers={"X-API-Key": key}), 404)


async def test_what_is_away_is_waited_for_once(api: Service) -> None:
    """Qravio's 503 comes as soon as that of the others: who did not answer is not asked again for the headers."""
    key = await api.key()
    asked = []

    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(writer)
        await reader.read()

    silent = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
    away = connect(f"redis://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
    away.connection_pool.connection_kwargs["socket_timeout"] = 0.3
    api.codes.redis = away
    try:
        for path in ("/v1/dynamic", PATH, f"{PATH}/{NOBODY}"):
            response = await api.anonymous.get(path, headers={"Authorization": f"Bearer {key}"})
            assert (response.status_code, len(asked)) == (503, 1), path
            await away.connection_pool.disconnect()
            asked.clear()
    finally:
        await away.aclose()
        silent.close()
