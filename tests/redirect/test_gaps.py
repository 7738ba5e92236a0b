"""What a redirector has not heard it does not believe: no change is missed for good."""

import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from schemas import keys
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
