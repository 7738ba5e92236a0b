"""A scanner's connection that the server closes while it is idle."""

import asyncio

import pytest

from harness.scanners import Connection


async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request; close without a byte when the next one comes."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 302 Found\r\nlocation: /there\r\ncontent-length: 0\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def test_it_is_opened_again_where_that_is_wanted() -> None:
    async with await asyncio.start_server(answer_once, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        connection = await Connection.open(port, reopens=True)
        for _ in range(3):
            assert await connection.scan("slug") == (302, "/there")
        connection.close()
        connection = await Connection.open(port)
        assert await connection.scan("slug") == (302, "/there")
        with pytest.raises(asyncio.IncompleteReadError):
            await connection.scan("slug")
        connection.close()
