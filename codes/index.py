"""Finding a code by its id, and the codes of a workspace in order.

The index of an id always leads to where its code lives: it is written after the code at a new place and
before the old place is given up. Its value ends with a mark of the coming to that place, so an old pointer
is never mistaken for a newer one to the same place.
"""

import re
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes import quotas
from codes.code_store import LinkState, decode_record, read_link
from codes.redis_client import REPLACE, Script, command
from schemas import keys
from schemas.code import Code

_id = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Found(msgspec.Struct, frozen=True):
    """A living code: where it is, and the index as it was when it led there."""

    pointer: bytes
    place: LinkState


def is_id(id: str) -> bool:
    return _id.fullmatch(id) is not None


def pointer(host: str, slug: str, mark: str) -> bytes:
    return f"{keys.link_key(host, slug)} {mark}".encode()


def split(raw: bytes) -> tuple[str, str]:
    """Host and slug of a pointer."""
    host, _, slug = raw.decode().partition(" ")[0].partition("/")
    return host, slug


async def find(redis: Redis, id: str) -> Found | None:
    """The living code with this id, whosever it is. While it moves, the index is read again."""
    if not is_id(id):
        return None
    seen = None
    while True:
        raw = await command(redis, "GET", keys.code_id(id))
        if raw is None or raw == seen:
            return None
        place = await read_link(redis, *split(raw))
        if place.code is not None and place.code.id == id:
            return Found(raw, place)
        seen = raw


# ARGV: id, bytes, and the number of a code that is to be listed ("" for one that is, or is not there any more).
_SIZE = Script("""
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
elseif not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return 0
end
local before = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0)
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[2], 'total', ARGV[2] - before)
return 0
""")
_REMOVE = Script("""
redis.call('ZREM', KEYS[1], ARGV[1])
local before = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0)
redis.call('HDEL', KEYS[2], ARGV[1])
if before > 0 then redis.call('HINCRBY', KEYS[2], 'total', -before) end
return 0
""")


def _listed(workspace: int) -> list[str]:
    return [keys.workspace_codes(workspace), keys.workspace_sizes(workspace)]


async def add(redis: Redis, code: Code, to: bytes) -> None:
    """Once the code is there. Changes nothing if the id is known.

    Listed first: a code that can be found by its id is in the list, so whoever finds it has nothing to mend. One that
    is only in the list is shown to nobody yet."""
    await _SIZE.run(redis, _listed(code.workspace), code.id, quotas.stored_size(code), code.number)
    await command(redis, "SET", keys.code_id(code.id), to, "NX")


async def update_size(redis: Redis, code: Code) -> None:
    """After an edit: how many bytes it has now."""
    await _SIZE.run(redis, _listed(code.workspace), code.id, quotas.stored_size(code), "")


async def repoint(redis: Redis, id: str, old: bytes, new: bytes) -> bool:
    return bool(await REPLACE.run(redis, [keys.code_id(id)], old, new))


async def remove(redis: Redis, id: str, workspace: int) -> None:
    await _REMOVE.run(redis, _listed(workspace), id)
    await command(redis, "DEL", keys.code_id(id))


async def page_before(redis: Redis, workspace: int, limit: int, before: int | None) -> list[tuple[str, int]]:
    """Ids and numbers of a workspace's codes below the number `before`, newest first."""
    highest = "+inf" if before is None else f"({before}"
    at = keys.workspace_codes(workspace)
    rows: Any = await redis.zrevrangebyscore(at, highest, "-inf", start=0, num=limit, withscores=True)
    return [(id.decode(), int(score)) for id, score in rows]


async def page_at(redis: Redis, workspace: int, start: int, size: int) -> list[str]:
    """Ids of a workspace's codes by position, newest first."""
    rows: Any = await redis.zrevrange(keys.workspace_codes(workspace), start, start + size - 1)
    return [id.decode() for id in rows]


async def with_number(redis: Redis, workspace: int, number: int) -> list[str]:
    """Ids of the workspace's codes and static codes that have this number: none or one."""
    lists = (keys.workspace_codes(workspace), keys.workspace_static_numbers(workspace))
    return [id.decode() for at in lists for id in await command(redis, "ZRANGEBYSCORE", at, number, number)]


async def count(redis: Redis, workspace: int) -> int:
    return int(await command(redis, "ZCARD", keys.workspace_codes(workspace)))


async def read(redis: Redis, ids: list[str]) -> list[Code | None]:
    """The codes with these ids, two round trips for all of them. None for an id without a living code."""
    pipe = redis.pipeline(transaction=False)
    for id in ids:
        pipe.get(keys.code_id(id))
    pointers = await pipe.execute()
    pipe = redis.pipeline(transaction=False)
    for raw in pointers:
        # Without a pointer there is nothing to read, but the answers stay in step.
        pipe.get(keys.code(keys.link_key(*split(raw)) if raw else ""))
    found = []
    for id, raw in zip(ids, await pipe.execute(), strict=True):
        code = decode_record(raw).code if raw else None
        if code is None or code.id != id:
            # It may have moved between the two.
            again = await find(redis, id)
            code = again.place.code if again else None
        found.append(code)
    return found
