"""How long a question to Redis waits where nobody answers."""

import asyncio
import time
from urllib.parse import urlsplit

import pytest

from redirect.store import Store
from redirect.wire import Away
from tests.redirect.proxy import Proxy


async def test_where_nobody_answers_few_wait(redis_url: str) -> None:
    with Proxy(urlsplit(redis_url).path) as proxy:
        proxy.commands.cut = True
        store = Store(proxy.url, time.monotonic)
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
