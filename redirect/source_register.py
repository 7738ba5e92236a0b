"""Copy this machine's register of sources (`ingest.register`) to Redis, where it outlives the machine.

Each redirector copies all entries that have changed: its neighbours' too, and those of journals ended for a dead owner.
An entry in Redis is never lowered. While Redis is away the files wait; nothing on the redirect path does.

Beside it, each redirector tells once a second how many scans it has given out (`schemas.register.Heartbeat`), also when
that is as many as before: from that an aggregator knows until when everything is stored.
"""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from ingest import register
from redirect.redis_client import RedisClient
from redirect.redis_connection import Away, Refused
from schemas import keys
from schemas.register import Heartbeat, SourceEntry, encode_entry, encode_heartbeat

EVERY_S = 1.0
# How long a process waits for Redis when it ends.
LAST_S = 1.0
# A file that changed this recently may change again within one tick of the file system's clock.
_FRESH_NS = 2_000_000_000
# Entries per command.
_AT_ONCE = 100

_PUT = """
for at = 1, #ARGV, 3 do
  local known = redis.call('HGET', KEYS[1], ARGV[at])
  if not known or cjson.decode(known).last_seq <= tonumber(ARGV[at + 2]) then
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  end
end
return 0
"""


class SourceRegister:
    """Copies the entries. `own` returns this process's entry while it has no journal, and so no file; `heartbeat` its
    source and the last number that it has written. `first` is set once Redis has heard of it."""

    def __init__(
        self,
        journals: Path,
        redis: RedisClient,
        own: Callable[[], SourceEntry | None],
        now_ms: Callable[[], int],
        heartbeat: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        self.first = asyncio.Event()
        self._journals = journals
        self._redis = redis
        self._own = own
        self._now_ms = now_ms
        self._heartbeat = heartbeat
        # What Redis already holds, apart from the times.
        self._told: dict[int, SourceEntry] = {}
        self._looked: dict[int, int] = {}

    async def run(self) -> None:
        """Copy changed entries until cancelled."""
        while True:
            # Redis is away, or the disk cannot be read: try again next time.
            with contextlib.suppress(Away, Refused, OSError):
                await self._beat()
                self.first.set()
                await self.tell()
            await asyncio.sleep(EVERY_S)

    async def end(self) -> None:
        """Copy the last entries; call it after the journal is closed."""
        with contextlib.suppress(Away, Refused, OSError, TimeoutError):
            async with asyncio.timeout(LAST_S):
                await self.tell()

    async def tell(self) -> None:
        """Copy what has changed. Raises Away, Refused or OSError; the next call tries again."""
        changed = await asyncio.to_thread(self._changed)
        for at in range(0, len(changed), _AT_ONCE):
            await self._put(changed[at : at + _AT_ONCE])

    async def _beat(self) -> None:
        if self._heartbeat is None:
            return
        # The time first: what is given out after it may be in the number, and never the other way round.
        now = self._now_ms()
        source, seq = self._heartbeat()
        said = encode_heartbeat(Heartbeat(source, now, seq, register.this_host()))
        await self._redis.ask("HSET", keys.HEARTBEATS, source, said)

    async def _put(self, entries: list[SourceEntry]) -> None:
        words: list[bytes | str | int] = []
        for entry in entries:
            words += [entry.source, encode_entry(entry), entry.last_seq]
        await self._redis.ask("EVAL", _PUT, 1, keys.SOURCES, *words)
        for entry in entries:
            self._told[entry.source] = _but_time(entry)

    def _changed(self) -> list[SourceEntry]:
        own = self._own()
        found = [own] if own is not None else []
        fresh = self._now_ms() * 1_000_000 - _FRESH_NS
        for source, changed_ns in register.changed(self._journals).items():
            if self._looked.get(source) == changed_ns and changed_ns < fresh:
                continue
            self._looked[source] = changed_ns
            entry = register.read(self._journals, source)
            if entry is not None:
                found.append(entry)
        return [entry for entry in found if self._told.get(entry.source) != _but_time(entry)]


def _but_time(entry: SourceEntry) -> SourceEntry:
    return msgspec.structs.replace(entry, at_ms=0)
