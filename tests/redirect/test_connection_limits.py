"""Idle connections keep nobody out: at a bound the oldest of them gives way."""

import asyncio
import resource
import subprocess
import sys
from contextlib import AsyncExitStack

import pytest

from redirect.asgi import Receive, Scope, Send
from redirect.client_ip import trusts
from redirect.connection_limits import ConnectionLimits, within_descriptors
from tests.redirect.protocols import MADE_UP, serving

ASK = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def limits(most: int, most_of_address: int, *proxies: str) -> ConnectionLimits:
    return ConnectionLimits(most, most_of_address, trusts(proxies), lambda: 0.0)


async def opened(port: int, stack: AsyncExitStack, local: str = "127.0.0.1") -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(local, 0))
    stack.callback(writer.close)
    return reader, writer


async def answered(streams: Streams, path: bytes = b"/abc") -> bool:
    """Whether its connection still stands, and is answered."""
    reader, writer = streams
    try:
        writer.write(ASK % path)
        return (await reader.readuntil(b"\r\n\r\n")).startswith((b"HTTP/1.1 302", b"HTTP/1.1 200"))
    except (ConnectionError, asyncio.IncompleteReadError):
        return False


@pytest.mark.parametrize("bound", [limits(10, 100), limits(100, 10)], ids=["in all", "of an address"])
async def test_the_oldest_idle_ones_give_way(bound: ConnectionLimits) -> None:
    async with serving(limits=bound) as (port, _), AsyncExitStack() as stack, asyncio.timeout(20):
        idle = [await opened(port, stack) for _ in range(30)]
        for _ in range(9):
            assert await answered(await opened(port, stack))
        for reader, _ in idle[:29]:
            assert await reader.read() == b""
        assert await answered(idle[29])
        assert len(bound) == 10


async def test_who_is_busy_is_passed_by() -> None:
    bound = limits(10, 100)
    async with serving(limits=bound) as (port, _), AsyncExitStack() as stack, asyncio.timeout(20):
        busy = [await opened(port, stack) for _ in range(5)]
        for _ in range(100):
            assert [await answered(one) for one in busy] == [True] * 5
            await opened(port, stack)


async def test_one_address_does_not_take_the_others_place_and_a_proxy_is_no_address() -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(20):
        port, _ = await stack.enter_async_context(serving(limits=limits(100, 5, "127.0.0.9")))
        others = [await opened(port, stack, "127.0.0.2") for _ in range(5)]
        proxied = [await opened(port, stack, "127.0.0.9") for _ in range(20)]
        many = [await opened(port, stack) for _ in range(20)]
        assert [await answered(one) for one in others] == [True] * 5
        assert [await answered(one) for one in proxied] == [True] * 20
        assert [await answered(one) for one in many] == [False] * 15 + [True] * 5


async def test_where_all_are_being_answered_a_new_one_is_refused() -> None:
    go_on = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await go_on.wait()
        await MADE_UP.app(scope, receive, send)

    async with AsyncExitStack() as stack, asyncio.timeout(20):
        bound = limits(5, 100)
        port, _ = await stack.enter_async_context(serving(MADE_UP._replace(app=slow), limits=bound))
        first = [asyncio.create_task(answered(await opened(port, stack), b"/other")) for _ in range(5)]
        while len(bound) < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert not await answered(await opened(port, stack))
        go_on.set()
        assert await asyncio.gather(*first) == [True] * 5
        # Then there is room again.
        assert await answered(await opened(port, stack))


def test_some_descriptors_are_no_connections() -> None:
    assert [within_descriptors(10_000, limit) for limit in (20, 256, 1_024, 1 << 20)] == [1, 128, 768, 10_000]


def test_the_soft_limit_of_descriptors_is_lifted() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lower = min(4096, hard) if hard != resource.RLIM_INFINITY else 4096
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from waymark import net; print(net.raise_descriptor_limit(), net.descriptor_limit())",
        ],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, lower)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(lower)] * 2
