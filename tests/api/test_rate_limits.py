"""A key makes so many calls a second, and its workspace twice as many; others never notice."""

from pathlib import Path

import pytest
from starlette.requests import Request

from api.dialects import DIALECTS
from api.problems import Problem
from api.rate_limits import PLAN_S, RateLimits
from codes.plans import known
from codes.workspaces import ensure_workspace, set_plan
from schemas.code import ApiKey
from tests.api.service import Service


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def request() -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []})


def key(id: str, workspace: int = 1) -> ApiKey:
    return ApiKey(id=id, workspace=workspace, name="", scope="read", digest="", last_four="", created_at_ms=0)


@pytest.fixture
def tiny(api: Service, tmp_path: Path) -> str:
    """A plan of three calls at once, and one a second."""
    path = tmp_path / "plans.toml"
    path.write_text("[plan.tiny]\ncalls_per_second = 1\nburst_calls = 3\n")
    api.plans.update(known(path))
    return "tiny"


async def taken(limits: RateLimits, api: Service, one: ApiKey) -> bool:
    try:
        await limits.take(api.codes, one, request())
    except Problem as problem:
        return problem.code != "too_many_requests"
    return True


async def test_an_honest_client_of_a_few_hundred_calls_a_second_never_meets_them(api: Service) -> None:
    clock = Clock()
    limits = RateLimits(clock=clock)
    for _ in range(30):
        for _ in range(400):
            assert await taken(limits, api, key("a"))
        clock.now += 1


async def test_a_bucket_holds_a_burst_and_fills_again(api: Service) -> None:
    clock = Clock()
    limits = RateLimits(clock=clock)
    plan = api.plans["unlimited"]
    found = [await taken(limits, api, key("a")) for _ in range(plan.burst_calls + 10)]
    assert found == [True] * plan.burst_calls + [False] * 10
    # Another key of the workspace has its own, and a third finds that both have taken all that there is for one.
    assert all([await taken(limits, api, key("b")) for _ in range(plan.burst_calls)])
    assert not await taken(limits, api, key("c"))
    assert await taken(limits, api, key("d", workspace=2))
    clock.now += 0.5
    assert sum([await taken(limits, api, key("a")) for _ in range(plan.calls_per_second)]) == plan.calls_per_second // 2


async def test_in_each_dialect_s_manner(api: Service, tiny: str) -> None:
    await set_plan(api.redis, (await ensure_workspace(api.redis, "ours")).number, tiny)
    lists = {"/v1": "/v1/dynamic", "/api/v1": "/api/v1/dynamic/", "/api/qr": "/api/qr/codes"}
    lists["/api/public/v1"] = "/api/public/v1/qrcodes"
    assert {dialect.prefix for dialect in DIALECTS} == set(lists)
    for dialect in DIALECTS:
        caller = await api.caller()
        # (A bucket fills up while a busy machine answers.)
        answers = [await caller.get(lists[dialect.prefix])]
        while len(answers) < 4 or (answers[-1].status_code == 200 and len(answers) < 100):
            answers.append(await caller.get(lists[dialect.prefix]))
        assert [answer.status_code for answer in answers][:3] == [200] * 3 or dialect is not DIALECTS[0]
        refused = answers[-1]
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        assert refused.headers["ratelimit-policy"] == '"key";q=3;w=3' and "r=0;t=" in refused.headers["ratelimit"]
        assert "a second" in refused.text and "tiny" in refused.text
        await caller.aclose()
        # The next dialect begins with buckets that are full.
        api.context.rates.__init__()  # type: ignore[misc]
    # What is refused so is no call of Qravio's month.
    qravio = await api.caller()
    found = [(await qravio.get(lists["/api/public/v1"])).headers["x-ratelimit-limit"] for _ in range(5)]
    assert found == [str(2**31 - 1)] * 5
    await qravio.aclose()


async def test_a_plan_is_known_for_a_while(api: Service, tiny: str) -> None:
    clock = Clock()
    limits = RateLimits(clock=clock)
    workspace = (await ensure_workspace(api.redis, "ours")).number
    assert [await taken(limits, api, key("a", workspace)) for _ in range(5)] == [True] * 5
    await set_plan(api.redis, workspace, tiny)
    assert await taken(limits, api, key("a", workspace))
    clock.now += PLAN_S
    assert [await taken(limits, api, key("a", workspace)) for _ in range(5)] == [True] * 3 + [False] * 2


async def test_the_tools_are_calls_too(api: Service, tiny: str) -> None:
    await set_plan(api.redis, (await ensure_workspace(api.redis, "ours")).number, tiny)
    # (To load them takes a while, in which buckets fill again.)
    answers = [await api.client.post("/mcp", json={}) for _ in range(10)]
    assert answers[-1].status_code == 429
