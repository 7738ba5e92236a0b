"""A fair queue for a scarce resource: workspaces take turns, however many calls each has waiting.

An owner (a workspace) holds at most `own_at_once` of the `at_once` turns, so that another one finds a turn free, and
has at most so many calls waiting as its plan says; who comes then is refused at once. Turns may be left from any
thread.
"""

import asyncio
import threading
from collections import Counter, OrderedDict, deque
from contextlib import suppress
from contextvars import ContextVar

import msgspec


class Owner(msgspec.Struct, frozen=True):
    """Whose call this is. The figures are of its plan: how many pictures, and how many questions, may wait."""

    workspace: int = 0
    pictures: int = 64
    questions: int = 64


# Set once a caller is known; what is done for nobody's sake (readiness) is nobody's.
NOBODY = Owner()
owner: ContextVar[Owner] = ContextVar("owner", default=NOBODY)


class TooMany(Exception):
    """`own`: this owner has as many waiting as it may; else all of them together have."""

    def __init__(self, *, own: bool) -> None:
        super().__init__("this workspace has too many waiting" if own else "too many are waiting")
        self.own = own


class _Waiter:
    __slots__ = ("future", "granted", "loop")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[None] = self.loop.create_future()
        self.granted = False

    def grant(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


class FairQueue:
    """Whoever has entered must leave, once."""

    def __init__(self, at_once: int, *, own_at_once: int | None = None, waiting: int = 256) -> None:
        self._at_once = at_once
        self._own_at_once = own_at_once or at_once
        self._most = waiting
        self._lock = threading.Lock()
        self._running: Counter[int] = Counter()
        # Whose turn is next comes first.
        self._waiting: OrderedDict[int, deque[_Waiter]] = OrderedDict()

    async def enter(self, who: int, own_waiting: int) -> None:
        """Waits for a turn. Raises TooMany."""
        with self._lock:
            if self._may(who) and who not in self._waiting:
                self._running[who] += 1
                return
            if len(self._waiting.get(who, ())) >= own_waiting:
                raise TooMany(own=True)
            if sum(map(len, self._waiting.values())) >= self._most:
                raise TooMany(own=False)
            waiter = _Waiter()
            self._waiting.setdefault(who, deque()).append(waiter)
        try:
            await waiter.future
        except BaseException:
            with self._lock:
                granted = waiter.granted
                if not granted:
                    self._drop(who, waiter)
            if granted:
                self.leave(who)
            raise

    def leave(self, who: int) -> None:
        with self._lock:
            self._running[who] -= 1
            if self._running[who] <= 0:
                del self._running[who]
            while (next_one := self._next()) is not None:
                name, waiter = next_one
                waiter.granted = True
                self._running[name] += 1
                try:
                    waiter.loop.call_soon_threadsafe(waiter.grant)
                except RuntimeError:
                    # Its loop has ended, and nobody waits there any more.
                    self._running[name] -= 1

    def _may(self, who: int) -> bool:
        return self._running.total() < self._at_once and self._running[who] < self._own_at_once

    def _next(self) -> tuple[int, _Waiter] | None:
        for who, waiters in self._waiting.items():
            if self._may(who):
                waiter = waiters.popleft()
                self._waiting.move_to_end(who)
                if not waiters:
                    del self._waiting[who]
                return who, waiter
        return None

    def _drop(self, who: int, waiter: _Waiter) -> None:
        with suppress(KeyError, ValueError):
            self._waiting[who].remove(waiter)
            if not self._waiting[who]:
                del self._waiting[who]
