"""A scan limit is exact: among many at once, among redirectors, and through what Redis may do."""

import asyncio
import resource
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from schemas import keys
from tests.redirect.codes import CRAWLER, HASH
from tests.redirect.scanner import IPHONE, Publisher, Redirector, until
from tests.servers.redis import RedisServer

Start = Callable[..., Redirector]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
SCANS, LIMIT, REDIRECTORS = 10_000, 1_000, 3
SCAN = f"GET /once HTTP/1.1\r\nHost: x\r\nUser-Agent: {IPHONE}\r\n\r\n".encode()


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open connections as the test holds at once; servers that it starts may have as many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, SCANS + 2_000)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def connections(ports: list[int]) -> list[Connection]:
    """One for each scan, spread over the redirectors; not all asked for at one instant, which kernels refuse."""
    turn = asyncio.Semaphore(500)

    async def connected(port: int) -> Connection:
        async with turn:
            return await asyncio.open_connection("127.0.0.1", port)

    return await asyncio.gather(*(connected(ports[n % len(ports)]) for n in range(SCANS)))


async def status(connection: Connection) -> int:
    reader, writer = connection
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return int(head[9:12])


@pytest.mark.proof
@pytest.mark.usefixtures("many_files")
async def test_of_ten_thousand_at_once_exactly_a_thousand_pass(start: Start, publisher: Publisher) -> None:
    publisher.write("once", "https://example.com/", birth=77, scan_limit=LIMIT)
    servers = [start() for _ in range(REDIRECTORS)]
    opened = await connections([server.port for server in servers])
    # Each lets one through before the rush, however the machine then favours one of them.
    for _, writer in opened[:REDIRECTORS]:
        writer.write(SCAN)
    first = await asyncio.gather(*map(status, opened[:REDIRECTORS]))
    for _, writer in opened[REDIRECTORS:]:
        writer.write(SCAN)
    found = Counter(first + await asyncio.gather(*map(status, opened[REDIRECTORS:])))
    assert found == {302: LIMIT, 410: SCANS - LIMIT}
    assert publisher.redis.get(keys.scans_used(77)) == b"%d" % LIMIT
    for server in servers:
        server.stop()
    outcomes = Counter(event.outcome for server in servers for event in server.events())
    assert outcomes == {"redirect": LIMIT, "limited": SCANS - LIMIT}
    # Every redirector has let some through: it was Redis that counted.
    assert all(any(event.outcome == "redirect" for event in server.events()) for server in servers)


def test_without_redis_limited_codes_alone_wait(start: Start, own_redis: RedisServer) -> None:
    publisher = Publisher(own_redis.url)
    publisher.write("plain", "https://example.com/plain", birth=1)
    publisher.write("limited", "https://example.com/limited", birth=2, scan_limit=5)
    publisher.write("asked", "https://example.com/asked", birth=3, password=HASH)
    server = start(own_redis.url)
    until(server.trusted, "trust")
    assert [server.get(path).status for path in ("/plain", "/limited", "/asked")] == [302, 302, 200]
    own_redis.kill()
    assert server.get("/plain").status == 302
    for headers in ({}, {"User-Agent": CRAWLER}):
        away = server.get("/limited", headers)  # type: ignore[arg-type]
        assert (away.status, away.headers["retry-after"], away.headers["cache-control"]) == (503, "2", "no-store")
    # The form can be shown without Redis, but nobody can be let in.
    assert server.get("/asked").status == 200
    form: dict[str, str | bytes] = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.ask("/asked", form, method="POST", body=b"password=open+sesame").status == 503
    own_redis.start()
    assert server.get("/limited").status == 302
    assert publisher.redis.get(keys.scans_used(2)) == b"2"
    publisher.close()
    server.stop()
    assert [event.outcome for event in server.events() if event.code == 2] == ["redirect", "redirect"]


def test_a_limit_follows_its_code_to_another_slug(start: Start, publisher: Publisher) -> None:
    publisher.write("old", "https://example.com/", birth=5, scan_limit=2)
    server = start()
    assert server.get("/old").status == 302
    publisher.write("new", "https://example.com/", birth=5, scan_limit=2)
    publisher.edit("old", "", birth=5, gone=True)
    assert [server.get("/new").status for _ in range(2)] == [302, 410]
    # A new code in the old place begins with none.
    publisher.edit("old", "https://example.com/", birth=6, scan_limit=1)
    assert [server.get("/old").status for _ in range(2)] == [302, 410]
