"""Nobody who does not say what it wants is waited for, and nothing without end is collected."""

import asyncio
import socket
from contextlib import suppress

import pytest

from redirect.asgi import App, Receive, Scope, Send
from redirect.http_protocol import QUEUED, HttpProtocol
from tests.redirect.protocols import MADE_UP, serving
from tests.redirect.protocols import app as made_up

LARGE = 8 << 20


async def test_who_does_not_say_what_it_wants_is_not_waited_for() -> None:
    async with serving(within_s=1.0) as (port, _):
        silent, _ = await asyncio.open_connection("127.0.0.1", port)
        slow_reader, slow = await asyncio.open_connection("127.0.0.1", port)
        prompt_reader, prompt = await asyncio.open_connection("127.0.0.1", port)
        slow.write(b"GET /abc HTTP/1.1\r\n")
        for turn in range(12):
            if not slow_reader.at_eof():
                slow.write(b"X-%d: y\r\n" % turn)
            for path, end in ((b"/abc", b"\r\n\r\n"), (b"/other", b"app")):
                prompt.write(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path)
                await prompt_reader.readuntil(end)
            await asyncio.sleep(0.1)
        assert await asyncio.wait_for(silent.read(), 30) == b""
        assert await asyncio.wait_for(slow_reader.read(), 30) == b""


async def test_a_body_that_trickles_after_the_answer_holds_nothing_open() -> None:
    async with serving(within_s=0.1) as (port, _):
        for path, end in ((b"/abc", b"\r\n\r\n"), (b"/other", b"app")):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET %b HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" % path)
            await reader.readuntil(end)
            async with asyncio.timeout(30):
                while not reader.at_eof() and not writer.is_closing():
                    writer.write(b"x")
                    await asyncio.sleep(0.02)


async def test_headers_without_end_are_not_collected() -> None:
    async with serving() as (port, _):
        for piece in (b"x" * 60_000, b"X-Y: z\r\n" * 6_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /other HTTP/1.1\r\nX: ")
            sent = 0
            async with asyncio.timeout(30):
                with suppress(ConnectionError):
                    while not reader.at_eof() and not writer.is_closing():
                        writer.write(piece)
                        await writer.drain()
                        sent += len(piece)
                        await asyncio.sleep(0.005)
            assert sent < 4_000_000


async def written_until_it_ends(port: int, head: bytes, piece: bytes, most: int = 8 << 20) -> int:
    """Bytes that were taken of `piece`, again and again, before the connection was ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    sent = 0
    async with asyncio.timeout(30):
        with suppress(ConnectionError):
            while sent < most and not reader.at_eof() and not writer.is_closing():
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
                await asyncio.sleep(0.001)
    writer.close()
    return sent


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers once it has read the body."""
    while (await receive()).get("more_body"):
        pass
    await made_up(scope, receive, send)


@pytest.mark.parametrize("piece", [b"a:b\r\n" * 10_000, b"x" * 50_000], ids=["many", "one"])
@pytest.mark.parametrize("path", ["/abc", "/other"])
@pytest.mark.parametrize("app", [made_up, reading], ids=["unread", "read"])
async def test_trailers_without_end_are_not_collected(app: App, path: str, piece: bytes) -> None:
    async with serving(MADE_UP._replace(app=app)) as (port, _):
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na:b".encode()
        for method in (b"POST", b"GET"):
            assert await written_until_it_ends(port, head.replace(b"POST", method), piece) < 6 << 20


async def test_a_body_that_nobody_reads_is_not_read_to_its_end() -> None:
    async with serving() as (port, _):
        for path in ("/abc", "/other"):
            for how in ("Content-Length: 1000000000", "Transfer-Encoding: chunked"):
                head = f"GET {path} HTTP/1.1\r\nHost: x\r\n{how}\r\n\r\n".encode()
                assert await written_until_it_ends(port, head, b"2710\r\n" + b"x" * 10_000 + b"\r\n") < 6 << 20


async def test_a_body_that_somebody_reads_is_as_long_as_it_likes() -> None:
    async with serving(MADE_UP._replace(app=reading)) as (port, _), asyncio.timeout(30):
        for chunk in (b"1\r\nx\r\n" * 1_000, b"2710\r\n" + b"x" * 10_000 + b"\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /other HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(100):
                writer.write(chunk)
                await writer.drain()
            writer.write(b"0\r\nX-Sum: 1\r\n\r\n")
            assert (await reader.readuntil(b"app")).startswith(b"HTTP/1.1 200")
            writer.close()


async def test_few_requests_wait_for_the_one_before_them() -> None:
    ask = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
    async with serving() as (port, _), asyncio.timeout(30):
        # What is answered at once waits for nothing.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ask % b"/abc" * 5_000)
        for _ in range(5_000):
            await reader.readuntil(b"\r\n\r\n")
        for more in (0, 1, 5_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ask % b"/other" * (1 + QUEUED + more))
            heads = [await reader.readuntil(b"app") for _ in range(1 + QUEUED)]
            # The last one says so, and the client asks for the rest anew.
            said = [b"connection: close" in head for head in heads]
            assert said == [False] * QUEUED + [more > 0]
            if more:
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            writer.close()


@pytest.mark.parametrize("path", ["/abc", "/large"])
async def test_who_does_not_read_is_not_written_for(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither for what was asked again and again nor for one answer that is larger than what the kernel takes."""

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % LARGE)]})
        await send({"type": "http.response.body", "body": bytes(LARGE)})

    async with serving(MADE_UP._replace(app=large), within_s=0.1) as (port, server), asyncio.timeout(30):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setblocking(False)
            ask = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * (1_000 if path == "/abc" else 1)
            sent = 0
            with suppress(ConnectionError):
                while sent < len(ask) or path == "/abc" or server.server_state.connections:
                    with suppress(BlockingIOError):
                        if sent < len(ask) or path == "/abc":
                            sent += client.send(ask)
                    for connection in server.server_state.connections:
                        assert isinstance(connection, HttpProtocol)
                        assert len(connection.pipeline) <= QUEUED
                        assert connection.transport.get_write_buffer_size() <= max(LARGE, 70_000)
                    await asyncio.sleep(0.001)
        while server.server_state.connections or server.server_state.tasks:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert "Traceback" not in caplog.text


async def test_a_connection_that_is_kept_for_nothing_is_closed() -> None:
    async with serving(within_s=0.1) as (port, _), asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /abc HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.read() == b""
        writer.close()


async def test_who_reads_slowly_gets_all_of_it() -> None:
    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % LARGE)]})
        await send({"type": "http.response.body", "body": bytes(LARGE)})

    async with serving(MADE_UP._replace(app=large), within_s=0.1) as (port, _), asyncio.timeout(30):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setblocking(False)
            client.send(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            loop, came = asyncio.get_running_loop(), 0
            while came < LARGE:
                got = await loop.sock_recv(client, LARGE // 20)
                assert got, came
                came += len(got)
                await asyncio.sleep(0.04)


async def test_the_host_is_said_once() -> None:
    async with serving() as (port, _), asyncio.timeout(30):
        for path in (b"/abc", b"/other"):
            for version, hosts, status in (
                (b"1.1", b"", b"400"),
                (b"1.1", b"Host: x\r\nhost: y\r\n", b"400"),
                (b"1.1", b"Host: x\r\nHost: x\r\n", b"400"),
                (b"1.0", b"Host: x\r\nHost: x\r\n", b"400"),
                (b"1.0", b"", b"200"),
            ):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"GET %b HTTP/%b\r\n%b\r\n" % (path, version, hosts))
                assert (await reader.read()).split()[1] == status, (path, version, hosts)
                writer.close()


async def test_what_is_refused_behind_others_ends_after_their_answers() -> None:
    async with serving() as (port, _), asyncio.timeout(30):
        for bad in (b"GET /other HTTP/1.1\r\n\r\n", b"nothing\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n" * 2 + bad)
            came = b""
            with suppress(ConnectionError):
                came = await reader.read()
            assert came.count(b"HTTP/1.1 200") == 2
            assert came.endswith(b"app")
            assert came.count(b"connection: close") == 1


async def test_nothing_is_logged_of_what_is_asked(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as (port, _), asyncio.timeout(30):
        for path in (b"/abc", b"/other"):
            for upgrade in (b"websocket", b"h2c"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                head = b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n"
                writer.write(head % (path, upgrade))
                came = await reader.read()
                assert came.startswith(b"HTTP/1.1 200")
                assert b"\r\nconnection: close\r\n" in came
    assert [
        record for record in caplog.records if record.name.startswith("uvicorn") and record.levelname != "INFO"
    ] == []


async def in_parts(scope: Scope, receive: Receive, send: Send) -> None:
    """An answer whose length nobody knows beforehand."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-kind", b"parts")]})
    for part in (b"one ", b"", b"two ", b"three"):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def asked(port: int, request: bytes) -> tuple[bytes, bytes]:
    """Head and body of what comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head, _, body = (await asyncio.wait_for(reader.read(), 30)).partition(b"\r\n\r\n")
    writer.close()
    return head.lower(), body


async def test_a_client_of_http_1_0_gets_no_chunks() -> None:
    async with serving(MADE_UP._replace(app=in_parts)) as (port, _):
        for more in (b"", b"Connection: keep-alive\r\n"):
            head, body = await asked(port, b"GET /other HTTP/1.0\r\n%b\r\n" % more)
            assert b"chunked" not in head and b"connection: close" in head and body == b"one two three"
        head, body = await asked(port, b"HEAD /other HTTP/1.0\r\n\r\n")
        assert b"chunked" not in head and body == b""
        head, body = await asked(port, b"GET /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"chunked" in head and body.startswith(b"4\r\none ")
    async with serving() as (port, _):
        head, body = await asked(port, b"GET /other HTTP/1.0\r\n\r\n")
        assert b"content-length: " in head and body == b"app"
