"""The answer that leaves the application out is the application's, byte for byte, and so is what is recorded."""

import asyncio
import re
import socket
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from ingest.journal import Journal
from redirect.asgi import Receive, Scope, Send
from redirect.build import build
from redirect.clock import now_ms
from redirect.fast_path import Answer
from redirect.settings import RedirectSettings
from schemas.scan_options import Conditions, Rule
from tests.redirect.protocols import serving
from tests.redirect.registrar import OURS, Registrar
from tests.redirect.scanner import IPHONE, Publisher, Redirector, until

Start = Callable[..., Redirector]


def raw(port: int, sent: bytes, *, pieces: int = 1) -> bytes:
    """What comes back until the server closes, or says nothing more for a moment."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        size = -(-len(sent) // pieces)
        for at in range(0, len(sent), size):
            connection.sendall(sent[at : at + size])
            if pieces > 1:
                time.sleep(0.02)
        came = b""
        try:
            while got := connection.recv(65536):
                came += got
                connection.settimeout(0.4)
        except TimeoutError:
            pass
        return re.sub(rb"\r\ndate: [^\r]*", b"\r\ndate: now", came)


def asked(line: str, *headers: str, end: str = "\r\n\r\n") -> bytes:
    return "\r\n".join([line, "Host: x", f"User-Agent: {IPHONE}", *headers]).encode() + end.encode()


def test_both_ways_answer_the_same(start: Start, publisher: Publisher) -> None:
    """A path with an escape in it is left to the application, so each request can be sent both ways."""
    to_phones = Rule(id="r", key="a", when=Conditions(os=("iOS",)), to="https://example.com/phones")
    publisher.write("plain", "https://example.com/a?b=ü#c", birth=1)
    publisher.write("ruled", "https://example.com/", birth=2, rules=(to_phones,))
    publisher.write("later", "https://example.com/", birth=3, starts_at_ms=2**52)
    publisher.write("stopped", "https://example.com/", birth=4, status="paused")
    server = start()
    until(server.trusted, "trust")
    slugs = ("plain", "ruled", "later", "stopped")
    for slug in slugs:
        server.get(f"/{slug}")
    before = len(server.events())
    for slug in slugs:
        for asking in (
            "GET /{}",
            "GET /{}?q=1&q=2",
            "GET /q/{}/",
            "GET /q/{}/?p=caf%C3%A9%20b&e=nfc",
            "GET /r/{}",
            "HEAD /{}",
        ):
            said, also = (
                raw(server.port, asked(f"{asking.format(form)} HTTP/1.1"))
                for form in (slug, f"%{ord(slug[0]):x}{slug[1:]}")
            )
            assert said == also, (asking, slug)
            assert said.startswith(b"HTTP/1.1 404" if slug == "later" else b"HTTP/1.1 302"), (asking, slug)
    server.stop()
    events = server.events()[before:]
    assert {(event.code, event.slug) for event in events} == {*enumerate(slugs, 1)}
    for one, other in zip(events[::2], events[1::2], strict=True):
        shown = {name: getattr(one, name) for name in one.__struct_fields__ if name not in ("seq", "ts_ms")}
        assert shown == {name: getattr(other, name) for name in shown}
    assert [event.seq for event in events] == list(range(before + 1, before + 1 + len(events)))


def test_both_ways_wait_the_same(start: Start, publisher: Publisher) -> None:
    """For what is not in memory yet, what is nowhere, and what asks Redis each time."""
    for number, slug in enumerate(("cold", "dloc"), 1):
        publisher.write(slug, "https://example.com/", birth=number)
    publisher.write("many", "https://example.com/", birth=4)
    publisher.write("limited", "https://example.com/", birth=3, scan_limit=100)
    server = start()
    until(server.trusted, "trust")

    def both(slug: str, other: str) -> tuple[bytes, bytes]:
        return raw(server.port, asked(f"GET /{slug} HTTP/1.1")), raw(server.port, asked(f"GET /{other} HTTP/1.1"))

    for slug, other, status in (
        ("cold", "%64loc", 302),
        ("limited", "%6cimited", 302),
        ("never", "%6eever", 404),
    ):
        said, also = both(slug, other)
        assert said.startswith(b"HTTP/1.1 %d " % status), said
        assert said == also, slug
    assert raw(server.port, asked("GET /many HTTP/1.1") * 5, pieces=2).count(b"HTTP/1.1 302 ") == 5
    # How long each took is counted, whichever way it went (and also when its client had it a moment ago).
    until(lambda: server.metric("waymark_redirect_latency_seconds_count") == 11, "all answers are counted")
    assert 0 < server.metric("waymark_redirect_latency_seconds_sum") < 11 * 20
    assert server.get("/robots.txt").status == 200
    assert server.metric("waymark_redirect_latency_seconds_count") == 11, "a file is no scan"
    server.stop()
    assert [(event.code, event.outcome) for event in server.events()] == [
        *((1, "redirect"), (2, "redirect"), (3, "redirect"), (3, "redirect"), (0, "unknown"), (0, "unknown")),
        *[(4, "redirect")] * 5,
    ]


def test_at_a_custom_domain_too(start: Start, registrar: Registrar) -> None:
    domain = "go.brand.example"
    registrar.write(domain)
    registrar.code(domain, "own", 1)
    registrar.code("", "ours", 2)
    registrar.code("", "theirs", 3, workspace=OURS + 1)
    registrar.code(domain, "moved", 0, gone=True)
    registrar.code("", "moved", 4)
    server = start(short_url="https://s.example")
    until(server.trusted, "trust")
    for slug, status in (("own", 302), ("ours", 302), ("theirs", 404), ("moved", 302)):
        server.get(f"/{slug}", {"Host": domain})
        said, also = (
            raw(server.port, asked(f"GET /{form} HTTP/1.1").replace(b"Host: x", b"Host: " + domain.encode()) * 5)
            for form in (slug, f"%{ord(slug[0]):x}{slug[1:]}")
        )
        assert said == also, slug
        assert said.count(b"HTTP/1.1 %d " % status) == 5, said
    server.stop()
    found = [(event.code, event.host, event.outcome) for event in server.events()]
    each = [(1, "redirect"), (2, "redirect"), (0, "unknown"), (4, "redirect")]
    assert found == [(code, domain, outcome) for code, outcome in each for _ in range(11)]


async def test_who_answers(tmp_path: Path, redis_url: str, publisher: Publisher, registrar: Registrar) -> None:
    """What is known at once, what has to be asked for within the protocol, and only the rest the application."""
    domain = "go.brand.example"
    registrar.write(domain)
    registrar.code(domain, "own", 1)
    registrar.code("", "ours", 2)
    publisher.write("limited", "https://example.com/", birth=3, scan_limit=9)
    journal = Journal.open(tmp_path, source=5, now_ms=now_ms, max_bytes=1 << 20)
    made = build(RedirectSettings(redis_url=redis_url, journal=tmp_path, short_url="https://s.example"), journal)
    ways: list[str] = []

    def at_once(scope: Scope, now: float) -> Answer | None:
        found = made.at_once(scope, now)
        if found is not None:
            ways.append("at once")
        return found

    def soon(scope: Scope) -> Coroutine[None, None, Answer] | None:
        found = made.soon(scope)
        if found is not None:
            ways.append("soon")
        return found

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            ways.append("application")
        await made.app(scope, receive, send)

    async with serving(made._replace(app=app, at_once=at_once, soon=soon)) as (port, _), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def way(path: str, host: str) -> str:
            ways.clear()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {IPHONE}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.findall(rb"content-length: (\d+)", head)[0]))
            assert ways[0] == ways[-1]
            return ways[0]

        for _ in range(1_000):
            if await way("/ours", "s.example") == "at once":
                break
            await asyncio.sleep(0.01)
        for path, host in (("/ours", "s.example"), ("/q/ours/", "s.example"), ("/own", domain), ("/r/own", domain)):
            await way(path, host)
            assert await way(path, host) == "at once", (path, host)
        # (That the domain has no such code of its own is believed for a second.)
        assert await way("/ours", domain) == "soon"
        assert await way("/ours", domain) == "at once"
        for path in ("/limited", "/never", "/") * 2:
            assert await way(path, "s.example") == "soon", path
        for path in ("/robots.txt", "/a//b", "/%6furs", "/wp-login.php"):
            assert await way(path, "s.example") == "application", path
        writer.close()


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (asked("GET /abc HTTP/1.1"), 1),
        (asked("GET /abc HTTP/1.1") * 5, 5),
        (asked("GET /abc HTTP/1.1") + asked("GET /%61bc HTTP/1.1") + asked("GET /abc HTTP/1.1"), 3),
        (asked("GET /abc HTTP/1.1", "Content-Length: 5") + b"12345" + asked("GET /abc HTTP/1.1"), 2),
        (asked("GET /abc HTTP/1.1", "Expect: 100-continue"), 1),
        (asked("GET /abc HTTP/1.1", "Connection: close"), 1),
        (asked("GET /abc HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"), 1),
        (asked("GET /abc HTTP/1.0"), 1),
        (asked("GET http://x/abc HTTP/1.1"), 1),
    ],
    ids=["one", "five", "both ways", "a body", "expecting", "closing", "upgrading", "old", "absolute"],
)
@pytest.mark.parametrize("pieces", [1, 7])
def test_however_a_request_comes(start: Start, publisher: Publisher, sent: bytes, answers: int, pieces: int) -> None:
    publisher.write("abc", "https://example.com/")
    server = start()
    until(server.trusted, "trust")
    assert server.get("/abc").status == 302
    came = raw(server.port, sent, pieces=pieces)
    assert came.count(b"HTTP/1.1 302 Found") == answers, came
    assert came.count(b"\r\nlocation: https://example.com/\r\n") == answers
    server.stop()
    assert len(server.events()) == answers + 1


def test_an_edit_is_seen_by_the_next_scan_on_an_open_connection(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/1")
    server = start()
    until(server.trusted, "trust")
    for turn in range(2, 100):
        assert server.get("/abc").location == f"https://example.com/{turn - 1}"
        publisher.edit("abc", f"https://example.com/{turn}")
