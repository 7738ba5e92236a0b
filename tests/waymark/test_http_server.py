"""The server of the API and of the status pages waits for nobody who does not say what it wants."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.types import Receive, Scope, Send

from redirect.http_protocol import HttpProtocol
from waymark.http_server import serve


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
        await send({"type": "http.response.body", "body": b"app"})


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    stop = asyncio.Event()
    running = asyncio.create_task(serve(app, [listener], stop))
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        await running


async def test_slow_headers_end_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpProtocol, "headers_within_s", 0.3)
    async with serving() as port, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /v1/dynamic HTTP/1.1\r\n")
        with suppress(ConnectionError):
            while not reader.at_eof() and not writer.is_closing():
                writer.write(b"X: y\r\n")
                await asyncio.sleep(0.02)
        # Who asks properly is answered, again and again.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(5):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"app")).startswith(b"HTTP/1.1 200")


async def test_what_is_no_http_is_refused() -> None:
    async with serving() as port, asyncio.timeout(30):
        for sent in (
            b"\x16\x03\x01\x02\x00\x01",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET /\x00 HTTP/1.1\r\n\r\n",
            b"\r\n" * 9 + b"?",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            assert (await reader.read()).startswith(b"HTTP/1.1 400")


async def test_a_connection_that_was_just_opened_is_answered_before_the_end() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    stop = asyncio.Event()
    running = asyncio.create_task(serve(app, [listener], stop))
    async with asyncio.timeout(20):
        kept_reader, kept = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
        kept.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await kept_reader.readuntil(b"app")
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
        await asyncio.sleep(0.1)
        stop.set()
        await asyncio.sleep(0.5)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        came = await reader.read()
        assert came.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in came
        assert await kept_reader.read() == b""
        await running
