"""Idempotency-Key: a client that does not know whether a creation has happened sends it again, and it happens once.

An attempt stores under the key a digest of the request and a random seed, from which the ids of everything it makes are
derived (`Call.id`). So an attempt that was cut short, wherever that was, makes the same things when it is repeated. A
successful answer is remembered for a day and given again; a refusal has made nothing and is forgotten. When two
attempts meet, the second waits for the first, and continues in its stead if that has died.

The digest is a slow one where the request may hold a password: who reads the record can try no more passwords than who
reads the code. The plan of a workspace bounds its records and the bytes of remembered answers; an answer that is not
remembered is made again.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import blake2b

import msgspec
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response

from api.problems import Problem, invalid, problem_of
from codes import passwords
from codes.errors import NotInPlan, Unavailable
from codes.plans import Plan
from codes.redis_client import Script, raises_unavailable
from schemas import keys

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 255
KEPT_MS = 24 * 3600 * 1000
# An attempt that does not renew its lease is dead; a repetition waits up to WAIT_S for its answer.
LEASE_MS = 5_000
RENEW_S = 1.5
WAIT_S = 8.0
_POLL_S = 0.05
# A larger answer is not remembered.
MOST_BYTES = 2 * 1024 * 1024

_BEGIN = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('HMGET', KEYS[1], 'asked', 'seed', 'until', 'answer')
if not found[1] then
  local day = math.floor(now / 86400000)
  local begun = redis.call('HMGET', KEYS[2], 'records:' .. day, 'records:' .. (day - 1))
  if tonumber(begun[1] or 0) + tonumber(begun[2] or 0) >= tonumber(ARGV[6]) then return {'full', ''} end
  redis.call('HINCRBY', KEYS[2], 'records:' .. day, 1)
  redis.call('HDEL', KEYS[2], 'records:' .. (day - 2), 'bytes:' .. (day - 2))
  redis.call('PEXPIRE', KEYS[2], 2 * ARGV[5])
  redis.call('HSET', KEYS[1], 'asked', ARGV[1], 'seed', ARGV[2], 'token', ARGV[3], 'until', now + ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  return {'begun', ARGV[2]}
end
if found[1] ~= ARGV[1] then return {'other', ''} end
if found[4] then return {'answer', found[4]} end
if tonumber(found[3]) > now then return {'busy', ''} end
redis.call('HSET', KEYS[1], 'token', ARGV[3], 'until', now + ARGV[4])
return {'begun', found[2]}
""")
# End or continue an attempt, if it still holds the lease. ARGV: its token, the action, its value, and the bound on
# bytes of answers.
_END = Script("""
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local day = math.floor(now / 86400000)
if ARGV[2] == 'forget' then
  redis.call('DEL', KEYS[1])
  redis.call('HINCRBY', KEYS[2], 'records:' .. day, -1)
elseif ARGV[2] == 'answer' then
  local kept = redis.call('HMGET', KEYS[2], 'bytes:' .. day, 'bytes:' .. (day - 1))
  if tonumber(kept[1] or 0) + tonumber(kept[2] or 0) + #ARGV[3] > tonumber(ARGV[4]) then
    redis.call('HSET', KEYS[1], 'until', now)
  else
    redis.call('HINCRBY', KEYS[2], 'bytes:' .. day, #ARGV[3])
    redis.call('HSET', KEYS[1], 'answer', ARGV[3])
  end
else
  redis.call('HSET', KEYS[1], 'until', now + ARGV[3])
end
return 1
""")


class Answer(msgspec.Struct, frozen=True):
    status: int
    media_type: str
    body: bytes
    tag: str = ""


class Attempt(msgspec.Struct, frozen=True):
    """One attempt at the request under a key."""

    redis: Redis
    workspace: int
    at: str
    token: str
    seed: bytes
    plan: Plan

    def id(self, part: str) -> str:
        """Always the same UUID for the same part."""
        drawn = blake2b(part.encode(), key=self.seed, digest_size=16).hexdigest()
        return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{'89ab'[int(drawn[16], 16) % 4]}{drawn[17:20]}-{drawn[20:]}"

    @raises_unavailable
    async def end(self, how: str, what: str | bytes | int = "") -> bool:
        at = [self.at, keys.onces(self.workspace)]
        return bool(await _END.run(self.redis, at, self.token, how, what, self.plan.idempotency_bytes))


def sent_key(request: Request) -> str | None:
    """Raises Problem (400)."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not (key and len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise invalid(HEADER, f"{HEADER} must be 1 to {LONGEST} printable ASCII characters")
    return key


async def once(
    redis: Redis,
    plan: Plan,
    workspace: int,
    key: str,
    request: Request,
    asked_for: bytes,
    work: Callable[[Attempt], Awaitable[Response]],
    *,
    remembered: bool = True,
) -> Response:
    """Do the work, or repeat its earlier answer. `asked_for` is the body, or a digest of it. Raises Problem: 422 for
    another body under the same key, 409 when an earlier attempt does not end; and what the work raises."""
    named = "\n".join((key, request.method, request.url.path))
    at = keys.once(workspace, blake2b(named.encode(), digest_size=20).hexdigest())
    asked = await _digest(at, request.url.query.encode() + b"\n" + asked_for)
    found = await _begin(redis, plan, workspace, at, asked)
    if isinstance(found, Answer):
        headers = {"Cache-Control": "no-store", REPLAYED: "true"} | ({"ETag": found.tag} if found.tag else {})
        return Response(found.body, found.status, headers, found.media_type or None)
    renewing = asyncio.create_task(_renew(found))
    try:
        response = await work(found)
        await _remember(found, response, remembered=remembered)
    except BaseException as error:
        # A refusal has made nothing, so the key is free again. After anything else the next attempt continues this one.
        refused = isinstance(error, Exception) and problem_of(error).status < 500
        with suppress(Unavailable):
            await (found.end("forget") if refused else found.end("lease", 0))
        raise
    finally:
        renewing.cancel()
    return response


async def _digest(at: str, asked_for: bytes) -> str:
    """The digest of a request. It is slow where there may be a password (which JSON may spell with escapes); the name
    of the record is its salt."""
    digest = blake2b(asked_for, digest_size=20)
    if b"password" not in asked_for.lower() and b"\\u" not in asked_for:
        return digest.hexdigest()
    return (await passwords.slow_digest(digest.digest(), at.encode())).hex()


async def _begin(redis: Redis, plan: Plan, workspace: int, at: str, asked: str) -> Attempt | Answer:
    attempt = Attempt(redis, workspace, at, secrets.token_hex(16), secrets.token_bytes(32), plan)
    give_up = asyncio.get_running_loop().time() + WAIT_S
    while True:
        what, value = await _ask(attempt, asked)
        match what:
            case b"begun":
                return msgspec.structs.replace(attempt, seed=value)
            case b"answer":
                return msgspec.msgpack.decode(value, type=Answer)
            case b"full":
                text = plan.says("idempotency_keys", limit=plan.idempotency_keys)
                raise NotInPlan("rate", "idempotency_keys", text, HEADER, 3600)
            case b"other":
                raise Problem(422, "idempotency_key_reused", f"this {HEADER} was sent with another request", HEADER)
        if asyncio.get_running_loop().time() > give_up:
            raise Problem(409, "in_progress", f"a request with this {HEADER} is still being answered", HEADER)
        await asyncio.sleep(_POLL_S)


@raises_unavailable
async def _ask(attempt: Attempt, asked: str) -> tuple[bytes, bytes]:
    at = [attempt.at, keys.onces(attempt.workspace)]
    most = attempt.plan.idempotency_keys
    what, value = await _BEGIN.run(attempt.redis, at, asked, attempt.seed, attempt.token, LEASE_MS, KEPT_MS, most)
    return what, value


async def _remember(attempt: Attempt, response: Response, *, remembered: bool) -> None:
    body = bytes(response.body)
    if remembered and len(body) <= MOST_BYTES:
        tag = response.headers.get("ETag", "")
        answer = Answer(response.status_code, response.headers.get("Content-Type", ""), body, tag)
        await attempt.end("answer", msgspec.msgpack.encode(answer))
    else:
        await attempt.end("lease", 0)


async def _renew(attempt: Attempt) -> None:
    """Renew the lease until cancelled, also while Redis is away."""
    while True:
        await asyncio.sleep(RENEW_S)
        with suppress(Unavailable):
            await attempt.end("lease", LEASE_MS)
