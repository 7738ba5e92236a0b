"""Jobs: work that is accepted at once and done later, with its items, their results, and who works on it.

The list of open jobs only says where to look. One worker at a time holds a job's lease, and only its holder can record
a result. A lease expires, so the job of a killed worker goes to the next one; an item that was begun and not recorded
is begun again, so doing it twice must be the same as once (`NewCode.id`).

Workspaces take turns, however many jobs each has. Its plan limits a workspace's jobs and their bytes; a job counts
until its results are taken or expire.
"""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis

from codes import leases
from codes.errors import NotInPlan
from codes.plans import Plan, Plans, plan_of
from codes.redis_client import Script, command, raises_unavailable
from codes.work_signals import TELL_JOBS
from infra import clock
from schemas import keys

LEASE_MS = 6_000
# How long results are kept; and, once they are taken, the note that they were.
KEPT_MS = 30 * 24 * 3600 * 1000
TAKEN_MS = 7 * 24 * 3600 * 1000
# A job that is listed but missing was interrupted, unless it is being created right now.
UNMADE_MS = 60_000
# How many open jobs are read to find whose turn it is.
LOOKED_AT = 1_000
# When to retry if a workspace has too many jobs.
RETRY_S = 30
# A workspace without a turn for this long counts as new.
_FORGOTTEN_MS = 3600 * 1000

State = Literal["queued", "processing", "done", "taken"]


class Job(msgspec.Struct, frozen=True):
    id: str
    workspace: int
    created_by: str
    total: int
    created_at_ms: int
    state: State = "queued"
    completed: int = 0
    failed: int = 0


class Open(msgspec.Struct, frozen=True):
    """An entry of the list of open jobs."""

    workspace: int
    id: str

    @property
    def name(self) -> str:
        return f"{self.workspace}/{self.id}"


class Result(msgspec.Struct, frozen=True):
    """The result of an item, in bytes that only its workers understand."""

    ok: bool
    raw: bytes


# ARGV: id, bytes, how many jobs and bytes there may be. 0: too many.
_RESERVE = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 1 end
local bytes, jobs = tonumber(ARGV[2]), 0
for _, one in ipairs(redis.call('HVALS', KEYS[1])) do
  bytes = bytes + tonumber(one)
  jobs = jobs + 1
end
if jobs >= tonumber(ARGV[3]) or bytes > tonumber(ARGV[4]) then return 0 end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
""")
# ARGV: about, how many items, how long the results of a job that is done are kept, the items, and then position and
# result of those that are known already.
_MAKE = Script(
    """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local items = tonumber(ARGV[2])
local known = (#ARGV - 3 - items) / 2
local state = known == items and 'done' or 'queued'
redis.call('HSET', KEYS[1], 'about', ARGV[1], 'state', state, 'completed', 0, 'failed', known)
for at = 1, items do redis.call('HSET', KEYS[2], at - 1, ARGV[at + 3]) end
for at = items + 4, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 1]) end
if known == items then
  for at = 1, 3 do redis.call('PEXPIRE', KEYS[at], ARGV[3]) end
end
"""
    + TELL_JOBS
    + "return 0"
)
# 0: the lease is somebody else's; 1: recorded; 2: and it was the last one.
_RECORD = Script("""
if redis.call('GET', KEYS[4]) ~= ARGV[1] then return 0 end
if redis.call('HSETNX', KEYS[3], ARGV[2], ARGV[4]) == 1 then redis.call('HINCRBY', KEYS[1], ARGV[3], 1) end
if redis.call('HLEN', KEYS[3]) < redis.call('HLEN', KEYS[2]) then
  redis.call('HSET', KEYS[1], 'state', 'processing')
  return 1
end
redis.call('HSET', KEYS[1], 'state', 'done')
for at = 1, 3 do redis.call('PEXPIRE', KEYS[at], ARGV[5]) end
return 2
""")
_TAKE = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'taker', ARGV[1]) end
return 0
""")
_TAKEN = Script("""
redis.call('HSET', KEYS[1], 'state', 'taken')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('UNLINK', KEYS[2], KEYS[3])
return 0
""")


class Jobs:
    """All methods raise Unavailable when Redis is away."""

    def __init__(
        self,
        redis: Redis,
        *,
        plans: Plans,
        now_ms: Callable[[], int] = clock.now_ms,
        draw_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        lease_ms: int = LEASE_MS,
    ) -> None:
        self.redis = redis
        self.lease_ms = lease_ms
        self._plans = plans
        self._now_ms = now_ms
        self._draw_id = draw_id

    @raises_unavailable
    async def make(
        self,
        workspace: int,
        created_by: str,
        items: Sequence[bytes],
        *,
        failed: Mapping[int, Result] | None = None,
        id: str | None = None,
    ) -> Job:
        """Create a job of these items (at least one), some of which may have failed already. Workers find it from now
        on. With an id of the caller's it is created once. Raises NotInPlan when the workspace has too many."""
        about = Job(id or self._draw_id(), workspace, created_by, len(items), self._now_ms())
        known = [part for at, result in (failed or {}).items() for part in (at, _FLAG[result.ok] + result.raw)]
        size = sum(map(len, items)) + sum(len(result.raw) for result in (failed or {}).values())
        await self._reserve(await plan_of(self.redis, self._plans, workspace), about, size)
        # Listed first: what is not there is taken off the list again, and what is not listed would never be done.
        await command(self.redis, "ZADD", keys.JOBS, about.created_at_ms, Open(workspace, about.id).name)
        await _MAKE.run(self.redis, _keys(about.id), msgspec.json.encode(about), len(items), KEPT_MS, *items, *known)
        return about

    async def _reserve(self, plan: Plan, job: Job, size: int) -> None:
        at = keys.workspace_jobs(job.workspace)
        for again in (False, True):
            if again:
                # Those whose results have expired, or whose maker was cut short, count no longer.
                for id in await command(self.redis, "HKEYS", at):
                    if not await command(self.redis, "EXISTS", keys.job_items(id.decode())):
                        await command(self.redis, "HDEL", at, id)
            if await _RESERVE.run(self.redis, [at], job.id, size, plan.jobs, plan.job_bytes):
                return
        text = plan.says("jobs", limit=plan.jobs)
        raise NotInPlan("rate", "jobs", text, None, RETRY_S)

    @raises_unavailable
    async def get(self, id: str) -> Job | None:
        raw = await command(self.redis, "HMGET", keys.job(id), "about", "state", "completed", "failed")
        if raw[0] is None:
            return None
        about = msgspec.json.decode(raw[0], type=Job)
        return msgspec.structs.replace(about, state=raw[1].decode(), completed=int(raw[2]), failed=int(raw[3]))

    @raises_unavailable
    async def waiting(self) -> list[Open]:
        """List open jobs in the order of their turns: first the workspace that has waited longest, and of its jobs the
        one that has."""
        rows: Any = await self.redis.zrange(keys.JOBS, 0, LOOKED_AT - 1, withscores=True)
        found = [(_open(name), float(turn)) for name, turn in rows]
        if not found:
            return []
        owners = list({one.workspace for one, _ in found})
        turns = dict(zip(owners, await command(self.redis, "ZMSCORE", keys.JOB_TURNS, *owners), strict=True))
        found.sort(key=lambda one: (float(turns[one[0].workspace] or 0), one[1]))
        return [one for one, _ in found]

    @raises_unavailable
    async def lease(self, one: Open, token: str) -> bool:
        """Take the lease, which must be renewed; return whether this worker has it."""
        if not await leases.take(self.redis, keys.job_lease(one.id), token, self.lease_ms):
            return False
        await self._had_turn(one.workspace)
        return True

    async def renew(self, id: str, token: str) -> bool:
        return await leases.renew(self.redis, keys.job_lease(id), token, self.lease_ms)

    @raises_unavailable
    async def release(self, one: Open, token: str) -> None:
        """End the turn: the workspace goes behind all others that wait, the job behind the others of it. Does nothing
        with a token that has no lease."""
        await command(self.redis, "ZADD", keys.JOBS, "XX", self._now_ms(), one.name)
        await self._had_turn(one.workspace)
        await leases.release(self.redis, keys.job_lease(one.id), token)

    async def _had_turn(self, workspace: int) -> None:
        now_ms = self._now_ms()
        await command(self.redis, "ZADD", keys.JOB_TURNS, now_ms, workspace)
        await command(self.redis, "ZREMRANGEBYSCORE", keys.JOB_TURNS, "-inf", now_ms - _FORGOTTEN_MS)

    @raises_unavailable
    async def close(self, one: Open) -> None:
        """Take a job off the list of open ones once it is done, or if it was never created."""
        job = await self.get(one.id)
        if job is None:
            listed_ms = await command(self.redis, "ZSCORE", keys.JOBS, one.name)
            if listed_ms is None or self._now_ms() - float(listed_ms) < UNMADE_MS:
                return
        if job is None or job.state in ("done", "taken"):
            await command(self.redis, "ZREM", keys.JOBS, one.name)

    @raises_unavailable
    async def pending(self, job: Job, most: int) -> list[tuple[int, bytes]]:
        """Return the first items without a result, with their positions."""
        done = {int(at) for at in await command(self.redis, "HKEYS", keys.job_results(job.id))}
        open_ = [at for at in range(job.total) if at not in done][:most]
        if not open_:
            return []
        raw = await command(self.redis, "HMGET", keys.job_items(job.id), *open_)
        return [(at, item) for at, item in zip(open_, raw, strict=True) if item is not None]

    @raises_unavailable
    async def record(self, job: Job, token: str, at: int, result: Result) -> bool:
        """Store the result of an item. False when the lease was lost: then the worker must stop."""
        kind = "completed" if result.ok else "failed"
        found: int = await _RECORD.run(
            self.redis,
            [*_keys(job.id), keys.job_lease(job.id)],
            token,
            at,
            kind,
            _FLAG[result.ok] + result.raw,
            KEPT_MS,
        )
        if found == 2:
            await command(self.redis, "ZREM", keys.JOBS, Open(job.workspace, job.id).name)
        return found > 0

    @raises_unavailable
    async def outcomes(self, job: Job, positions: Collection[int]) -> list[tuple[int, bytes, Result]]:
        """Return position, item and result of these items of a finished job."""
        if not positions:
            return []
        items = await command(self.redis, "HMGET", keys.job_items(job.id), *positions)
        results = await command(self.redis, "HMGET", keys.job_results(job.id), *positions)
        return [
            (at, item, Result(result[:1] == _FLAG[True], result[1:]))
            for at, item, result in zip(positions, items, results, strict=True)
            if item is not None and result is not None
        ]

    @raises_unavailable
    async def take(self, id: str, token: str) -> None:
        """Begin to fetch the results; an earlier fetch must not finish."""
        await _TAKE.run(self.redis, [keys.job(id)], token)

    @raises_unavailable
    async def is_taking(self, id: str, token: str) -> bool:
        """Return whether the results are there and no other fetch has begun."""
        state, taker = await command(self.redis, "HMGET", keys.job(id), "state", "taker")
        return bool(state == b"done" and taker == token.encode())

    @raises_unavailable
    async def taken(self, job: Job) -> None:
        """Drop the results once they were fetched; a note that they were remains."""
        await _TAKEN.run(self.redis, _keys(job.id), TAKEN_MS)
        await command(self.redis, "HDEL", keys.workspace_jobs(job.workspace), job.id)


_FLAG = {True: b"+", False: b"-"}


def _keys(id: str) -> list[str]:
    return [keys.job(id), keys.job_items(id), keys.job_results(id)]


def _open(name: bytes) -> Open:
    workspace, _, id = name.decode().partition("/")
    return Open(int(workspace), id)
