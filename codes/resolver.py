"""Look up host names, bounded in time and number, and cached.

A name that does not resolve, or not in time, has no addresses here. That is no reason to refuse a destination, which
may go live tomorrow; only addresses that are found can be.
"""

import asyncio
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

Lookup = Callable[[str], tuple[str, ...]]


def look_up(host: str) -> tuple[str, ...]:
    """Blocks as long as the system's resolver does. Raises OSError for an unknown name, UnicodeError for an impossible
    one."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(sorted({str(entry[4][0]) for entry in found}))


class Resolver:
    """Belongs to one event loop. `look_up` runs in daemon threads, so a name server that never answers blocks neither a
    request nor the end of the process."""

    def __init__(
        self,
        look_up: Lookup = look_up,
        *,
        patience_s: float = 1.0,
        at_once: int = 16,
        keep_s: float = 300.0,
        keep_none_s: float = 30.0,
        keep: int = 4096,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look_up = look_up
        self._patience_s = patience_s
        self._at_once = at_once
        self._keep_s = keep_s
        self._keep_none_s = keep_none_s
        self._keep = keep
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()
        self._running: dict[str, asyncio.Future[tuple[str, ...]]] = {}

    async def resolve(self, host: str) -> tuple[str, ...]:
        """Return the addresses of `host`; none if it is unknown, slow, or too many lookups are running."""
        known = self._known.get(host)
        if known is not None and known[0] > self._clock():
            return known[1]
        running = self._running.get(host)
        if running is None:
            if len(self._running) >= self._at_once:
                return ()
            running = self._begin(host)
        try:
            return await asyncio.wait_for(asyncio.shield(running), self._patience_s)
        except TimeoutError:
            return ()

    def _begin(self, host: str) -> asyncio.Future[tuple[str, ...]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[str, ...]] = loop.create_future()
        self._running[host] = future

        def in_thread() -> None:
            found: tuple[str, ...] = ()
            with suppress(OSError, UnicodeError):
                found = self._look_up(host)
            # The loop may have ended meanwhile.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._end, host, found)

        threading.Thread(target=in_thread, name=f"resolve {host}", daemon=True).start()
        return future

    def _end(self, host: str, found: tuple[str, ...]) -> None:
        keep_s = self._keep_s if found else self._keep_none_s
        self._known[host] = (self._clock() + keep_s, found)
        self._known.move_to_end(host)
        if len(self._known) > self._keep:
            self._known.popitem(last=False)
        future = self._running.pop(host)
        if not future.cancelled():
            future.set_result(found)
