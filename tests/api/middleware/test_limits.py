"""A request's size and time are bounded, whatever it says of itself."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from api.middleware.limits import Limits, RequestLimits
from api.problems import Problem
from api.responses import Json

LIMITS = Limits(headers_bytes=1000, body_bytes=1000, body_s=0.6, answer_s=2.0, discard_bytes=2000)


def answer(path: str, problem: Problem) -> Json:
    body = {"path": path, "code": problem.code, "field": problem.field}
    return Json(body, problem.status, dict(problem.headers))


async def refused(scope: Scope, problem: Problem) -> Response:
    return answer(scope["path"], problem)


async def size(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def slow(request: Request) -> Response:
    await asyncio.sleep(10)
    return PlainTextResponse("late")


async def slowly(request: Request) -> Response:
    """Longer as a whole than an answer may take to begin."""

    async def parts() -> AsyncIterator[bytes]:
        for pause_s in (0.8, 0.8, 0.8, float(request.query_params["last"])):
            await asyncio.sleep(pause_s)
            yield b"x"

    return StreamingResponse(parts())


async def failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(request.url.path, error)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    routes = [Route("/size", size, methods=["GET", "POST"]), Route("/slow", slow), Route("/slowly", slowly)]
    inner = Starlette(routes=routes, exception_handlers={Problem: failed})
    app = RequestLimits(inner, LIMITS, refused)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bounds") as client:
        yield client


async def chunks(count: int, size: int, pause_s: float = 0) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size
        await asyncio.sleep(pause_s)


@pytest.mark.parametrize("length", [0, 1, 999, 1000])
async def test_a_body_up_to_the_bound_is_read_whole(client: httpx.AsyncClient, length: int) -> None:
    assert (await client.post("/size", content=b"x" * length)).text == str(length)
    assert (await client.post("/size", content=chunks(length, 1))).text == str(length)


@pytest.mark.parametrize("length", [1001, 2500, 3001, 1_000_000])
async def test_a_larger_one_is_413_with_and_without_a_length(client: httpx.AsyncClient, length: int) -> None:
    declared = await client.post("/size", content=b"x" * length)
    counted = await client.post("/size", content=chunks(-(-length // 500), 500))
    for response in (declared, counted):
        assert response.status_code == 413
        assert response.json() == {"path": "/size", "code": "body_too_large", "field": "body"}
        assert response.headers["connection"] == "close"


async def test_a_length_that_says_too_little_does_not_help(client: httpx.AsyncClient) -> None:
    response = await client.post("/size", content=chunks(5, 500), headers={"Content-Length": "10"})
    assert response.status_code == 413


async def test_a_body_that_drips_is_408(client: httpx.AsyncClient) -> None:
    began = asyncio.get_running_loop().time()
    response = await client.post("/size", content=chunks(100, 1, 0.1))
    assert (response.status_code, response.json()["code"]) == (408, "too_slow")
    assert asyncio.get_running_loop().time() - began < 8


async def test_an_answer_that_takes_too_long_is_503(client: httpx.AsyncClient) -> None:
    response = await client.get("/slow")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["path"] == "/slow"


async def test_a_long_answer_may_take_as_long_as_it_goes_on(client: httpx.AsyncClient) -> None:
    assert (await client.get("/slowly?last=0.3")).text == "xxxx"
    with pytest.raises(TimeoutError):
        await client.get("/slowly?last=10")


async def test_a_bulk_may_be_larger_than_other_bodies() -> None:
    assert Limits().of("/api/qr/codes/bulk").body_bytes > 1000 * 2048 > Limits().of("/api/qr/codes").body_bytes


async def test_headers_too_large_are_431(client: httpx.AsyncClient) -> None:
    assert (await client.get("/size", headers={"X-One": "a" * 700})).status_code == 200
    for headers in ({"X-One": "a" * 1000}, {f"X-{number}": "a" * 10 for number in range(100)}):
        response = await client.get("/size", headers=headers)
        assert (response.status_code, response.json()["code"]) == (431, "headers_too_large")


async def test_the_real_bound_leaves_no_room_for_a_header_of_16_kb() -> None:
    assert 8_000 < Limits().headers_bytes < 16_000
