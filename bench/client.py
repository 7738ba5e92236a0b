"""A load generator for machines without `wrk`, and for loads that `wrk` cannot express: each path requested exactly
once. It runs as a child process, so that its CPU time is not counted as the bench's.

    python -m bench.client PORT --connections 16 < paths      (one path a line)

Prints one line of JSON: the number of answers by status, the total time, and the median and 99th percentile of one
answer. `Scanner` is a bare protocol instead of `harness.scanners.Connection`, since streams cost more
per request.
"""

import asyncio
import itertools
import sys
import time
from collections import Counter
from functools import partial
from typing import cast

import click
import msgspec
import uvloop

from bench.figures import percentile
from harness.agents import HEADERS
from harness.scanners import Connection


class Scanner(asyncio.Protocol):
    """One connection kept alive: asks for the next path as soon as the last answer is whole."""

    def __init__(
        self, requests: list[bytes], statuses: Counter[int], waits: list[float], done: asyncio.Future[None]
    ) -> None:
        self.requests = requests
        self.statuses = statuses
        self.waits = waits
        self.done = done
        self.buffer = b""
        self.asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self.transport = cast(asyncio.Transport, transport)
        self.ask()

    def ask(self) -> None:
        if self.requests:
            self.asked_at = time.perf_counter()
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
        self.waits.append(time.perf_counter() - self.asked_at)
        self.statuses[int(head[9:12])] += 1
        self.buffer = self.buffer[end + 4 + length :]
        self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed a connection"))


def request(path: str, number: int, keep_alive: bool = True) -> bytes:
    lines = [*_lines(path, number), "Host: localhost", *([] if keep_alive else ["Connection: close"])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _lines(path: str, number: int) -> list[str]:
    headers = HEADERS[number % len(HEADERS)]
    return [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]


class Driven(msgspec.Struct, frozen=True):
    statuses: Counter[int]
    seconds: float
    p50_ms: float
    p99_ms: float


async def drive(port: int, paths: list[str], connections: int, keep_alive: bool = True) -> Driven:
    """Asks for every path once. Raises ConnectionError when a connection ends before its turn."""
    # Taken from the end.
    requests = [request(path, number, keep_alive) for number, path in enumerate(paths)][::-1]
    statuses: Counter[int] = Counter()
    waits: list[float] = []
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    if keep_alive:
        ends = [loop.create_future() for _ in range(connections)]
        for end in ends:
            await loop.create_connection(partial(Scanner, requests, statuses, waits, end), "127.0.0.1", port)
        await asyncio.gather(*ends)
    else:
        await asyncio.gather(*(_one_by_one(port, requests, statuses, waits) for _ in range(connections)))
    seconds = time.perf_counter() - began
    return Driven(statuses, seconds, percentile(waits, 0.5) * 1000, percentile(waits, 0.99) * 1000)


async def _one_by_one(port: int, requests: list[bytes], statuses: Counter[int], waits: list[float]) -> None:
    """A connection for each request, one after the other."""
    while requests:
        asked, began = requests.pop(), time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asked)
        answer = await reader.read()
        writer.close()
        waits.append(time.perf_counter() - began)
        statuses[int(answer[9:12])] += 1


async def trickle(port: int, path: str, every_s: float) -> None:
    """Request one path again and again, until the process is killed."""
    connection = await Connection.open(port)
    for number in itertools.count():
        await connection.request("\r\n".join(_lines(path, number)))
        await asyncio.sleep(every_s)


@click.command()
@click.argument("port", type=int)
@click.option("--connections", default=16)
@click.option("--path", help="Request only this path, forever, on one connection.")
@click.option("--every", default=0.01, help="Seconds between two requests of --path.")
@click.option("--close", is_flag=True, help="Use a new connection for each request.")
def main(port: int, connections: int, path: str | None, every: float, close: bool) -> None:
    if path is not None:
        uvloop.run(trickle(port, path, every))
        return
    paths = [line.strip() for line in sys.stdin if line.strip()]
    driven = uvloop.run(drive(port, paths, connections, keep_alive=not close))
    print(msgspec.json.encode(driven).decode(), flush=True)


if __name__ == "__main__":
    main()
