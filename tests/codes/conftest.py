"""Codes on a real, empty Redis, with names that resolve as the test says."""

import random
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from codes.connection import connect
from codes.resolver import Resolver
from codes.store import Codes

OWN_HOSTS = ["go.example.org"]


def no_names(host: str) -> tuple[str, ...]:
    return ()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def codes(redis: Redis) -> Codes:
    return Codes(redis, own_hosts=OWN_HOSTS, resolver=Resolver(no_names), rng=random.Random(1))
