"""A fair queue for a scarce resource: workspaces take turns, and so do the keys of each, however many calls wait.

An owner (a workspace) holds at most `own_at_once` of the `at_once` turns, so that another one finds a turn free; and
one of its keys at most `key_at_once` of these, so that another key does. A workspace has at most so many calls waiting
as its plan says; who comes then is refused at once. Turns may be left from any thread.
"""

import asyncio
import threading
from collections import Counter, OrderedDict, deque
from contextlib import suppress
from contextvars import ContextVar

import msgspec


class Owner(msgspec.Struct, frozen=True):
    """Whose call this is, and with which key. The figures are of its plan: how many pictures, questions and exports may
    wait."""

    workspace: int = 0
    pictures: int = 64
    questions: int = 64
    key: str = ""
    exports: int = 8


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


class _Line:
    """The waiting calls of one workspace: those of each key, of which the one whose turn is next comes first."""

    __slots__ = ("keys", "length")

    def __init__(self) -> None:
        self.keys: OrderedDict[str, deque[_Waiter]] = OrderedDict()
        self.length = 0

    def add(self, key: str, waiter: _Waiter) -> None:
        self.keys.setdefault(key, deque()).append(waiter)
        self.length += 1

    def take(self, key: str) -> _Waiter:
        """The first of a key, which is the last to take the next turn."""
        waiter = self.keys[key].popleft()
        self.keys.move_to_end(key)
        self._taken(key)
        return waiter

    def drop(self, key: str, waiter: _Waiter) -> None:
        with suppress(KeyError, ValueError):
            self.keys[key].remove(waiter)
            self._taken(key)

    def _taken(self, key: str) -> None:
        self.length -= 1
        if not self.keys[key]:
            del self.keys[key]


class FairQueue:
    """Whoever has entered must leave, once, under the same names."""

    def __init__(
        self, at_once: int, *, own_at_once: int | None = None, key_at_once: int | None = None, waiting: int = 256
    ) -> None:
        self._at_once = at_once
        self._own_at_once = own_at_once or at_once
        self._key_at_once = key_at_once or self._own_at_once
        self._most = waiting
        self._lock = threading.Lock()
        self._running: Counter[int] = Counter()
        self._running_keys: Counter[tuple[int, str]] = Counter()
        # Whose turn is next comes first.
        self._waiting: OrderedDict[int, _Line] = OrderedDict()

    async def enter(self, who: int, own_waiting: int, key: str = "") -> None:
        """Waits for a turn. Raises TooMany."""
        with self._lock:
            line = self._waiting.get(who)
            if self._may(who, key) and (line is None or key not in line.keys):
                self._begin(who, key)
                return
            self._check_room(line, own_waiting, key)
            waiter = _Waiter()
            self._waiting.setdefault(who, _Line()).add(key, waiter)
        try:
            await waiter.future
        except BaseException:
            with self._lock:
                granted = waiter.granted
                if not granted:
                    self._drop(who, key, waiter)
            if granted:
                self.leave(who, key)
            raise

    def leave(self, who: int, key: str = "") -> None:
        with self._lock:
            self._end(who, key)
            while (next_one := self._next()) is not None:
                name, next_key, waiter = next_one
                waiter.granted = True
                self._begin(name, next_key)
                try:
                    waiter.loop.call_soon_threadsafe(waiter.grant)
                except RuntimeError:
                    # Its loop has ended, and nobody waits there any more.
                    self._end(name, next_key)

    def _check_room(self, line: _Line | None, own_waiting: int, key: str) -> None:
        """A key that has none waiting finds room beside one that fills the line, up to twice its length."""
        length = line.length if line is not None else 0
        if length >= own_waiting and (line is None or key in line.keys or length >= 2 * own_waiting):
            raise TooMany(own=True)
        if sum(each.length for each in self._waiting.values()) >= self._most:
            raise TooMany(own=False)

    def _begin(self, who: int, key: str) -> None:
        self._running[who] += 1
        self._running_keys[who, key] += 1

    def _end(self, who: int, key: str) -> None:
        self._running[who] -= 1
        if self._running[who] <= 0:
            del self._running[who]
        self._running_keys[who, key] -= 1
        if self._running_keys[who, key] <= 0:
            del self._running_keys[who, key]

    def _may(self, who: int, key: str) -> bool:
        return (
            self._running.total() < self._at_once
            and self._running[who] < self._own_at_once
            and self._running_keys[who, key] < self._key_at_once
        )

    def _next(self) -> tuple[int, str, _Waiter] | None:
        for who, line in self._waiting.items():
            for key in line.keys:
                if self._may(who, key):
                    waiter = line.take(key)
                    self._waiting.move_to_end(who)
                    if not line.keys:
                        del self._waiting[who]
                    return who, key, waiter
        return None

    def _drop(self, who: int, key: str, waiter: _Waiter) -> None:
        line = self._waiting.get(who)
        if line is not None:
            line.drop(key, waiter)
            if not line.keys:
                del self._waiting[who]
