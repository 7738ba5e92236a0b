"""An edit that was answered is seen by the next scan, whatever happens to a redirector."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest

from schemas import keys
from tests.redirect.proxy import Proxy
from tests.redirect.scanner import Publisher, Redirector, until
from tests.servers.redis import RedisServer

Start = Callable[..., Redirector]


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[Proxy]:
    with Proxy(str(redis_server.socket)) as made:
        yield made


def raw_get(port: int, slug: str) -> socket.socket:
    """A request that is sent and not yet read."""
    sent = socket.create_connection(("127.0.0.1", port), timeout=30)
    sent.sendall(f"GET /{slug} HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/5.0\r\nConnection: close\r\n\r\n".encode())
    return sent


def location(sent: socket.socket) -> str:
    with sent, sent.makefile("rb") as lines:
        for line in lines:
            if line.lower().startswith(b"location:"):
                return line.split(None, 1)[1].strip().decode()
    return ""


def test_two_redirectors_never_send_anyone_to_the_old_destination(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/0")
    servers = [start(), start()]
    until(lambda: all(server.trusted() for server in servers), "trust")
    took = []
    for n in range(1, 300):
        took.append(publisher.edit("abc", f"https://example.com/{n}"))
        for server in servers:
            assert server.get("/abc").location == f"https://example.com/{n}"
    assert median(took) < 0.9, "answered by acknowledgements, not by waiting"
    # It was cached, not read each time.
    assert servers[0].metric("waymark_redirect_lookups_total") < 20


def test_pausing_deleting_and_creating_are_edits_too(start: Start, publisher: Publisher) -> None:
    server = start()
    assert server.get("/abc").status == 404
    publisher.edit("abc", "https://example.com/1")
    assert server.get("/abc").location == "https://example.com/1"
    publisher.edit("abc", "https://example.com/1", status="paused")
    assert server.get("/abc").location.endswith("/-/paused")
    publisher.edit("abc", "", gone=True)
    assert server.get("/abc").status == 404
    publisher.edit("abc", "https://example.com/2", birth=8)
    assert server.get("/abc").location == "https://example.com/2"


def test_an_older_version_never_comes_back(start: Start, publisher: Publisher) -> None:
    old = publisher.write("abc", "https://example.com/old")
    server = start()
    assert server.get("/abc").location == "https://example.com/old"
    publisher.edit("abc", "https://example.com/new")
    publisher.publish("abc", old)
    publisher.edit("other", "https://example.com/")
    assert server.get("/abc").location == "https://example.com/new"


def test_a_read_on_its_way_while_the_edit_is_published_brings_nothing_old_back(
    start: Start, publisher: Publisher, proxy: Proxy
) -> None:
    server = start(proxy.url)
    until(server.trusted, "trust")
    publisher.write("known", "https://example.com/known")
    server.get("/known")
    for n in range(10):
        publisher.write(f"s{n}", "https://example.com/old")
        proxy.commands.held = True
        sent = raw_get(server.port, f"s{n}")
        until(lambda: proxy.commands.waiting > 0, "the reply with the old route is in the proxy's hands")
        passed = proxy.messages.passed
        publisher.publish(f"s{n}", publisher.write(f"s{n}", "https://example.com/new"))
        until(lambda passed=passed: proxy.messages.passed > passed, "the message overtakes it")
        for _ in range(3):
            # Whoever answers these has turned its loop, and read the message.
            server.get("/known")
        proxy.commands.held = False
        assert location(sent) == "https://example.com/new"
        assert server.get(f"/s{n}").location == "https://example.com/new"


def test_a_stopped_redirector_wakes_up_without_trust(start: Start, publisher: Publisher, proxy: Proxy) -> None:
    publisher.write("abc", "https://example.com/0")
    server = start(proxy.url)
    for n in range(1, 4):
        until(server.trusted, "trust")
        assert server.get("/abc").location == f"https://example.com/{n - 1}"
        server.signal(signal.SIGSTOP)
        # Once the message waits beside the visit when the process goes on; then it is still under way.
        proxy.messages.cut = n > 1
        took = publisher.edit("abc", f"https://example.com/{n}")
        assert took > 0.9
        sent = raw_get(server.port, "abc")
        server.signal(signal.SIGCONT)
        assert location(sent) == f"https://example.com/{n}"
        proxy.messages.cut = False


def test_a_redirector_that_hears_no_messages_asks_redis(start: Start, publisher: Publisher, proxy: Proxy) -> None:
    publisher.write("abc", "https://example.com/0")
    server = start(proxy.url)
    until(server.trusted, "trust")
    assert server.get("/abc").location == "https://example.com/0"
    proxy.messages.cut = True
    for n in range(1, 4):
        publisher.edit("abc", f"https://example.com/{n}")
        assert server.get("/abc").location == f"https://example.com/{n}"
    assert not server.trusted()
    proxy.messages.cut = False
    until(server.trusted, "trust again")
    asked = server.metric("waymark_redirect_lookups_total")
    # What was cached before the gap is asked for once more, and then believed.
    for _ in range(5):
        assert server.get("/abc").location == "https://example.com/3"
    assert server.metric("waymark_redirect_lookups_total") <= asked + 1


def test_without_trust_a_visit_does_not_join_a_read_that_is_older_than_itself(
    start: Start, publisher: Publisher, proxy: Proxy
) -> None:
    publisher.write("abc", "https://example.com/old")
    server = start(proxy.url)
    until(server.trusted, "trust")
    proxy.messages.cut = True
    until(lambda: not server.trusted(), "distrust")
    proxy.commands.held = True
    first = raw_get(server.port, "abc")
    time.sleep(0.04)
    publisher.write("abc", "https://example.com/new")
    second, third = raw_get(server.port, "abc"), raw_get(server.port, "abc")
    time.sleep(0.04)
    proxy.commands.held = False
    assert location(second) == location(third) == "https://example.com/new"
    assert location(first) != ""


def test_concurrent_misses_of_one_slug_are_one_read(start: Start, publisher: Publisher, proxy: Proxy) -> None:
    publisher.write("abc", "https://example.com/")
    server = start(proxy.url)
    until(server.trusted, "trust")
    time.sleep(0.05)

    def reads() -> int:
        """Each ping has one, too."""
        stats = publisher.redis.info("commandstats")
        return int(stats["cmdstat_get"]["calls"]) - int(stats["cmdstat_eval"]["calls"])

    before = reads()
    proxy.commands.held = True
    sent = [raw_get(server.port, "abc") for _ in range(20)]
    time.sleep(0.05)
    proxy.commands.held = False
    assert {location(one) for one in sent} == {"https://example.com/"}
    assert reads() == before + 1


def test_it_is_registered_while_it_runs_and_no_longer(start: Start, publisher: Publisher) -> None:
    server = start()
    until(lambda: len(publisher.names()) == 1, "registration")
    [name] = publisher.names()
    lapses = publisher.redis.zscore(keys.REDIRECTORS, name.decode())
    assert isinstance(lapses, float)
    assert 0 < lapses - time.time() <= 2.1
    server.stop()
    assert publisher.redis.zscore(keys.REDIRECTORS, name.decode()) is None


def test_scans_during_edits_only_ever_move_forward(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/0")
    server = start()
    done = threading.Event()

    def scan() -> list[int]:
        seen = []
        while not done.is_set():
            with raw_get(server.port, "abc") as sent:
                seen.append(int(location(sent).rpartition("/")[2]))
        return seen

    with ThreadPoolExecutor(2) as scanners:
        running = [scanners.submit(scan) for _ in range(2)]
        for n in range(1, 60):
            publisher.edit("abc", f"https://example.com/{n}")
        done.set()
        for scanned in running:
            assert scanned.result() == sorted(scanned.result())


def test_a_small_cache_forgets_and_reads_again(start: Start, publisher: Publisher) -> None:
    server = start(cache_routes=16)
    for n in range(60):
        publisher.write(f"s{n}", f"https://example.com/{n}")
    for _ in range(2):
        for n in range(60):
            assert server.get(f"/s{n}").location == f"https://example.com/{n}"
    assert server.metric("waymark_redirect_cached_routes") <= 16
