"""Waiting for something to be so, and asking a port whether somebody answers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence


async def until(
    so: Callable[[], Awaitable[bool]],
    *,
    within_s: float,
    unless: Callable[[], bool],
    every_s: float = 0.05,
) -> bool:
    """Whether it came to be so in time; also gives up when `unless` says so."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while loop.time() < deadline and not unless():
        if await so():
            return True
        await asyncio.sleep(every_s)
    return False


async def answers_http(host: str, ports: Sequence[int], path: str) -> bool:
    """Whether each port answers a GET of `path` with 200."""
    # `0.0.0.0` and `::` are where to listen, not whom to call.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    for port in ports:
        try:
            status = await asyncio.wait_for(_status(host, port, path), 1.0)
        except (OSError, TimeoutError):
            return False
        if b" 200 " not in status:
            return False
    return True


async def _status(host: str, port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return await reader.readline()
    finally:
        writer.close()
