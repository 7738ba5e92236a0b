"""A line between two machines, as a proxy on loopback: it delays what it carries, can be cut and mended, and can be
lost with all that is under way."""

import asyncio
import threading
from collections import deque
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Link:
    """Carries connections to `port` of this machine from a port of its own. `delay_s` holds for each direction, and may
    be changed. After `cut` nothing arrives, and connections stay open, as when a router is gone; what was sent
    meanwhile arrives after `mend`."""

    def __init__(self, port: int, *, delay_s: float = 0.0) -> None:
        self._target = port
        self.delay_s = delay_s
        self._loop = asyncio.new_event_loop()
        self._whole = asyncio.Event()
        self._whole.set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link", daemon=True)
        self._thread.start()
        self._pumps: set[asyncio.Task[None]] = set()
        self._server = self._run(self._listen())
        self.port = int(self._server.sockets[0].getsockname()[1])

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        begun: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return begun.result(30)

    def cut(self) -> None:
        self._loop.call_soon_threadsafe(self._whole.clear)

    def mend(self) -> None:
        self._loop.call_soon_threadsafe(self._whole.set)

    def lose(self) -> None:
        """End it for good. What is under way never arrives."""
        if self._loop.is_running():
            self._run(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(30)
            self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._connected, "127.0.0.1", 0)

    async def _end(self) -> None:
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _connected(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        writers = [near_out]
        try:
            await self._whole.wait()
            far_in, far_out = await asyncio.open_connection("127.0.0.1", self._target)
            writers.append(far_out)
            await asyncio.gather(self._pump(near_in, far_out), self._pump(far_in, near_out))
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            for writer in writers:
                writer.transport.abort()
            self._pumps.discard(task)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Raises EOFError at the end."""
        waiting: deque[tuple[float, bytes]] = deque()
        arrived = asyncio.Event()

        async def deliver() -> None:
            while True:
                await arrived.wait()
                due, data = waiting.popleft()
                if not waiting:
                    arrived.clear()
                if (left := due - self._loop.time()) > 0:
                    await asyncio.sleep(left)
                await self._whole.wait()
                if not data:
                    raise EOFError
                sink.write(data)
                with suppress(ConnectionError):
                    await sink.drain()

        async def receive() -> None:
            while True:
                data = await source.read(1 << 16)
                waiting.append((self._loop.time() + self.delay_s, data))
                arrived.set()
                if not data:
                    return

        receiving = asyncio.create_task(receive())
        try:
            await deliver()
        finally:
            receiving.cancel()
