"""The visitor number: a hash of address, user agent and workspace, keyed with the day's salt; and the salts.

Today's and tomorrow's salts are in memory, equal on all redirectors that share a source. A salt is never on a disk. It
comes from this machine's supervisor, over a socket that its redirectors inherit, or from a Redis without persistence;
with neither, a redirector makes its own. With yesterday's salt and a stored visitor number one could recover the
address by trying all of them, so a salt is dropped when its day ends.
"""

import asyncio
import hashlib
import logging
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol

from redirect.redis_client import RedisClient
from redirect.redis_connection import Away, Refused
from schemas import keys

# The visitor number: the same for the same scanner, workspace and day, and meaningless once the day's salt is gone. So
# people can be counted over several codes of a workspace, and not followed from one workspace to another.

MS_OF_DAY = 86_400_000
SALT_BYTES = 16


class Hasher(Protocol):
    def copy(self) -> "Hasher": ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


def keyed(salt: bytes) -> Hasher:
    hasher: Hasher = hashlib.blake2b(key=salt, digest_size=8)
    return hasher


def visitor_hash(hasher: Hasher, address: bytes, agent_digest: bytes, workspace: bytes) -> int:
    """The visitor number, below 2**63. The parts have fixed lengths (16, 16, 8), so no two inputs are the same
    bytes."""
    own = hasher.copy()
    own.update(address + agent_digest + workspace)
    return int.from_bytes(own.digest(), "little") >> 1


class Salts:
    """The salts of today and tomorrow, by day number since 1970. A missing one is replaced by a random salt that only
    this process knows, until `put` brings the shared one."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._hashers: dict[int, Hasher] = {}
        self._shared: set[int] = set()
        # The hasher for scans of `day`. This is its only copy, so it goes with the day.
        self.day = -1
        self.current = keyed(random_bytes(SALT_BYTES))

    def begin(self, day: int) -> None:
        """Make this the current day."""
        self.current = self.hasher(day)
        self.day = day

    def hasher(self, day: int) -> Hasher:
        """The hasher for a scan on this day; forgets earlier days."""
        self.forget_before(day)
        found = self._hashers.get(day)
        if found is None:
            found = self._hashers[day] = keyed(self._random_bytes(SALT_BYTES))
        return found

    def put(self, day: int, salt: bytes) -> None:
        if day not in self._shared:
            self._hashers[day] = keyed(salt)
            self._shared.add(day)
            if day == self.day:
                self.current = self._hashers[day]

    def has_shared(self, day: int) -> bool:
        return day in self._shared

    def forget_before(self, today: int) -> None:
        """Forget salts before `today`: without them, nobody can find out who scanned what on a past day."""
        for past in [day for day in self._hashers if day < today]:
            del self._hashers[past]
            self._shared.discard(past)


RETRY_S = 1.0
LOOK_S = 60.0
# The supervisor answers from memory.
ANSWER_S = 1.0
DAY_BYTES = 8

log = logging.getLogger(__name__)

# Returns the salt of a day since 1970. Raises NoSalt, Persistent, Away or Refused.
Source = Callable[[int], Awaitable[bytes]]


class NoSalt(Exception):
    """The source does not answer now."""


class Persistent(Exception):
    """This Redis persists to disk; the message names the setting."""


def day_name(day: int) -> str:
    return datetime.fromtimestamp(day * MS_OF_DAY / 1000, UTC).strftime("%Y-%m-%d")


def question(day: int) -> bytes:
    """The message from a redirector to its supervisor. The answer is this message and the salt."""
    return day.to_bytes(DAY_BYTES, "big")


def from_supervisor(descriptor: int) -> Source:
    """Ask the process at the other end of a datagram socket. An answer names its day, so one meant for an earlier
    redirector serves as well."""
    supervisor = socket.socket(fileno=descriptor)
    supervisor.setblocking(False)

    async def source(day: int) -> bytes:
        asked = question(day)
        try:
            supervisor.send(asked)
            async with asyncio.timeout(ANSWER_S):
                while True:
                    answer = await asyncio.get_running_loop().sock_recv(supervisor, DAY_BYTES + SALT_BYTES)
                    if answer[:DAY_BYTES] == asked:
                        return answer[DAY_BYTES:]
        except (OSError, TimeoutError):
            raise NoSalt("the supervisor does not answer") from None

    return source


def from_redis(redis: RedisClient, random_bytes: Callable[[int], bytes]) -> Source:
    """Share the salt through a Redis without persistence: the first redirector makes it, and Redis drops it after its
    day."""

    async def source(day: int) -> bytes:
        await check_volatile(redis)
        key = keys.salt(day_name(day))
        await redis.ask("SET", key, random_bytes(SALT_BYTES), "NX", "EXAT", (day + 1) * MS_OF_DAY // 1000)
        salt = await redis.ask("GET", key)
        if not isinstance(salt, bytes) or len(salt) != SALT_BYTES:
            raise NoSalt("its clock is another one than ours")
        return salt

    return source


async def check_volatile(redis: RedisClient) -> None:
    """Raises Persistent for a Redis that writes to disk or has a replica that may; Away or Refused when it cannot
    answer."""
    for setting, wanted in (("appendonly", b"no"), ("save", b"")):
        found = await redis.ask("CONFIG", "GET", setting)
        if not isinstance(found, list) or found[1:] != [wanted]:
            value = found[1].decode(errors="replace") if isinstance(found, list) and len(found) == 2 else "hidden"
            raise Persistent(f"its {setting} is {value!r}, and must be {wanted.decode()!r}")
    replication = (await redis.ask("INFO", "replication")).decode().split()
    if "role:master" not in replication or "connected_slaves:0" not in replication:
        raise Persistent("it is replicated, and a copy can be on a disk")


class SaltKeeper:
    """Keeps the salts current; `run` it until cancelled. Sets `first` once today's shared salt is there, or there is no
    source."""

    def __init__(self, salts: Salts, source: Source | None, now_ms: Callable[[], int]) -> None:
        self._salts = salts
        self._source = source
        self._now_ms = now_ms
        self.first = asyncio.Event()

    async def run(self) -> None:
        warned = False
        while True:
            today = self._now_ms() // MS_OF_DAY
            # Even without scans, yesterday's salt is gone a minute after midnight.
            self._salts.begin(today)
            try:
                if self._source is not None:
                    for day in (today, today + 1):
                        if not self._salts.has_shared(day):
                            self._salts.put(day, await self._source(day))
            except (NoSalt, Persistent, Away, Refused) as error:
                if not warned:
                    log.warning("no shared salt (%s): visitors are counted by one of our own", error)
                warned = True
                await asyncio.sleep(LOOK_S if isinstance(error, Persistent) else RETRY_S)
            else:
                warned = False
                self.first.set()
                await asyncio.sleep(LOOK_S)
