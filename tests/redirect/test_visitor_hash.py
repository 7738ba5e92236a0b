"""Redirectors share the day's salt through a Redis that keeps nothing on disk, and through no other."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from redirect.redis_client import RedisClient
from redirect.redis_connection import Away
from redirect.visitor_hash import MS_OF_DAY, Persistent, SaltKeeper, Salts, check_volatile, from_redis
from schemas import keys
from tests.redirect.scanner import Publisher, Redirector
from tests.servers.redis import RedisServer, running

Start = Callable[..., Redirector]


@pytest.fixture(scope="module")
def volatile() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="wm-") as folder, running(Path(folder), appendonly=False) as server:
        yield server


def visitors(start: Start, publisher: Publisher, **settings: str) -> set[int]:
    """What two redirectors call the same scanner of the same code."""
    publisher.write("abc", "https://example.com/")
    servers = [start(**settings) for _ in range(2)]
    for server in servers:
        assert server.get("/abc").status == 302
        server.stop()
    return {event.visitor for server in servers for event in server.events()}


def test_redirectors_share_it_in_memory_until_the_day_ends(
    start: Start, publisher: Publisher, volatile: RedisServer
) -> None:
    assert len(visitors(start, publisher, salt_redis_url=volatile.url)) == 1
    with redis.Redis.from_url(volatile.url) as client:
        names = sorted(client.keys())
        today = time.strftime("%Y-%m-%d", time.gmtime())
        assert keys.salt(today).encode() in names and len(names) == 2
        day_ends = (time.time() // 86_400 + 1) * 86_400
        assert abs(time.time() + client.pttl(names[0]) / 1000 - day_ends) < 60
    assert {path.name for path in volatile.folder.iterdir()} == {"redis.sock", "redis.log"}
    assert publisher.redis.keys("*salt*") == []


def test_without_one_each_has_its_own_and_nothing_is_written(start: Start, publisher: Publisher) -> None:
    assert len(visitors(start, publisher)) == 2
    assert publisher.redis.keys("*salt*") == []


async def kept(server: RedisServer) -> None:
    store = RedisClient(server.url, time.monotonic)
    try:
        await check_volatile(store)
    finally:
        await store.close()


@pytest.mark.parametrize(
    ("setting", "value"), [("appendonly", "yes"), ("save", "3600 1"), ("replicaof", "127.0.0.1 1")]
)
async def test_one_that_keeps_is_named_and_not_used(volatile: RedisServer, setting: str, value: str) -> None:
    await kept(volatile)
    before = {"appendonly": "no", "save": "", "replicaof": "no one"}[setting]

    def put(to: str) -> None:
        with redis.Redis.from_url(volatile.url) as client:
            if setting == "replicaof":
                client.execute_command("REPLICAOF", *to.split())
            else:
                client.config_set(setting, to)

    with redis.Redis.from_url(volatile.url) as client:
        client.flushall()
    put(value)
    try:
        with pytest.raises(Persistent, match="replicated" if setting == "replicaof" else setting):
            await kept(volatile)
        store = RedisClient(volatile.url, time.monotonic)
        with pytest.raises(Persistent):
            await from_redis(store, bytes)(time.time_ns() // 1_000_000 // MS_OF_DAY)
        await store.close()
    finally:
        put(before)
    with redis.Redis.from_url(volatile.url) as client:
        assert client.keys() == []


async def test_yesterdays_goes_at_midnight_though_nobody_scans() -> None:
    clock = [MS_OF_DAY * 5 - 1]
    asked: list[int] = []

    async def source(day: int) -> bytes:
        asked.append(day)
        if len(asked) == 1:
            raise Away("not yet")
        return bytes([day]) * 16

    salts = Salts(lambda n: b"r" * n)
    keeper = SaltKeeper(salts, source, lambda: clock[0])
    for _ in range(2):
        running_keeper = asyncio.create_task(keeper.run())
        await asyncio.sleep(0.01)
        running_keeper.cancel()
    assert asked == [4, 4, 5] and keeper.first.is_set()
    of_today = salts.current.digest()
    clock[0] += 1
    running_keeper = asyncio.create_task(keeper.run())
    await asyncio.sleep(0.01)
    running_keeper.cancel()
    assert asked == [4, 4, 5, 6] and salts.day == 5
    assert salts.current.digest() != of_today and not salts.has_shared(4)
