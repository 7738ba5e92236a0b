"""Acknowledge changes only once replicas have them, so that a failover keeps every change that was answered.

A change is made at the primary. Before it is answered, one more write is made there (the mark), and replicas are waited
for. Replication is one stream in order, so a replica that has the mark has everything before it; requests that wait at
the same time share a mark.

That holds only if mark and changes were made at the same primary. A primary that is promoted gets a new replication id,
so each connection notes the id that it found when it was opened: if a connection used for the request found another one
than the mark did, the request is not acknowledged, though it may have been carried out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis import exceptions
from redis.asyncio import Redis

from codes.errors import Unavailable
from codes.redis_client import PRIMARIES, raises_unavailable
from schemas import keys

# How long replicas may take.
WAIT_MS = 2_000

_MARK = """
redis.call('INCR', KEYS[1])
return redis.call('INFO', 'replication'):match('master_replid:(%w+)')
"""


class Replication:
    """Of one client, made with `connect(identified=True)`. With no `replicas` to wait for, nothing is done.

    `synced`: they must have it on their disk, where the server can say so (7.2); else, and on older servers, in memory.
    """

    def __init__(self, redis: Redis, replicas: int, *, synced: bool = True) -> None:
        self._redis = redis
        self._replicas = replicas
        # Until the server says that it cannot say so.
        self._says_synced = synced
        self._one_at_a_time = asyncio.Lock()
        self._next: asyncio.Task[bytes] | None = None

    @asynccontextmanager
    async def confirmed(self) -> AsyncIterator[None]:
        """At the end, wait until replicas have what was written and read within. Raises Unavailable if they have not
        in time, or the primary has changed; then it may be repeated."""
        if not self._replicas:
            yield
            return
        used: set[bytes] = set()
        before = PRIMARIES.set(used)
        try:
            yield
        finally:
            PRIMARIES.reset(before)
        primary = await asyncio.shield(self._marked())
        if used - {primary}:
            # Also a primary that has its first replica for an hour. The next connections know the new id.
            await self._redis.connection_pool.disconnect(inuse_connections=False)
            raise Unavailable("the primary of Redis has changed meanwhile")

    def _marked(self) -> "asyncio.Task[bytes]":
        """A mark that is yet to be made."""
        if self._next is None:
            self._next = asyncio.create_task(self._mark())
            self._next.add_done_callback(_seen)
        return self._next

    async def _mark(self) -> bytes:
        async with self._one_at_a_time:
            # Who comes from here on may have written after this mark.
            self._next = None
            return await self._mark_and_wait()

    @raises_unavailable
    async def _mark_and_wait(self) -> bytes:
        """Return the id of the primary that made the mark."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.execute_command("EVAL", _MARK, 1, keys.MARK)
        pipe.execute_command("WAIT", self._replicas, WAIT_MS)
        if self._says_synced:
            # A replica tells what it has synced when it is asked, and once a second; asked with the mark itself, it
            # has yet to sync that. So it is asked again once it has it.
            pipe.execute_command("WAITAOF", 0, self._replicas, WAIT_MS)
        primary, *reached = await pipe.execute(raise_on_error=False)
        for one in (primary, *reached):
            if isinstance(one, exceptions.ResponseError) and "unknown command" in str(one):
                self._says_synced = False
            elif isinstance(one, Exception):
                raise one
        received = reached[0]
        if received < self._replicas:
            raise Unavailable(f"{received} of {self._replicas} replicas of Redis have this in {WAIT_MS // 1000} s")
        if self._says_synced and (synced := reached[1][1]) < self._replicas:
            raise Unavailable(f"{synced} of {self._replicas} replicas of Redis have synced this in {WAIT_MS // 1000} s")
        found: bytes = primary
        return found


def _seen(task: "asyncio.Task[bytes]") -> None:
    """Retrieve the exception, since everybody who waited may be gone."""
    if not task.cancelled():
        task.exception()
