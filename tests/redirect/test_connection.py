"""Nobody who does not say what it wants is waited for, and nothing without end is collected."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn

from redirect import quick
from redirect.asgi import Receive, Scope, Send
from redirect.quick import Answer
from redirect.serve import listen


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"app"})


def at_once(scope: Scope) -> Answer | None:
    return (302, ((b"location", b"/x"),), b"") if scope["path"] == "/abc" else None


@asynccontextmanager
async def serving(within_s: float) -> AsyncIterator[int]:
    """The protocol that answers /abc by itself; /other comes to the one below it, as everything does in the API."""
    protocol: Any = quick.protocol(at_once)
    protocol.headers_within_s = within_s
    server = uvicorn.Server(uvicorn.Config(app, http=protocol, lifespan="off", log_config=None, ws="none"))
    listener = listen("127.0.0.1", 0)
    port = int(listener.getsockname()[1])
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield port
    finally:
        server.should_exit = True
        await running


async def test_who_does_not_say_what_it_wants_is_not_waited_for() -> None:
    async with serving(0.3) as port:
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
    async with serving(0.1) as port:
        for path, end in ((b"/abc", b"\r\n\r\n"), (b"/other", b"app")):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET %b HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" % path)
            await reader.readuntil(end)
            async with asyncio.timeout(30):
                while not reader.at_eof() and not writer.is_closing():
                    writer.write(b"x")
                    await asyncio.sleep(0.02)


async def test_headers_without_end_are_not_collected() -> None:
    async with serving(10.0) as port:
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
            assert 64_000 < sent < 4_000_000
        # Many requests that come together are no headers without end.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n" * 5_000)
        for _ in range(5_000):
            await asyncio.wait_for(reader.readuntil(b"app"), 30)
