"""Records that a workspace keeps under a name: a hash of a workspace, from id to record, bounded by its plan.

Names may repeat. Functions raise Unavailable; the caller says what else a record must meet.
"""

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from redis.asyncio import Redis

from codes.errors import Missing, NotInPlan, Refused
from codes.plans import Plans, plan_of
from codes.redis_client import Script, command, raises_unavailable
from codes.validation import single_line

MAX_NAME = 100

# ARGV: id, record, the most there may be. 0: too many; 1: made, or there already.
_CREATE = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 1 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
""")
# ARGV: id, the record as it was read, and as it is to be.
_REPLACE = Script("""
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
""")
_encoder = msgspec.json.Encoder()


class Record(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def workspace(self) -> int: ...
    @property
    def created_at_ms(self) -> int: ...


R = TypeVar("R", bound=Record)


class NamedRecords(Generic[R]):
    """`key` is the hash of a workspace, `limit` the field of a plan that bounds it, `noun` what errors call it."""

    def __init__(self, kind: type[R], key: Callable[[int], str], *, limit: str, noun: str) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._key = key
        self._limit = limit
        self._noun = noun

    def checked_name(self, name: str) -> str:
        """Raises Refused."""
        single_line("name", name, MAX_NAME)
        if not name.strip() or name != name.strip():
            text = f"a {self._noun}'s name has 1 to {MAX_NAME} characters, none of them outside"
            raise Refused("name", "invalid_name", text)
        return name

    @raises_unavailable
    async def create(self, redis: Redis, record: R, plans: Plans) -> R:
        """Store it once: with an id that is there already, return that one. Raises NotInPlan."""
        plan = await plan_of(redis, plans, record.workspace)
        most = getattr(plan, self._limit)
        if not await _CREATE.run(redis, [self._key(record.workspace)], record.id, _encoder.encode(record), most):
            raise NotInPlan("limit", self._limit, plan.says(self._limit, limit=most))
        return await self.get(redis, record.workspace, record.id) or record

    @raises_unavailable
    async def change(self, redis: Redis, workspace: int, id: str, changed: Callable[[R], R]) -> R:
        """Replace a record by what `changed` makes of it, which may be the same. Raises Missing."""
        at = self._key(workspace)
        while (raw := await command(redis, "HGET", at, id)) is not None:
            record = self._decoder.decode(raw)
            new = changed(record)
            if new == record or await _REPLACE.run(redis, [at], id, raw, _encoder.encode(new)):
                return new
        raise Missing(id)

    @raises_unavailable
    async def list_all(self, redis: Redis, workspace: int) -> list[R]:
        """Oldest first."""
        raw: list[Any] = await command(redis, "HVALS", self._key(workspace))
        return sorted(map(self._decoder.decode, raw), key=lambda one: (one.created_at_ms, one.id))

    @raises_unavailable
    async def get(self, redis: Redis, workspace: int, id: str) -> R | None:
        raw = await command(redis, "HGET", self._key(workspace), id)
        return self._decoder.decode(raw) if raw else None

    @raises_unavailable
    async def delete(self, redis: Redis, workspace: int, id: str) -> bool:
        """Return whether it existed."""
        return bool(await command(redis, "HDEL", self._key(workspace), id))

    async def import_record(self, redis: Redis, record: R) -> bool:
        """Return whether it was new."""
        at = self._key(record.workspace)
        return bool(await command(redis, "HSETNX", at, record.id, _encoder.encode(record)))
