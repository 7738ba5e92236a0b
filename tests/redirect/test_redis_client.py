"""How long a question to Redis waits where nobody answers."""

import asyncio
import signal
import time
from urllib.parse import urlsplit

import pytest

from redirect.redis_client import RedisClient
from redirect.redis_connection import GIVEN_UP_LOOKS, LOOK_S, PATIENT_LOOKS, Away
from tests.redirect.proxy import Proxy
from tests.servers.redis import RedisServer


async def test_where_nobody_answers_few_wait(redis_url: str) -> None:
    with Proxy(urlsplit(redis_url).path) as proxy:
        proxy.commands.cut = True
        store = RedisClient(proxy.url, time.monotonic)
        waited = []
        for _ in range(40):
            began = time.monotonic()
            with pytest.raises(Away):
                await store.ask("PING")
            waited.append(time.monotonic() - began)
            await asyncio.sleep(0.05)
        # The first one found out; a busy machine may hold up a few.
        assert waited[0] > 0.5
        assert sum(seconds > 0.5 for seconds in waited) < 5
        proxy.commands.cut = False
        for _ in range(200):
            try:
                assert await store.ask("PING") == b"PONG"
                break
            except Away:
                await asyncio.sleep(0.05)
        assert store.connections == 1
        await store.close()


def waits(store: RedisClient) -> bool:
    """Whether a question waits at all; else it is known at once that Redis is away."""
    question = store.ask("PING")
    try:
        question.send(None)
    except Away:
        return False
    finally:
        question.close()
    return True


@pytest.mark.parametrize("connected", [True, False])
async def test_once_it_is_known_to_hang_nobody_waits(own_redis: RedisServer, connected: bool) -> None:
    """Neither while the connection hangs, nor when it is given up and others are tried in vain."""
    store = RedisClient(own_redis.url, time.monotonic)
    if connected:
        assert await store.ask("PING") == b"PONG"
    own_redis.signal(signal.SIGSTOP)
    try:
        with pytest.raises(Away):
            await store.ask("PING")
        # Whoever came first may have gone before the attempt ended.
        for _ in range(400):
            if not waits(store):
                break
            await asyncio.sleep(0.05)
        ends = time.monotonic() + LOOK_S * (GIVEN_UP_LOOKS if connected else PATIENT_LOOKS) * 1.5
        while time.monotonic() < ends:
            assert not waits(store)
            for asking in (store.ask_once("PING"), store.ask_all(("PING",))):
                with pytest.raises(Away):
                    await asking
            await asyncio.sleep(0.02)
    finally:
        own_redis.signal(signal.SIGCONT)
    # What was on its way is answered by itself: nobody has to ask first.
    for _ in range(1_000):
        if waits(store):
            break
        await asyncio.sleep(0.01)
    assert await store.ask("PING") == b"PONG"
    await store.close()


async def test_one_that_is_refused_is_tried_by_each(own_redis: RedisServer) -> None:
    """There is no time in which Redis may be back and nobody looks."""
    store = RedisClient(own_redis.url, time.monotonic)
    own_redis.kill()
    for _ in range(3):
        with pytest.raises(Away):
            await store.ask("PING")
    own_redis.start()
    assert await store.ask("PING") == b"PONG"
    await store.close()
