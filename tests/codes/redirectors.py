"""Redirectors that take in what is published, and acknowledge it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from schemas import keys
from schemas.route import Route, decode_change


class Redirector:
    """Takes in what is published as a redirect worker does, after a while."""

    def __init__(self, redis: Redis, name: str, slowness_s: float) -> None:
        self.redis = redis
        self.name = name
        self.slowness_s = slowness_s
        self.routes: dict[str, Route] = {}

    async def run(self, ready: asyncio.Event) -> None:
        pubsub = self.redis.pubsub()
        await pubsub.subscribe(keys.ROUTES)
        ready.set()
        async for message in pubsub.listen():
            if message["type"] != "message":
                continue
            change = decode_change(message["data"])
            await asyncio.sleep(self.slowness_s)
            self.routes[change.key] = change.route
            if change.nonce:
                await self.redis.lpush(keys.ack(change.nonce), self.name)
                await self.redis.expire(keys.ack(change.nonce), 10)

    def leads_to(self, slug: str) -> str:
        return self.routes[keys.route(keys.link_key("", slug))].destination


@asynccontextmanager
async def redirector(
    redis: Redis, name: str, slowness_s: float = 0.0, lapses_in: float = 60
) -> AsyncIterator[Redirector]:
    one = Redirector(redis, name, slowness_s)
    ready = asyncio.Event()
    task = asyncio.create_task(one.run(ready))
    await ready.wait()
    await redis.zadd(keys.REDIRECTORS, {name: time.time() + lapses_in})
    try:
        yield one
    finally:
        task.cancel()
        await redis.zrem(keys.REDIRECTORS, name)
