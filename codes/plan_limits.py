"""Whether the plan of a workspace allows a change. `codes.plans` says what a plan is; only this module applies it.

What depends on one code (`check_code`) is checked where that code is compared and written, so no two edits can both be
the last one allowed. What is counted over all codes of a workspace is counted under a lock: one process at a time adds
to them, and Redis refuses what is written after the lock has expired.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec
from redis.asyncio import Redis

from codes import code_store, index, intents, quotas
from codes.errors import NotInPlan, Unavailable
from codes.plans import Plan
from codes.quotas import Quota
from codes.redis_client import Script, command
from codes.scan_options import is_link, repointing_fields
from schemas import keys
from schemas.code import Code

CREATIONS = "creations"
# How long the lock lasts, and how long a caller waits for it.
LOCK_MS = 5_000
WAIT_S = 8.0
# More than can be added concurrently.
NEAR = 1_000
_PAGE = 500


def check_code(plan: Plan, old: Code | None, new: Code) -> None:
    """Check that the plan allows what is new in `new`; what was there before a change of plan stays. Raises
    NotInPlan."""
    if new.variants and not plan.variants and (old is None or new.variants != old.variants):
        raise NotInPlan("feature", "variants", plan.says("variants"), "variants")
    if new.host and (old is None or new.host != old.host):
        check_custom_domains(plan)
    if old is None or new.type != old.type:
        check_type(plan, new.type)
    limit = plan.destination_edits
    if (
        limit is not None
        and old is not None
        and (new.destination, repointing_fields(new)) != (old.destination, repointing_fields(old))
    ):
        used = old.destination_changes + old.other_changes
        if used >= limit:
            text = plan.says("destination_edits", limit=limit, used=used)
            raise NotInPlan("limit", "destination_edits", text)


def check_custom_domains(plan: Plan) -> None:
    if not plan.custom_domains:
        raise NotInPlan("feature", "custom_domains", plan.says("custom_domains"))


def check_type(plan: Plan, type: str) -> None:
    """Check the type of a code; `website` and `url` are the same."""
    if plan.types is not None and type not in plan.types and not (is_link(type) and "website" in plan.types):
        raise NotInPlan("feature", "types", plan.says("types", type=type))


async def take_creation(redis: Redis, plan: Plan, workspace: int, now: datetime) -> Quota:
    """Use one creation of the hour; `give_back_creation` returns it when nothing came of it. Raises NotInPlan."""
    taken = await quotas.take(redis, workspace, CREATIONS, "hour", plan.creations_per_hour, now)
    if not taken.allowed:
        wait_s = min(max(1, taken.reset_at - int(now.timestamp())), quotas.HOUR_MS // 1000)
        text = plan.says("creations_per_hour", limit=taken.limit)
        raise NotInPlan("rate", "creations_per_hour", text, None, wait_s)
    return taken


async def give_back_creation(redis: Redis, workspace: int, taken: Quota) -> None:
    await quotas.give_back(redis, workspace, CREATIONS, taken)


class CountingLock(msgspec.Struct, frozen=True):
    """Its holder may add or activate codes until `until_ms` by Redis' clock."""

    redis: Redis
    workspace: int
    plan: Plan
    until_ms: int

    async def check(self, *, another: bool, active: bool) -> None:
        """Check for room for another code, and for one more active one. Raises NotInPlan."""
        if another:
            most = self.plan.codes
            held = await quotas.count_codes(self.redis, self.workspace)
            for code in await self._uncounted():
                listed = await command(self.redis, "ZSCORE", keys.workspace_codes(self.workspace), code.id)
                held += listed is None
            if held >= most:
                raise NotInPlan("limit", "codes", self.plan.says("codes", limit=most))
        cap = self.plan.active_codes
        if active and cap is not None and await self._active(cap) >= cap:
            raise NotInPlan("limit", "active_codes", self.plan.says("active_codes", limit=cap))

    async def _active(self, enough: int) -> int:
        """Count active codes, at least up to `enough`."""
        found = {code.id for code in await self._uncounted() if code.status == "active"}
        before = None
        while len(found) < enough and (rows := await index.page_before(self.redis, self.workspace, _PAGE, before)):
            codes = await index.read(self.redis, [id for id, _ in rows])
            found |= {code.id for code in codes if code is not None and code.status == "active"}
            before = rows[-1][1]
        return len(found)

    async def _uncounted(self) -> list[Code]:
        """Return codes that are stored but, perhaps after a crash, not indexed (`codes.sweep` indexes them)."""
        found = []
        async for _, intent in intents.abandoned(self.redis, older_than_ms=-intents.SWEEP_MS):
            if intent.op == "create" and intent.workspace == self.workspace:
                code = (await code_store.read_link(self.redis, intent.host, intent.slug)).code
                if code is not None and code.id == intent.id:
                    found.append(code)
        return found


# ARGV: a token, and how long. Returns when the lock expires, or 0 if it is taken.
_TAKE = Script("""
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]
""")
_END = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
""")
# What is written at the very end is still within the lock, by any clock.
_MARGIN_MS = 100


@asynccontextmanager
async def counting_lock(
    redis: Redis, plan: Plan, workspace: int, *, needed: bool
) -> AsyncIterator[CountingLock | None]:
    """Hold the lock; None if nothing is counted. Raises Unavailable when others take too long."""
    if not needed:
        yield None
        return
    at, token = keys.workspace_turn(workspace), secrets.token_hex(16)
    give_up = asyncio.get_running_loop().time() + WAIT_S
    while not (ends_ms := await _TAKE.run(redis, [at], token, LOCK_MS)):
        if asyncio.get_running_loop().time() > give_up:
            raise Unavailable("too many are adding codes to this workspace at once")
        await asyncio.sleep(0.005 + secrets.randbelow(15) / 1000)
    try:
        yield CountingLock(redis, workspace, plan, ends_ms - _MARGIN_MS)
    finally:
        await _END.run(redis, [at], token)


async def needs_counting(redis: Redis, plan: Plan, workspace: int, *, another: bool, active: bool) -> bool:
    """Return whether such an addition must be counted under the lock. Far from a limit it need not."""
    if active and plan.active_codes is not None:
        return True
    return another and (plan.codes <= NEAR or await quotas.count_codes(redis, workspace) > plan.codes - NEAR)


def earliest_deadline(deadline_ms: int, lock: CountingLock | None) -> int:
    """Return when a write has to be done by."""
    return deadline_ms if lock is None else min(deadline_ms, lock.until_ms)
