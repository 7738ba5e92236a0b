"""A stream that goes on, read by httpx-sse from the server that the API runs on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from clickhouse_connect.driver.client import Client
from httpx_sse import ServerSentEvent, aconnect_sse

from api.stream import hub, messages, reader
from api.stream.reader import Reader
from api.stream.selection import Selection
from codes import apikeys
from codes.redis_client import connect
from codes.workspaces import ensure_workspace
from infra.warehouse import Warehouse
from tests.api.served import Served, serving
from tests.api.stream.stored import Source

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def client(warehouse: Warehouse) -> Iterator[Client]:
    one = warehouse.connect(max_threads=1)
    yield one
    one.close()


@pytest.fixture
def served(redis_url: str, warehouse: Warehouse) -> Iterator[Served]:
    with serving(redis_url, warehouse) as one:
        yield one


@asynccontextmanager
async def stream(
    served: Served, position: str = "", **parameters: str
) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
    headers = {"Authorization": f"Bearer {served.key}"} | ({"Last-Event-ID": position} if position else {})
    async with (
        httpx.AsyncClient(timeout=30) as http,
        aconnect_sse(http, "GET", f"{served.url}/v1/stream", params=parameters, headers=headers) as source,
    ):
        source.response.raise_for_status()
        yield source.aiter_sse()


async def workspace(redis_url: str) -> int:
    redis = connect(redis_url)
    try:
        return (await ensure_workspace(redis, "ours")).number
    finally:
        await redis.aclose()


async def take(events: AsyncIterator[ServerSentEvent], event: str, count: int) -> list[ServerSentEvent]:
    found: list[ServerSentEvent] = []
    while len(found) < count:
        one = await anext(events)
        if one.event == event:
            found.append(one)
    return found


async def test_scans_come_as_they_are_stored_and_a_resumed_stream_goes_on(
    served: Served, client: Client, redis_url: str
) -> None:
    source = Source(await workspace(redis_url))
    async with stream(served) as one, stream(served) as two, stream(served, country="DE") as germans:
        (begun,) = await take(one, "position", 1)
        await take(two, "position", 1)
        await take(germans, "position", 1)
        for number in range(5):
            source.store(client, {"city": str(number), "country": "DE" if number % 2 else "US"})
        found = await take(one, "scan", 5)
        assert [scan.json()["city"] for scan in found] == ["0", "1", "2", "3", "4"]
        # They are the same bytes for all with the same selection.
        assert [scan.id for scan in await take(two, "scan", 5)] == [scan.id for scan in found]
        assert [scan.json()["city"] for scan in await take(germans, "scan", 2)] == ["1", "3"]
    for place, position in ((0, begun.id), (2, found[1].id), (5, found[4].id)):
        async with stream(served, position) as again:
            source.store(client, {"city": "next"})
            rest = [scan.json()["city"] for scan in await take(again, "scan", 6 - place)]
            assert rest == [*"01234"[place:], "next"]


async def test_a_stream_ends_soon_after_its_key_was_revoked(
    served: Served, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "KEYS_S", 0.1)
    async with stream(served) as events:
        await take(events, "position", 1)
        redis = connect(redis_url)
        number = await workspace(redis_url)
        for key in await apikeys.list_keys(redis, number):
            await apikeys.revoke(redis, number, key.id)
        await redis.aclose()
        assert (await take(events, "revoked", 1))[0].json()["message"]
        with pytest.raises(StopAsyncIteration):
            await anext(events)


async def test_a_reader_that_is_too_slow_is_told_and_cut() -> None:
    slow = Reader(Selection(1, (), True, (), ()), "key")
    slow.offer(b"a" * 1000)
    assert await slow.next(0) == b"a" * 1000
    for _ in range(3):
        slow.offer(b"b" * (reader.WAITING_BYTES // 2))
    assert await slow.next(0) == messages.OVERFLOW
    slow.offer(b"c")
    assert await slow.next(0) is None


async def test_a_silent_stream_sends_comments_and_moves_the_id(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.stream.stream.HEARTBEAT_S", 0.1)
    headers = {"Authorization": f"Bearer {served.key}"}
    async with (
        httpx.AsyncClient(timeout=30) as http,
        http.stream("GET", f"{served.url}/v1/stream", headers=headers) as answer,
    ):
        text = ""
        async for part in answer.aiter_text():
            text += part
            if text.count(": heartbeat\n\nretry: 2000\nid: ") == 2:
                break
    assert text.startswith(": stream\n\nretry: 2000\nid: ")


async def test_a_stream_whose_client_left_is_forgotten(served: Served) -> None:
    for _ in range(3):
        async with stream(served) as events:
            await take(events, "position", 1)
    async with asyncio.timeout(20):
        while 'route="/v1/stream",status="200"} 3' not in served.metrics():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
