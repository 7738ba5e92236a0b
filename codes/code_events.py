"""What happens to codes, noted in the same step as it happens, for whoever is told of it (`webhooks`).

An event is a line of a stream in Redis, written by the script that writes the code: a process that is killed right
after a change has noted it. Only workspaces with a webhook endpoint have events. What time or a redirector brings
about (`code.expired`, `code.limited`) is found by two lists that the same script keeps: when codes expire, and whose
scan limit is to be looked at.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis

from codes.redis_client import Script, command
from codes.work_signals import TELL_WEBHOOKS, first_after
from schemas import keys
from schemas.code import Code

CodeEventType = Literal["code.created", "code.updated", "code.deleted", "code.limited", "code.expired"]

# How many events are read at once.
PAGE = 100

# Part of the script that writes codes; `links` is its number of link keys. ARGV after theirs, from `t` on: names of the
# stream, the listening workspaces, the expiries, the limited codes, the limits to check and those reached, and of the
# scans used; the workspace; id and birth of the code; the event ("" for none is told); which ARGV is the code before,
# and after (0 for none); when it expires ("" for never, "-" to leave it); its scan limit (the same). The last says that
# it comes with an import, so that what is past is not news.
NOTE = (
    """
local t = 5 * links + 8
if ARGV[t] then
  local id, birth, event, expires, limit = ARGV[t + 8], ARGV[t + 9], ARGV[t + 10], ARGV[t + 13], ARGV[t + 14]
  local imported = ARGV[t + 15] == '1'
  local news = false
  if event ~= '' and not imported and redis.call('HEXISTS', ARGV[t + 1], ARGV[t + 7]) == 1 then
    local before, after = tonumber(ARGV[t + 11]), tonumber(ARGV[t + 12])
    redis.call('XADD', ARGV[t], '*', 'type', event, 'workspace', ARGV[t + 7],
      'before', before > 0 and ARGV[before] or '', 'after', after > 0 and ARGV[after] or '')
    news = true
  end
  if expires == '' then
    redis.call('ZREM', ARGV[t + 2], id)
  elseif expires ~= '-' then
    local time = redis.call('TIME')
    if not imported or tonumber(expires) > time[1] * 1000 then redis.call('ZADD', ARGV[t + 2], expires, id) end
    news = true
  end
  if limit == '' then
    redis.call('HDEL', ARGV[t + 3], birth)
    redis.call('HDEL', ARGV[t + 4], birth)
    redis.call('HDEL', ARGV[t + 5], birth)
  elseif limit ~= '-' then
    redis.call('HSET', ARGV[t + 3], birth, id)
    if imported and tonumber(redis.call('GET', ARGV[t + 6]) or '0') >= tonumber(limit) then
      redis.call('HSET', ARGV[t + 5], birth, limit)
    else
      redis.call('HINCRBY', ARGV[t + 4], birth, 1)
    end
    news = true
  end
  if news then
    """
    + TELL_WEBHOOKS
    + """
  end
end
"""
)


class CodeEvent(msgspec.Struct, frozen=True):
    """`position` is its own in the stream; the records are `codes.code_store.CodeRecord`, or empty."""

    position: str
    type: CodeEventType
    workspace: int
    before: bytes
    after: bytes


def note_arguments(
    old: Code | None, new: Code | None, before_at: int, after_at: int, imported: bool
) -> list[str | int]:
    """The arguments of NOTE for a write that turns the code `old` into `new`; none if nothing is to be noted."""
    code = new or old
    if code is None or new == old:
        return []
    event: CodeEventType = "code.deleted" if new is None else "code.created" if old is None else "code.updated"
    had_expiry, had_limit = (old.expires_at_ms, old.scan_limit) if old else (None, None)
    expiry, limit = (new.expires_at_ms, new.scan_limit) if new else (None, None)
    return [
        keys.CODE_EVENTS,
        keys.WEBHOOK_WORKSPACES,
        keys.CODE_EXPIRIES,
        keys.LIMITED_CODES,
        keys.LIMITS_TO_CHECK,
        keys.LIMITS_REACHED,
        keys.scans_used(code.birth),
        code.workspace,
        code.id,
        code.birth,
        event,
        before_at,
        after_at,
        "-" if expiry == had_expiry else "" if expiry is None else expiry,
        "-" if limit == had_limit else "" if limit is None else limit,
        "1" if imported else "0",
    ]


async def first_events(redis: Redis, count: int = PAGE) -> list[CodeEvent]:
    """The oldest events that are not taken off the stream yet."""
    rows = await command(redis, "XRANGE", keys.CODE_EVENTS, "-", "+", "COUNT", count)
    return [_event(position.decode(), fields) for position, fields in rows]


def _event(position: str, fields: Sequence[bytes] | dict[bytes, bytes]) -> CodeEvent:
    known = fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2], strict=True))
    return msgspec.convert(
        {
            "position": position,
            "type": known[b"type"].decode(),
            "workspace": int(known[b"workspace"]),
            "before": known[b"before"],
            "after": known[b"after"],
        },
        CodeEvent,
    )


class Expiry(msgspec.Struct, frozen=True):
    """When the code with this id expires, or has."""

    id: str
    at_ms: int


async def expired(redis: Redis, now_ms: int, count: int = PAGE) -> list[Expiry]:
    """Codes that have expired and of which that was not told yet."""
    rows: Any = await redis.zrangebyscore(keys.CODE_EXPIRIES, "-inf", now_ms, start=0, num=count, withscores=True)
    return [Expiry(id.decode(), int(at)) for id, at in rows]


async def next_expiry_ms(redis: Redis, now_ms: int) -> int | None:
    """When the first code expires that has not yet."""
    return await first_after(redis, keys.CODE_EXPIRIES, now_ms)


# ARGV: id, when it expires, workspace, the record. Does nothing if the expiry has changed since.
_EXPIRED = Script("""
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '-1') ~= tonumber(ARGV[2]) then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
if ARGV[4] == '' or redis.call('HEXISTS', KEYS[3], ARGV[3]) == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', 'type', 'code.expired', 'workspace', ARGV[3], 'before', '', 'after', ARGV[4])
return 1
""")


async def note_expired(redis: Redis, expiry: Expiry, workspace: int, record: bytes) -> bool:
    """Note that a code has expired, once for each time that it does; without a record it is gone, and only taken off
    the list. Return whether somebody is told."""
    at = [keys.CODE_EXPIRIES, keys.CODE_EVENTS, keys.WEBHOOK_WORKSPACES]
    return bool(await _EXPIRED.run(redis, at, expiry.id, expiry.at_ms, workspace, record))


class LimitCheck(msgspec.Struct, frozen=True):
    """A code whose scan limit was changed or used up; `asked` counts how often, so that none is missed."""

    birth: int
    asked: int
    id: str


async def limits_to_check(redis: Redis) -> AsyncIterator[LimitCheck]:
    async for birth, asked in redis.hscan_iter(keys.LIMITS_TO_CHECK, count=PAGE):
        id = await command(redis, "HGET", keys.LIMITED_CODES, birth)
        yield LimitCheck(int(birth), int(asked), id.decode() if id else "")


# ARGV: birth, how often it was asked for, the limit ("" for none), workspace, the record. A limit is told once as
# reached; again when a larger one is, or after there was room.
_LIMITED = Script("""
local birth, limit = ARGV[1], tonumber(ARGV[3])
local told = 0
if not limit or tonumber(redis.call('GET', KEYS[5]) or '0') < limit then
  redis.call('HDEL', KEYS[2], birth)
else
  local before = tonumber(redis.call('HGET', KEYS[2], birth) or '-1')
  if limit > before then
    redis.call('HSET', KEYS[2], birth, limit)
    if redis.call('HEXISTS', KEYS[4], ARGV[4]) == 1 then
      redis.call('XADD', KEYS[3], '*', 'type', 'code.limited', 'workspace', ARGV[4], 'before', '', 'after', ARGV[5])
      told = 1
    end
  end
end
if redis.call('HGET', KEYS[1], birth) == ARGV[2] then redis.call('HDEL', KEYS[1], birth) end
return told
""")


async def note_limited(redis: Redis, check: LimitCheck, limit: int | None, workspace: int, record: bytes) -> bool:
    """Note that the code has used up its scan limit, if it has and that was not told yet. Return whether somebody is
    told."""
    at = [keys.LIMITS_TO_CHECK, keys.LIMITS_REACHED, keys.CODE_EVENTS, keys.WEBHOOK_WORKSPACES]
    told = await _LIMITED.run(
        redis,
        [*at, keys.scans_used(check.birth)],
        check.birth,
        check.asked,
        "" if limit is None else limit,
        workspace,
        record,
    )
    return bool(told)
