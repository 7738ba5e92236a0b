"""Indexes: a code by its id, and the codes of a workspace in order.

The pointer of an id always leads to where its code is stored. It ends with a mark of the write that set it, so an old
pointer is never mistaken for a newer one to the same link key.
"""

import re
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes import code_store, quotas
from codes.code_store import LinkState, decode_record, read_link
from codes.redis_client import Script, command
from schemas import keys
from schemas.code import Code

_id = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Found(msgspec.Struct, frozen=True):
    """A live code: where it is stored, and the pointer that led there."""

    pointer: bytes
    link: LinkState


def is_id(id: str) -> bool:
    return _id.fullmatch(id) is not None


def pointer(host: str, slug: str, mark: str) -> bytes:
    return f"{keys.link_key(host, slug)} {mark}".encode()


def split(raw: bytes) -> tuple[str, str]:
    """Return host and slug of a pointer."""
    host, _, slug = raw.decode().partition(" ")[0].partition("/")
    return host, slug


async def find(redis: Redis, id: str) -> Found | None:
    """Find the live code with this id, in any workspace. Reads the pointer again while the code moves."""
    if not is_id(id):
        return None
    seen = None
    while True:
        raw = await command(redis, "GET", keys.code_id(id))
        if raw is None or raw == seen:
            return None
        link = await read_link(redis, *split(raw))
        if link.code is not None and link.code.id == id:
            return Found(raw, link)
        seen = raw


# ARGV: id, bytes, and the number of a code to list ("" for one that is listed already, or gone).
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
# Until a code has a pointer, nobody finds it: it is a change only then.
_POINT = Script("""
redis.call('SET', KEYS[1], ARGV[1], 'NX')
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'id', ARGV[2])
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
    """Index a code that is stored. Changes nothing if its id is indexed.

    The list comes first: a code that can be found by its id is in the list. One that is only in the list is shown to
    nobody yet."""
    await _SIZE.run(redis, _listed(code.workspace), code.id, quotas.stored_size(code), code.number)
    await _POINT.run(
        redis, [keys.code_id(code.id), keys.workspace_changes(code.workspace)], to, code.id, code_store.CHANGES_KEPT
    )


async def update_size(redis: Redis, code: Code) -> None:
    """Record the size of a code after an edit."""
    await _SIZE.run(redis, _listed(code.workspace), code.id, quotas.stored_size(code), "")


async def remove(redis: Redis, id: str, workspace: int) -> None:
    await _REMOVE.run(redis, _listed(workspace), id)
    await command(redis, "DEL", keys.code_id(id))


async def page_before(redis: Redis, workspace: int, limit: int, before: int | None) -> list[tuple[str, int]]:
    """Return ids and numbers of a workspace's codes below the number `before`, newest first."""
    highest = "+inf" if before is None else f"({before}"
    at = keys.workspace_codes(workspace)
    rows: Any = await redis.zrevrangebyscore(at, highest, "-inf", start=0, num=limit, withscores=True)
    return [(id.decode(), int(score)) for id, score in rows]


async def page_at(redis: Redis, workspace: int, start: int, size: int) -> list[str]:
    """Return ids of a workspace's codes by position, newest first."""
    rows: Any = await redis.zrevrange(keys.workspace_codes(workspace), start, start + size - 1)
    return [id.decode() for id in rows]


async def with_number(redis: Redis, workspace: int, number: int) -> list[str]:
    """Return the ids of codes and static codes of the workspace with this number: none or one."""
    lists = (keys.workspace_codes(workspace), keys.workspace_static_numbers(workspace))
    return [id.decode() for at in lists for id in await command(redis, "ZRANGEBYSCORE", at, number, number)]


async def count(redis: Redis, workspace: int) -> int:
    return int(await command(redis, "ZCARD", keys.workspace_codes(workspace)))


async def read(redis: Redis, ids: list[str]) -> list[Code | None]:
    """Read the codes with these ids, in two round trips. None for an id without a live code."""
    pipe = redis.pipeline(transaction=False)
    for id in ids:
        pipe.get(keys.code_id(id))
    pointers = await pipe.execute()
    pipe = redis.pipeline(transaction=False)
    for raw in pointers:
        # An id without a pointer reads nothing; this keeps answers and ids aligned.
        pipe.get(keys.code(keys.link_key(*split(raw)) if raw else ""))
    found = []
    for id, raw in zip(ids, await pipe.execute(), strict=True):
        code = decode_record(raw).code if raw else None
        if code is None or code.id != id:
            # It may have moved between the two.
            again = await find(redis, id)
            code = again.link.code if again else None
        found.append(code)
    return found
