"""Scanning clients on raw connections: fast enough for load, exact about answers."""

import asyncio
import contextlib

import msgspec

from harness.agents import PHONE


class Connection:
    """One keep-alive connection to a redirector."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, reopens: bool) -> None:
        self._port = port
        self._reader = reader
        self._writer = writer
        self._reopens = reopens
        self._answered = False

    @classmethod
    async def open(cls, port: int, *, reopens: bool = False) -> "Connection":
        """With `reopens`, a connection that the server closed while it was idle is opened again for its next request.
        Not for servers that are killed: those may have counted the request that they did not answer."""
        return cls(port, *await asyncio.open_connection("127.0.0.1", port), reopens=reopens)

    @property
    def local_port(self) -> int:
        return int(self._writer.get_extra_info("sockname")[1])

    async def request(self, head: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        """Raises OSError or IncompleteReadError when the other side goes away."""
        length = f"\r\nContent-Length: {len(body)}" if body or head.startswith("POST") else ""
        message = f"{head}\r\nHost: localhost{length}\r\n\r\n".encode() + body
        try:
            text = await self._send(message)
        except (OSError, asyncio.IncompleteReadError) as error:
            if not (self._reopens and self._answered) or (
                isinstance(error, asyncio.IncompleteReadError) and error.partial
            ):
                raise
            self.close()
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            text = await self._send(message)
        self._answered = True
        status, *lines = text.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        size = 0 if head.startswith("HEAD ") else int(headers.get("content-length", "0"))
        content = await self._reader.readexactly(size)
        return int(status.split()[1]), headers, content

    async def _send(self, message: bytes) -> str:
        """Return the head of the answer."""
        self._writer.write(message)
        return (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")

    async def scan(self, slug: str) -> tuple[int, str]:
        status, headers, _ = await self.request(f"GET /{slug} HTTP/1.1\r\nUser-Agent: {PHONE}")
        return status, headers.get("location", "")

    def close(self) -> None:
        self._writer.close()


class ScanCount(msgspec.Struct):
    """`answered` were received as 302 by a client; `sent` are those and what was under way."""

    sent: int = 0
    answered: int = 0
    other: int = 0


async def scan_load(port: int, slug: str, count: ScanCount, stop: asyncio.Event, *, scanners: int, most: int) -> None:
    """Scans until `stop` or `most` are sent. A connection that breaks is opened again."""

    async def scanner() -> None:
        while not stop.is_set() and count.sent < most:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                connection = await Connection.open(port)
                try:
                    while not stop.is_set() and count.sent < most:
                        count.sent += 1
                        status, _ = await connection.scan(slug)
                        if status == 302:
                            count.answered += 1
                        else:
                            count.other += 1
                finally:
                    connection.close()
            await asyncio.sleep(0.01)

    await asyncio.gather(*(scanner() for _ in range(scanners)))
