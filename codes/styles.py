"""Styles that a workspace keeps under a name. The caller (`api`) checks that they can be drawn.

A code that is given one gets a copy: a later change of the kept style changes no printed picture.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes.errors import Missing, NotInPlan, Refused
from codes.plans import Plans, plan_of
from codes.redis_client import Script, command, raises_unavailable
from codes.validation import check_style, single_line
from schemas import keys
from schemas.code import SavedStyle

MAX_NAME = 100

_decoder = msgspec.json.Decoder(SavedStyle)
_encoder = msgspec.json.Encoder()
# ARGV: id, style, the most there may be. 0: too many; 1: made, or there already.
_CREATE = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 1 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
""")
# ARGV: id, the style as it was read, and as it is to be.
_REPLACE = Script("""
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
""")


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


@raises_unavailable
async def create(
    redis: Redis,
    workspace: int,
    name: str,
    style: dict[str, Any],
    *,
    plans: Plans,
    id: str | None = None,
    now_ms: Callable[[], int] = _wall_ms,
) -> SavedStyle:
    """Raises Refused and NotInPlan. Names may repeat. With an `id` of the caller's it is created once."""
    made_ms = now_ms()
    saved = SavedStyle(id or str(uuid.uuid4()), workspace, _name(name), _style(style), made_ms, made_ms)
    plan = await plan_of(redis, plans, workspace)
    at = keys.workspace_styles(workspace)
    if not await _CREATE.run(redis, [at], saved.id, _encoder.encode(saved), plan.styles):
        raise NotInPlan("limit", "styles", plan.says("styles", limit=plan.styles))
    return await get(redis, workspace, saved.id) or saved


@raises_unavailable
async def replace(
    redis: Redis,
    workspace: int,
    id: str,
    *,
    name: str | None = None,
    style: dict[str, Any] | None = None,
    now_ms: Callable[[], int] = _wall_ms,
) -> SavedStyle:
    """Change the name, the style or both; None leaves one as it is. Raises Refused and Missing."""
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = _name(name)
    if style is not None:
        changes["style"] = _style(style)
    at = keys.workspace_styles(workspace)
    while (raw := await command(redis, "HGET", at, id)) is not None:
        saved = _decoder.decode(raw)
        changed = msgspec.structs.replace(saved, **changes)
        if changed == saved:
            return saved
        changed = msgspec.structs.replace(changed, updated_at_ms=now_ms())
        if await _REPLACE.run(redis, [at], id, raw, _encoder.encode(changed)):
            return changed
    raise Missing(id)


@raises_unavailable
async def list_styles(redis: Redis, workspace: int) -> list[SavedStyle]:
    """Oldest first."""
    raw = await command(redis, "HVALS", keys.workspace_styles(workspace))
    return sorted((_decoder.decode(one) for one in raw), key=lambda saved: (saved.created_at_ms, saved.id))


@raises_unavailable
async def get(redis: Redis, workspace: int, id: str) -> SavedStyle | None:
    raw = await command(redis, "HGET", keys.workspace_styles(workspace), id)
    return _decoder.decode(raw) if raw else None


@raises_unavailable
async def delete(redis: Redis, workspace: int, id: str) -> bool:
    """Delete a style; return whether it existed."""
    return bool(await command(redis, "HDEL", keys.workspace_styles(workspace), id))


async def import_style(redis: Redis, saved: SavedStyle) -> bool:
    """Import a style; return whether it was new."""
    at = keys.workspace_styles(saved.workspace)
    return bool(await command(redis, "HSETNX", at, saved.id, _encoder.encode(saved)))


def _name(name: str) -> str:
    single_line("name", name, MAX_NAME)
    if not name.strip() or name != name.strip():
        raise Refused("name", "invalid_name", f"a style's name has 1 to {MAX_NAME} characters, none of them outside")
    return name


def _style(style: dict[str, Any]) -> dict[str, Any]:
    return check_style(style) or {}
