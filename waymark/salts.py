"""Give the day's visitor salts to this machine's redirectors, from the supervisor's memory.

Each redirector has a socket pair, which its successor inherits. A restart of the supervisor makes a new salt, so
returning visitors are counted once more on that day.
"""

import asyncio
import contextlib
import resource
import secrets
import socket
import time
from collections.abc import Callable

from infra import clock
from redirect.redis_client import RedisClient
from redirect.redis_connection import Away, Refused
from redirect.visitor_hash import DAY_BYTES, MS_OF_DAY, SALT_BYTES, Persistent, check_volatile, question
from waymark.settings import BadSetting, Settings

LOOK_S = 60.0
CHECK_WITHIN_S = 2.0


class DailySalts:
    """Today's and tomorrow's; `keep` throws yesterday's away. For the supervisor's event loop."""

    def __init__(
        self, now_ms: Callable[[], int] = clock.now_ms, random_bytes: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._now_ms = now_ms
        self._random_bytes = random_bytes
        self._salts: dict[int, bytes] = {}
        self._sockets: list[socket.socket] = []

    def of(self, day: int) -> bytes | None:
        """None for every day but today and tomorrow."""
        today = self._now_ms() // MS_OF_DAY
        for other in [one for one in self._salts if one not in (today, today + 1)]:
            del self._salts[other]
        for one in (today, today + 1):
            if one not in self._salts:
                self._salts[one] = self._random_bytes(SALT_BYTES)
        return self._salts.get(day)

    async def keep(self) -> None:
        while True:
            self.of(0)
            await asyncio.sleep(LOOK_S)

    def share(self) -> int:
        """A descriptor for one redirector, and for those that are started in its place."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.setblocking(False)
        self._sockets += [ours, theirs]
        asyncio.get_running_loop().add_reader(ours, self._answer, ours)
        return theirs.fileno()

    def _answer(self, ours: socket.socket) -> None:
        # A redirector that does not read is one that asks again.
        with contextlib.suppress(OSError):
            asked = ours.recv(DAY_BYTES)
            day = int.from_bytes(asked, "big")
            if (salt := self.of(day)) is not None:
                ours.send(question(day) + salt)

    def close(self) -> None:
        for one in self._sockets:
            asyncio.get_running_loop().remove_reader(one)
            one.close()
        self._salts.clear()


def leave_no_core() -> None:
    """Disable core dumps, which would write the salts to disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def check_salt_redis(settings: Settings) -> None:
    """Raises BadSetting when the Redis of salts has a disk. One that is away is no reason not to start."""
    if settings.salt_redis_url is not None:
        asyncio.run(_check(settings.salt_redis_url))


async def _check(url: str) -> None:
    store = RedisClient(url, time.monotonic)
    try:
        async with asyncio.timeout(CHECK_WITHIN_S):
            await check_volatile(store)
    except Persistent as error:
        raise BadSetting(f"WAYMARK_SALT_REDIS_URL must name a Redis that keeps nothing on disk: {error}") from None
    except Refused as error:
        raise BadSetting(f"WAYMARK_SALT_REDIS_URL names a Redis that does not say whether it keeps: {error}") from None
    except ValueError as error:
        raise BadSetting(f"WAYMARK_SALT_REDIS_URL cannot be used: {error}") from None
    except (Away, TimeoutError):
        return
    finally:
        await store.close()
