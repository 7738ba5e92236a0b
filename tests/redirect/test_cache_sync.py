"""What a redirector has not heard it does not believe, and an edit is acknowledged after what was decided before it."""

import asyncio
import secrets
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from redirect import clock
from redirect.cache_sync import CacheSync
from redirect.custom_domains import CustomDomains
from redirect.group_commit import group_commit
from redirect.metrics import Counts
from redirect.redis_client import RedisClient
from redirect.route_cache import RouteCache, Trust
from schemas import keys
from tests.ingest.events import REST, open_journal
from tests.redirect.scanner import Publisher, Redirector, until
from tests.servers.redis import RedisServer, running

Start = Callable[..., Redirector]
OLD, NEW = "https://example.com/old", "https://example.com/new"


@pytest.fixture
def pair() -> Iterator[tuple[RedisServer, redis.Redis, RedisServer]]:
    """A primary, and a replica with a client of it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        tempfile.TemporaryDirectory(prefix="wm-") as folder,
        running(Path(folder) / "primary", port=port) as primary,
        running(Path(folder) / "replica", appendonly=False) as replica,
        redis.Redis.from_url(replica.url) as client,
    ):
        follow(client, port)
        yield primary, client, replica


def follow(replica: redis.Redis, port: int) -> None:
    replicaof(replica, "127.0.0.1", port)
    until(lambda: replica.info("replication")["master_link_status"] == "up", "the replica to have everything")


def replicaof(server: redis.Redis, *where: str | int) -> None:
    server.execute_command("REPLICAOF", *where)  # type: ignore[no-untyped-call]


def leads_to(server: Redirector, destination: str) -> bool:
    return server.get("/abc").location == destination


def test_an_edit_that_a_replica_lost_is_not_missed_for_good(
    start: Start, pair: tuple[RedisServer, redis.Redis, RedisServer]
) -> None:
    primary, client, replica = pair
    publisher = Publisher(primary.url)
    publisher.write("abc", OLD)
    server = start(primary.url, redis_replica_url=replica.url)
    until(server.trusted, "trust, through the replica")
    assert leads_to(server, OLD)
    publisher.edit("abc", OLD)
    assert server.metric("waymark_redirect_gaps_total") == 0
    # Between two pings, as far as the redirector can tell.
    server.signal(signal.SIGSTOP)
    replicaof(client, "NO", "ONE")
    publisher.edit("abc", NEW)
    # Its history is another one now, so it starts from a copy.
    follow(client, primary.port)
    server.signal(signal.SIGCONT)
    until(server.trusted, "trust again")
    assert leads_to(server, NEW)
    assert server.metric("waymark_redirect_gaps_total") == 1
    publisher.close()


def test_a_change_that_did_not_arrive_is_known_from_its_count(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", OLD)
    server = start()
    until(server.trusted, "trust")
    assert leads_to(server, OLD)
    publisher.write("abc", NEW)
    assert leads_to(server, OLD)
    publisher.redis.incr(keys.CHANGES)
    until(lambda: leads_to(server, NEW), "the next ping")
    assert server.metric("waymark_redirect_gaps_total") == 1


def test_another_primary_is_not_taken_for_the_one_before(start: Start, own_redis: RedisServer) -> None:
    publisher = Publisher(own_redis.url)
    publisher.write("abc", OLD)
    server = start(own_redis.url)
    until(server.trusted, "trust")
    assert leads_to(server, OLD)
    publisher.write("abc", NEW)
    # Connections and counts stay, and it is a primary of another name.
    replicaof(publisher.redis, "127.0.0.1", 1)
    replicaof(publisher.redis, "NO", "ONE")
    until(lambda: leads_to(server, NEW), "the next ping")
    assert "another primary" in server.log_path.read_text()
    publisher.close()


def test_a_server_that_is_no_primary_vouches_for_nothing(start: Start, own_redis: RedisServer) -> None:
    publisher = Publisher(own_redis.url)
    publisher.write("abc", OLD)
    server = start(own_redis.url)
    until(server.trusted, "trust")
    replicaof(publisher.redis, "127.0.0.1", 1)
    until(lambda: not server.trusted(), "distrust")
    replicaof(publisher.redis, "NO", "ONE")
    until(server.trusted, "trust again")
    publisher.close()


def test_what_is_served_while_nothing_is_heard_is_shown(start: Start, own_redis: RedisServer) -> None:
    publisher = Publisher(own_redis.url)
    publisher.write("abc", OLD)
    server = start(own_redis.url)
    until(server.trusted, "trust")
    assert leads_to(server, OLD)
    assert server.metric("waymark_redirect_unheard_seconds") < 20
    publisher.close()
    own_redis.kill()
    heard = server.metric("waymark_redirect_unheard_seconds")
    until(lambda: server.metric("waymark_redirect_unheard_seconds") > heard + 0.3, "a while to pass")
    until(lambda: not server.trusted(), "distrust")
    served = server.metric("waymark_redirect_stale_total")
    assert leads_to(server, OLD)
    assert server.metric("waymark_redirect_stale_total") == served + 1


class _Primary(RedisClient):
    """Writes down when it acknowledges."""

    happened: list[str]

    def tell(self, *command: bytes | str | int | float) -> None:
        if command[0] == "LPUSH":
            self.happened.append("acknowledged")
        super().tell(*command)


class _Scanner:
    """Writes down when it is answered."""

    def __init__(self, happened: list[str]) -> None:
        self._happened = happened

    def is_closing(self) -> bool:
        return False

    def write(self, _: bytes, /) -> None:
        self._happened.append("answered")


async def test_the_group_is_flushed_before_an_edit_is_acknowledged(
    tmp_path: Path, redis_url: str, publisher: Publisher
) -> None:
    """A scan and the edit of its route come in one turn of the loop, in this order."""
    happened: list[str] = []
    journal, counts, trust = open_journal(tmp_path), Counts(), Trust()
    commit = group_commit(journal.append, journal.append_all, counts, clock.elapsed)
    primary = _Primary(redis_url, clock.elapsed)
    primary.happened = happened
    sync = CacheSync(
        redis_url,
        primary,
        RouteCache(10, trust, "localhost", lambda _: b"https://x.example/"),
        CustomDomains(primary, trust, "localhost", strict=False, elapsed=clock.elapsed, counts=counts),
        trust,
        name=f"test-{secrets.token_hex(8)}",
        elapsed=clock.elapsed,
        counts=counts,
        commit=commit,
    )
    running = asyncio.create_task(sync.run())
    async with asyncio.timeout(20):
        await sync.trusted.wait()
    ours, theirs = socket.socketpair()

    def scanned() -> None:
        ours.recv(1)
        happened.append("scanned")
        commit.add(REST)
        commit.hold(_Scanner(happened), b"answer", 0.0)

    asyncio.get_running_loop().add_reader(ours, scanned)
    # The loop does not run meanwhile: it finds both, in the order in which they came.
    theirs.send(b"x")
    nonce = publisher.publish("abc", publisher.write("abc", "https://example.com/new"))
    async with asyncio.timeout(20):
        assert await asyncio.to_thread(publisher.redis.blpop, [keys.ack(nonce)], 20)
    assert happened == ["scanned", "answered", "acknowledged"]
    assert journal.seq == 1
    asyncio.get_running_loop().remove_reader(ours)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await primary.close()
    for one in (ours, theirs):
        one.close()
    journal.close()
