"""Static codes: records of symbols that hold their content themselves.

They have no slug, no route and no scans, so each is an entry of a hash and of a sorted set of its workspace.
"""

import uuid
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes import destinations, etags, numbers, plan_limits, quotas, validation
from codes.code_fields import UNSET, Unset
from codes.errors import Missing, Refused, Unavailable
from codes.plans import Plans, plan_of
from codes.redis_client import Script, command, raises_unavailable
from codes.validation import Status
from infra import clock
from schemas import keys, page_content
from schemas.code import StaticCode

TYPES = ("url", "text", "vcard", "email", "sms", "whatsapp", "wifi", "bitcoin", "paypal")
_TRIES = 10

# Raises Refused when the workspace has no such folder.
CheckFolder = Callable[[int, str], Awaitable[None]]

# Replaces a record that is still as it was read; "" stands for none.
_PUT = Script("""
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HINCRBY', KEYS[3], 'total', #ARGV[3] - #ARGV[2])
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
end
return 1
""")
_decoder = msgspec.json.Decoder(StaticCode)


class NewStatic(msgspec.Struct, frozen=True, kw_only=True):
    """With an `id` the call can be repeated: what the workspace has under it already is the answer."""

    name: str
    type: str
    content: dict[str, Any]
    created_by: str = ""
    status: Status = "active"
    folder_id: str | None = None
    design: dict[str, Any] | None = None
    page_design: dict[str, Any] | None = None
    id: str | None = None


class StaticEdit(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of a static code; UNSET fields stay as they are."""

    name: str | Unset = UNSET
    content: dict[str, Any] | Unset = UNSET
    status: Status | Unset = UNSET
    folder_id: str | Unset | None = UNSET
    design: dict[str, Any] | Unset | None = UNSET
    page_design: dict[str, Any] | Unset | None = UNSET


class StaticCodes:
    """All methods raise Unavailable when Redis is away."""

    def __init__(
        self,
        redis: Redis,
        *,
        check_folder: CheckFolder,
        plans: Plans,
        now_ms: Callable[[], int] = clock.now_ms,
    ) -> None:
        self.redis = redis
        self._plans = plans
        self._check_folder = check_folder
        self._now_ms = now_ms

    @raises_unavailable
    async def create(self, workspace: int, new: NewStatic) -> StaticCode:
        """Raises Refused and NotInPlan."""
        if new.id is not None and (made := await self.get(workspace, new.id)) is not None:
            return made
        fields = {**msgspec.structs.asdict(new), "id": new.id or str(uuid.uuid4())}
        await self._check(workspace, fields, new.type)
        now_ms = self._now_ms()
        plan = await plan_of(self.redis, self._plans, workspace)
        needed = await plan_limits.needs_counting(self.redis, plan, workspace, another=True, active=False)
        await quotas.count_new_slugs(self.redis, plan, workspace, 1, now_ms)
        async with plan_limits.counting_lock(self.redis, plan, workspace, needed=needed) as lock:
            if lock is not None:
                await lock.check(another=True, active=False)
            number = await numbers.allocate(self.redis, keys.NUMBERS, now_ms)
            code = StaticCode(**fields, number=number, workspace=workspace, created_at_ms=now_ms, updated_at_ms=now_ms)
            await quotas.check_code_bytes(self.redis, plan, workspace, quotas.stored_size(code))
            if not await put(self.redis, b"", code, code):
                # A concurrent call with this id was faster.
                return await self.get(workspace, code.id) or code
        return await self._drop_deleted_folder(code)

    @raises_unavailable
    async def get(self, workspace: int, id: str) -> StaticCode | None:
        raw = await command(self.redis, "HGET", keys.workspace_statics(workspace), id)
        return _decoder.decode(raw) if raw else None

    @raises_unavailable
    async def page(self, workspace: int, limit: int, before: int | None = None) -> list[StaticCode]:
        """Return at most `limit` codes with numbers below `before`, newest first; fewer only at the end."""
        page: list[StaticCode] = []
        while len(page) < limit:
            highest = "+inf" if before is None else f"({before}"
            at = keys.workspace_static_numbers(workspace)
            rows: Any = await self.redis.zrevrangebyscore(
                at, highest, "-inf", start=0, num=limit - len(page), withscores=True
            )
            if not rows:
                break
            # One that was deleted meanwhile has no record any more.
            records = await command(self.redis, "HMGET", keys.workspace_statics(workspace), *(id for id, _ in rows))
            page += [_decoder.decode(raw) for raw in records if raw]
            before = int(rows[-1][1])
        return page

    @raises_unavailable
    async def edit(
        self, workspace: int, id: str, edit: StaticEdit, *, match: Collection[str] | None = None
    ) -> StaticCode:
        """Edit a code and return it. Raises Missing and Refused; with `match` (`codes.etags`) also Stale."""
        changes = {name: value for name, value in msgspec.structs.asdict(edit).items() if value is not UNSET}
        for _ in range(_TRIES):
            raw = await command(self.redis, "HGET", keys.workspace_statics(workspace), id)
            if raw is None:
                raise Missing(id)
            old = _decoder.decode(raw)
            etags.check(old, match)
            await self._check(workspace, changes, old.type)
            new = msgspec.structs.replace(old, **changes)
            if new == old:
                return old
            new = msgspec.structs.replace(new, updated_at_ms=self._now_ms())
            if (more := quotas.stored_size(new) - len(raw)) > 0:
                await quotas.check_code_bytes(
                    self.redis, await plan_of(self.redis, self._plans, workspace), workspace, more
                )
            if await put(self.redis, raw, old, new):
                return await self._drop_deleted_folder(new) if changes.get("folder_id") else new
        raise Unavailable("the code is changed by too many at once")

    @raises_unavailable
    async def delete(self, workspace: int, id: str, *, match: Collection[str] | None = None) -> bool:
        """Delete a code; return whether it existed. With `match` it raises Stale as `edit` does."""
        for _ in range(_TRIES):
            raw = await command(self.redis, "HGET", keys.workspace_statics(workspace), id)
            if raw is None:
                return False
            old = _decoder.decode(raw)
            etags.check(old, match)
            if await put(self.redis, raw, old, None):
                return True
        raise Unavailable("the code is changed by too many at once")

    async def _drop_deleted_folder(self, code: StaticCode) -> StaticCode:
        """Take a code out of a folder that was deleted meanwhile."""
        if code.folder_id is None:
            return code
        try:
            await self._check_folder(code.workspace, code.folder_id)
        except Refused:
            await remove_from_folder(self.redis, code.workspace, code.folder_id, now_ms=self._now_ms)
            return await self.get(code.workspace, code.id) or code
        return code

    async def _check(self, workspace: int, given: dict[str, Any], type: str) -> None:
        if type not in TYPES:
            raise Refused("type", "unknown_type", f"must be one of: {', '.join(TYPES)}")
        validation.check_label(given.get("name"), "name")
        validation.check_status(given.get("status", "active"))
        for name in ("design", "page_design"):
            validation.check_style(given.get(name), name)
        if "content" in given:
            _check_content(type, given["content"])
        if given.get("folder_id") is not None:
            await self._check_folder(workspace, given["folder_id"])


def _check_content(type: str, written: object) -> None:
    try:
        checked = page_content.check(type, written)
    except page_content.BadContent as error:
        raise Refused(error.field, "invalid_content", f"{error.field} {error.message}") from None
    if type == "url":
        try:
            # Internal addresses are fine: scanners go there directly, not through us.
            destinations.parse(checked["url"])
        except Refused as refused:
            raise Refused("content.url", refused.code, refused.message) from None


async def put(redis: Redis, seen: bytes, old: StaticCode, new: StaticCode | None) -> bool:
    """Replace `old`, stored as `seen` (b"" for none), by `new` (None deletes); return whether it was as seen."""
    at = [
        keys.workspace_statics(old.workspace),
        keys.workspace_static_numbers(old.workspace),
        keys.workspace_sizes(old.workspace),
    ]
    return bool(await _PUT.run(redis, at, old.id, seen, msgspec.json.encode(new) if new else b"", old.number))


async def remove_from_folder(redis: Redis, workspace: int, folder_id: str, *, now_ms: Callable[[], int]) -> None:
    """Take all static codes out of a deleted folder."""
    async for _, raw in redis.hscan_iter(keys.workspace_statics(workspace), count=500):
        while raw and (code := _decoder.decode(raw)).folder_id == folder_id:
            out = msgspec.structs.replace(code, folder_id=None, updated_at_ms=now_ms())
            if await put(redis, raw, code, out):
                break
            raw = await command(redis, "HGET", keys.workspace_statics(workspace), code.id)
