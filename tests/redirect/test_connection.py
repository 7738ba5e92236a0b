"""Nobody who does not say what it wants is waited for, and nothing without end is collected."""

import asyncio
from contextlib import suppress

from tests.redirect.protocols import serving


async def test_who_does_not_say_what_it_wants_is_not_waited_for() -> None:
    async with serving(within_s=0.3) as (port, _):
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
            assert 64_000 < sent < 4_000_000
        # Many requests that come together are no headers without end.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n" * 5_000)
        for _ in range(5_000):
            await asyncio.wait_for(reader.readuntil(b"app"), 30)
