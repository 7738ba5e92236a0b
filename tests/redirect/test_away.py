"""Redis goes, hangs, and comes back."""

import signal
import time
from collections.abc import Callable, Iterator

import pytest

from schemas import keys
from tests.redirect.scanner import Publisher, Redirector, until
from tests.servers.redis import RedisServer

Start = Callable[..., Redirector]


@pytest.fixture
def own_publisher(own_redis: RedisServer) -> Iterator[Publisher]:
    made = Publisher(own_redis.url)
    yield made
    made.close()


def test_cached_codes_outlive_redis_and_the_rest_comes_back_by_itself(
    start: Start, own_redis: RedisServer, own_publisher: Publisher
) -> None:
    own_publisher.write("cached", "https://example.com/1")
    own_publisher.write("other", "https://example.com/2")
    server = start(own_redis.url)
    until(server.trusted, "trust")
    assert server.get("/cached").status == 302
    own_redis.kill()
    slow = 0
    for _ in range(20):
        began = time.monotonic()
        assert server.get("/cached").location == "https://example.com/1"
        away = server.get("/other")
        assert (away.status, away.headers["retry-after"]) == (503, "2")
        slow += time.monotonic() - began > 0.5
        time.sleep(0.05)
    # None waits; but a busy machine may hold one up.
    assert slow < 5
    assert server.get("/never").status == 503
    assert server.ready() == {"ready": True, "lacks": ["redis"]}
    own_redis.start()
    # At once, also before the subscription stands again.
    own_publisher.edit("cached", "https://example.com/3")
    assert server.get("/cached").location == "https://example.com/3"
    assert server.get("/other").location == "https://example.com/2"
    assert server.get("/never").status == 404
    until(server.trusted, "trust again")
    assert server.ready() == {"ready": True, "lacks": []}
    server.stop()
    log = server.log_path.read_text()
    assert [log.count(said) for said in ("subscribed to route", "Redis is away", "Redis is back")] == [1, 1, 1]
    # What was answered while Redis was away is recorded like all the rest.
    assert sum(event.outcome == "redirect" for event in server.events()) == 23


def test_a_redis_that_hangs_keeps_nobody_waiting(
    start: Start, own_redis: RedisServer, own_publisher: Publisher
) -> None:
    own_publisher.write("cached", "https://example.com/1")
    own_publisher.write("other", "https://example.com/2")
    server = start(own_redis.url)
    until(server.trusted, "trust")
    assert server.get("/cached").status == 302
    own_redis.signal(signal.SIGSTOP)
    try:
        asked = slow = 0
        ends = time.monotonic() + 4.5
        while time.monotonic() < ends:
            asked += 1
            began = time.monotonic()
            assert server.get("/cached").location == "https://example.com/1"
            assert server.get("/other").status == 503
            took = time.monotonic() - began
            assert took < 2.5
            slow += took > 0.05
            time.sleep(0.02)
        # Only those that found out, about once for each connection that was tried; and whom a busy machine held up.
        assert slow < asked / 2
    finally:
        own_redis.signal(signal.SIGCONT)
    own_publisher.edit("cached", "https://example.com/3")
    assert server.get("/cached").location == "https://example.com/3"
    until(lambda: server.get("/other").status == 302, "Redis to be asked again")


def test_stale_routes_are_served_so_long_and_no_longer(
    start: Start, own_redis: RedisServer, own_publisher: Publisher
) -> None:
    own_publisher.write("cached", "https://example.com/1")
    server = start(own_redis.url, stale_max_s=1.5)
    assert server.get("/cached").status == 302
    own_redis.kill()
    time.sleep(0.5)
    assert server.get("/cached").status == 302
    time.sleep(1.5)
    assert server.get("/cached").status == 503
    assert server.ready()["ready"] is False
    own_redis.start()
    assert server.get("/cached").status == 302


def test_it_starts_without_redis_and_finds_it_later(start: Start, own_redis: RedisServer) -> None:
    own_redis.stop()
    server = start(own_redis.url)
    assert server.get("/abc").status == 503
    assert server.ready() == {"ready": False, "lacks": ["redis"]}
    own_redis.start()
    publisher = Publisher(own_redis.url)
    publisher.write("abc", "https://example.com/")
    assert server.get("/abc").status == 302
    until(server.trusted, "trust")
    publisher.close()


def test_an_emptied_redis_does_not_kill_printed_codes(
    start: Start, own_redis: RedisServer, own_publisher: Publisher
) -> None:
    own_publisher.write("abc", "https://example.com/")
    server = start(own_redis.url)
    assert server.get("/abc").status == 302
    own_redis.kill()
    for kept in own_redis.folder.glob("*.aof"):
        kept.unlink()
    own_redis.start()
    until(server.trusted, "trust")
    for _ in range(3):
        assert server.get("/abc").location == "https://example.com/"


def test_a_route_that_cannot_be_read_is_our_failure_and_says_so(start: Start, publisher: Publisher) -> None:
    server = start()
    for slug, raw in {
        "bad": b"{nonsense",
        "ctl": b'{"version":1,"birth":1,"workspace":1,"destination":"a\\nb"}',
    }.items():
        publisher.redis.set(keys.route(keys.link_key("", slug)), raw)
        assert server.get(f"/{slug}").status == 503
    publisher.redis.rpush(keys.route(keys.link_key("", "list")), "x")
    assert server.get("/list").status == 503
    publisher.redis.publish(keys.ROUTES, b"nonsense")
    publisher.edit("fine", "https://example.com/")
    assert server.get("/fine").status == 302
    assert server.metric("waymark_redirect_unreadable_routes_total") == 3
