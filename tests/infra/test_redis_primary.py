"""All clients reach a Redis behind TLS, the primary that Sentinels name, and the master of our slot of a cluster."""

import asyncio
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from codes.code_fields import Edit, NewCode
from codes.errors import Unavailable
from codes.plans import presets
from codes.redis_client import command, connect, raises_unavailable
from codes.service import Codes
from harness import redis_servers
from harness.certificates import make_certificates
from infra import redis_blocking, redis_primary
from infra.engine_urls import redis as parse
from infra.redis_primary import NoPrimary
from redirect import clock, redis_connection
from redirect.redis_client import RedisClient
from redirect.redis_connection import Away
from schemas import keys
from tests.servers import require

T = TypeVar("T")
LONG_S = 60.0
ask = raises_unavailable(command)


@pytest.fixture
def folder() -> Iterator[Path]:
    # A unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="wm-") as name:
        yield Path(name) / "r"


async def until_answered(call: Callable[[], Awaitable[T]]) -> T:
    """While there is no primary, each client says so."""
    async with asyncio.timeout(LONG_S):
        while True:
            try:
                return await call()
            except (Away, Unavailable):
                await asyncio.sleep(0.02)


async def pinged(url: str) -> bool:
    """By a command's client."""

    def ping() -> bool:
        with redis_blocking.connect(url, LONG_S) as client:
            return bool(client.ping()) and client.role()[0] == b"master"

    return await asyncio.to_thread(ping)


async def test_tls_with_a_client_certificate(folder: Path) -> None:
    require.programs("redis-server", why="a Redis with TLS")
    certificates = make_certificates(folder / "certificates")
    with redis_servers.watched(folder, tls=certificates) as servers:
        for url in (f"rediss://127.0.0.1:{servers.nodes[0].port}{certificates.query}", servers.url):
            redis = connect(url)
            assert await ask(redis, "SET", "a", "1")
            await redis.aclose()
            connection = await redis_connection.connect(url)
            assert await connection.call("GET", "a") == b"1"
            connection.close()
            assert await pinged(url)
        # The server asks for a certificate; and its own is of an authority that is not trusted without being named.
        at = f"rediss://127.0.0.1:{servers.nodes[0].port}"
        for url in (f"{at}?ssl_ca_certs={certificates.ca}", at):
            redis = connect(url)
            with pytest.raises(Unavailable):
                await ask(redis, "PING")
            await redis.aclose()
            with pytest.raises(Away):
                await redis_connection.connect(url)


async def test_the_primary_that_sentinels_name(folder: Path) -> None:
    with redis_servers.watched(folder) as servers:
        # One that is away does not matter.
        url = servers.url.replace("//", "//127.0.0.1:1,")
        redis, client = connect(url), RedisClient(url, clock.elapsed)
        codes = Codes(redis, plans=presets())
        first = await codes.create(1, NewCode(destination="https://example.com/1"))
        assert await client.ask("GET", keys.route(f"/{first.slug}"))
        old = servers.primary
        old.wait_for(servers.replica)
        old.kill()
        with pytest.raises(Unavailable):
            await codes.create(1, NewCode(destination="https://example.com/1"))
        servers.wait_for_failover(old)
        second = await until_answered(lambda: codes.create(1, NewCode(destination="https://example.com/2")))
        assert await codes.get(1, first.id) == first
        assert await until_answered(lambda: client.ask("GET", keys.route(f"/{second.slug}")))
        assert await pinged(url)
        # The old one comes back, and Sentinel soon makes it a replica: who writes to it is refused.
        old.start()
        behind = connect(f"redis://127.0.0.1:{old.port}")
        old.follow(servers.primary)
        with pytest.raises(Unavailable):
            await Codes(behind, plans=presets()).create(1, NewCode(destination="https://example.com/3"))
        with pytest.raises(Away):
            await RedisClient(f"redis://127.0.0.1:{old.port}", clock.elapsed).ask("SET", "a", "1")
        await behind.aclose()
        await client.close()
        await redis.aclose()
        with pytest.raises(NoPrimary, match="watches no other"):
            await redis_primary.find(parse(servers.url.replace("/waymark", "/other")))


async def test_a_primary_that_is_none_any_more_is_left(folder: Path) -> None:
    with redis_servers.watched(folder) as servers:
        client = RedisClient(servers.url, clock.elapsed)
        assert await client.ask("PING")
        old = servers.primary
        old.signal(signal.SIGSTOP)
        new = servers.wait_for_failover(old)
        # It goes on, and believes to be the primary until a Sentinel has told it.
        old.signal(signal.SIGCONT)
        await client.look_for_the_primary(parse(servers.url))
        assert await client.ask("CONFIG", "GET", "port") == [b"port", str(new.port).encode()]
        await client.close()


async def test_a_cluster_of_three_masters(folder: Path) -> None:
    with redis_servers.cluster(folder) as cluster:
        owner = cluster.owner(redis_primary.SLOT)
        redis, client = connect(cluster.url), RedisClient(cluster.url, clock.elapsed)
        codes = Codes(redis, plans=presets())
        code = await codes.create(1, NewCode(destination="https://example.com/1", aliases=("one", "two")))
        await codes.edit(1, code.id, Edit(destination="https://example.com/2", slug="other"))
        gone = await codes.create(1, NewCode(destination="https://example.com/3"))
        await codes.delete(1, gone.id)
        for node in cluster.masters:
            found = node.call("KEYS", "*")
            assert bool(found) == (node is owner)
            assert {node.call("CLUSTER", "KEYSLOT", key) for key in found} <= {redis_primary.SLOT}
        assert b"example.com/2" in await client.ask("GET", keys.route("/two"))
        assert await pinged(cluster.url)
        # The slot moves to another master, which both clients are told by the first.
        new = next(node for node in cluster.masters if node is not owner)
        move_slot(owner, new, [node for node in cluster.masters if node is not owner])
        edited = await until_answered(lambda: codes.edit(1, code.id, Edit(destination="https://example.com/4")))
        assert edited.destination == "https://example.com/4"
        assert b"example.com/4" in await until_answered(lambda: client.ask("GET", keys.route("/two")))
        assert new.call("DBSIZE") and not owner.call("DBSIZE")
        await client.close()
        await redis.aclose()


def move_slot(
    old: redis_servers.RedisNode, new: redis_servers.RedisNode, others: list[redis_servers.RedisNode]
) -> None:
    slot, ids = redis_primary.SLOT, {node: node.call("CLUSTER", "MYID").decode() for node in (old, new)}
    new.call("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[old])
    old.call("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[new])
    while names := [key.decode() for key in old.call("CLUSTER", "GETKEYSINSLOT", slot, 100)]:
        old.call("MIGRATE", "127.0.0.1", new.port, "", 0, 10_000, "KEYS", *names)
    for node in (*others, old):
        node.call("CLUSTER", "SETSLOT", slot, "NODE", ids[new])
