"""The stream: how long after its scan an event comes, and what a thousand readers cost the core."""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Iterator
from functools import partial
from pathlib import Path

import httptools
import msgspec
import psutil
import requests

from bench import stack
from bench.figures import Figure, Say, figure, percentile
from harness.agents import HEADERS

NAME = "stream"
SETTLE_S = 3.0
PATIENCE_S = 60.0
# Clients that connect at the same time.
AT_ONCE = 50


class Size(msgspec.Struct, frozen=True):
    """Readers of one workspace, scans that are timed, and the pause between two."""

    readers: int
    scans: int
    pause_s: float


FULL = Size(readers=1000, scans=120, pause_s=0.25)
TINY = Size(readers=3, scans=3, pause_s=0.1)


class Reader(asyncio.Protocol):
    """One client: notes when each scan came, by its placement."""

    def __init__(self, seen: dict[str, list[float]], request: bytes, begun: "asyncio.Future[None]") -> None:
        self._seen = seen
        self._request = request
        self._begun = begun
        self._rest = b""
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        *messages, self._rest = (self._rest + body).split(b"\n\n")
        now = time.perf_counter()
        for message in messages:
            if b"event: scan" in message:
                placement = message.partition(b'"placement":"')[2].partition(b'"')[0].decode()
                # (A scan of the start may be stored late. It has none.)
                if placement:
                    self._seen.setdefault(placement, []).append(now)
            elif b"event: position" in message and not self._begun.done():
                self._begun.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._begun.done():
            self._begun.set_exception(RuntimeError("a stream ended before it began"))


def measure(size: Size, say: Say) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="wm-bench-") as folder:
        plans = Path(folder) / "plans.toml"
        plans.write_text(f'[plan.bench]\nshort_name = "bench"\nstreams = {size.readers}\n')
        more = {"WAYMARK_PLANS": str(plans), "WAYMARK_DEFAULT_PLAN": "bench", "WAYMARK_STREAMS": str(size.readers)}
        with stack.running(more=more) as up:
            slug = up.create("https://www.example.com/streamed")["slug"]
            waits, busy, idle = asyncio.run(_measured(up, slug, size, say))
    what = f"{size.readers:,} readers"
    yield figure(
        NAME, f"event after the scan, {what}, p99", waits, "s", pick=lambda found: percentile(found, 0.99), at_most=1.5
    )
    yield figure(NAME, f"the core with {what}, {1 / size.pause_s:g} scans/s", [busy], "cores", at_most=1)
    yield figure(NAME, f"the core with {what}, no scans", [idle], "cores")


async def _measured(up: stack.Stack, slug: str, size: Size, say: Say) -> tuple[list[float], float, float]:
    """How long each event took to each reader, and how busy the core was with and without scans."""
    seen: dict[str, list[float]] = {}
    await _connected(up, size.readers, seen, say)
    core = next(child for child in psutil.Process(up.process).children() if "core" in child.cmdline())
    idle = await _busy(core, asyncio.sleep(SETTLE_S))
    scanned: dict[str, float] = {}
    busy = await _busy(core, asyncio.to_thread(_scan, up, slug, size, scanned))
    async with asyncio.timeout(PATIENCE_S):
        while sum(map(len, seen.values())) < size.scans * size.readers:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return [at - scanned[name] for name, times in seen.items() for at in times], busy, idle


async def _connected(up: stack.Stack, readers: int, seen: dict[str, list[float]], say: Say) -> None:
    """All of them have begun. Raises RuntimeError when one was refused."""
    loop = asyncio.get_running_loop()
    request = f"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {up.key}\r\n\r\n".encode()
    for first in range(0, readers, AT_ONCE):
        say(f"{first:,} of {readers:,} readers")
        begun = [loop.create_future() for _ in range(min(AT_ONCE, readers - first))]
        for one in begun:
            await loop.create_connection(partial(Reader, seen, request, one), "127.0.0.1", up.api_port)
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*begun)


async def _busy(process: psutil.Process, work: Awaitable[object]) -> float:
    """How many cores the process kept busy meanwhile."""
    before, began = process.cpu_times(), time.perf_counter()
    await work
    after = process.cpu_times()
    used: float = after.user + after.system - before.user - before.system
    return used / (time.perf_counter() - began)


def _scan(up: stack.Stack, slug: str, size: Size, scanned: dict[str, float]) -> None:
    with requests.Session() as session:
        for number in range(size.scans):
            headers = HEADERS[number % len(HEADERS)]
            address = f"{up.short}/{slug}?p=n{number}"
            answer = session.get(address, headers=headers, allow_redirects=False, timeout=30)
            scanned[f"n{number}"] = time.perf_counter()
            if answer.status_code != 302:
                raise RuntimeError(f"the scan was answered with {answer.status_code}")
            # Not in step with the aggregator's batches.
            time.sleep(random.uniform(0.5, 1.5) * size.pause_s)
