"""codes: a change is acknowledged once replicas have it, at the primary where it was made."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from codes import replication
from codes.code_fields import Edit, NewCode
from codes.errors import Unavailable
from codes.plans import presets
from codes.redis_client import connect
from codes.replication import Replication
from codes.service import Codes
from harness.redis_servers import RedisNode, redis_node
from schemas import keys

HERE = "https://example.com/here"


@pytest.fixture(scope="module")
def nodes() -> Iterator[tuple[RedisNode, RedisNode]]:
    """A primary and its replica."""
    with (
        tempfile.TemporaryDirectory(prefix="wm-") as folder,
        redis_node(Path(folder) / "a") as primary,
        redis_node(Path(folder) / "b") as replica,
    ):
        replica.follow(primary)
        yield primary, replica


@pytest.fixture
async def redis(nodes: tuple[RedisNode, RedisNode]) -> AsyncIterator[Redis]:
    client = connect(f"unix://{nodes[0].socket}", identified=True)
    yield client
    await client.aclose()


@pytest.fixture
def codes(redis: Redis) -> Codes:
    return Codes(redis, plans=presets())


def route_at(node: RedisNode, slug: str) -> Any:
    return node.call("GET", keys.route(f"/{slug}"))


async def test_an_acknowledged_code_is_at_the_replica(
    nodes: tuple[RedisNode, RedisNode], redis: Redis, codes: Codes
) -> None:
    confirming = Replication(redis, 1)
    for _ in range(20):
        async with confirming.confirmed():
            code = await codes.create(1, NewCode(destination=HERE))
        assert route_at(nodes[1], code.slug)


async def test_without_the_replica_nothing_is_acknowledged(
    nodes: tuple[RedisNode, RedisNode], redis: Redis, codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    primary, replica = nodes
    confirming = Replication(redis, 1)
    async with confirming.confirmed():
        code = await codes.create(1, NewCode(destination=HERE))
    monkeypatch.setattr(replication, "WAIT_MS", 100)
    replica.call("REPLICAOF", "NO", "ONE")
    try:
        with pytest.raises(Unavailable, match="0 of 1 replicas"):
            async with confirming.confirmed():
                await codes.edit(1, code.id, Edit(destination="https://example.com/there"))
        # What was only read may be lost as well: the same edit again changes nothing, and is not acknowledged either.
        with pytest.raises(Unavailable):
            async with confirming.confirmed():
                await codes.edit(1, code.id, Edit(destination="https://example.com/there"))
        # Nobody waits where nobody is asked to.
        async with Replication(redis, 0).confirmed():
            await codes.edit(1, code.id, Edit(destination=HERE))
    finally:
        monkeypatch.undo()
        replica.follow(primary)
    async with confirming.confirmed():
        await codes.edit(1, code.id, Edit(destination="https://example.com/there"))
    assert b"there" in route_at(replica, code.slug)


async def test_a_mark_of_another_primary_confirms_nothing(
    nodes: tuple[RedisNode, RedisNode], redis: Redis, codes: Codes
) -> None:
    primary, replica = nodes
    confirming = Replication(redis, 1)

    async def change() -> None:
        await codes.create(1, NewCode(destination=HERE))
        # Demoted and promoted meanwhile: what was written in between may be gone.
        primary.call("REPLICAOF", "127.0.0.1", replica.port)
        primary.call("REPLICAOF", "NO", "ONE")
        replica.follow(primary)

    with pytest.raises(Unavailable, match="primary of Redis has changed"):
        async with confirming.confirmed():
            await change()
    async with confirming.confirmed():
        await codes.create(1, NewCode(destination=HERE))
