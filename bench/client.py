"""A load generator of our own, for machines without `wrk` and for loads that `wrk` cannot express:
each path asked exactly once. It runs as a child process, so that its work is not the measurer's.

    python -m bench.client PORT --connections 16 < paths      (one path a line)

The answer is one line of JSON: how many answers of each status, and how long it took.
"""

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from functools import partial
from typing import cast

import click
import uvloop

from bench.agents import HEADERS


class Scanner(asyncio.Protocol):
    """One connection kept alive: asks for the next path as soon as the last answer is whole."""

    def __init__(self, requests: list[bytes], statuses: Counter[int], done: asyncio.Future[None]) -> None:
        self.requests = requests
        self.statuses = statuses
        self.done = done
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self.transport = cast(asyncio.Transport, transport)
        self.ask()

    def ask(self) -> None:
        if self.requests:
            self.transport.write(self.requests.pop())
        else:
            self.transport.close()
            if not self.done.done():
                self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        self.statuses[int(head[9:12])] += 1
        self.buffer = self.buffer[end + 4 + length :]
        self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed a connection"))


def request(path: str, number: int) -> bytes:
    headers = HEADERS[number % len(HEADERS)]
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def drive(port: int, paths: list[str], connections: int) -> tuple[Counter[int], float]:
    """Asks for every path once. Raises ConnectionError when a connection ends before its turn."""
    # Taken from the end.
    requests = [request(path, number) for number, path in enumerate(paths)][::-1]
    statuses: Counter[int] = Counter()
    loop = asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for end in ends:
        await loop.create_connection(partial(Scanner, requests, statuses, end), "127.0.0.1", port)
    await asyncio.gather(*ends)
    return statuses, time.perf_counter() - began


async def trickle(port: int, path: str, every_s: float) -> None:
    """Asks for one path again and again, until the process is ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in itertools.count():
        writer.write(request(path, number))
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(every_s)


@click.command()
@click.argument("port", type=int)
@click.option("--connections", default=16)
@click.option("--path", help="Ask for this one for ever instead, on one connection.")
@click.option("--every", default=0.01, help="Seconds between two of those.")
def main(port: int, connections: int, path: str | None, every: float) -> None:
    if path is not None:
        uvloop.run(trickle(port, path, every))
        return
    paths = [line.strip() for line in sys.stdin if line.strip()]
    statuses, seconds = uvloop.run(drive(port, paths, connections))
    print(json.dumps({"statuses": statuses, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
