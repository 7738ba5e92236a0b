"""Workspaces, which own codes and keys."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes import numbers
from codes.errors import Conflict, Missing, Refused
from codes.redis_client import REPLACE, command, raises_unavailable
from codes.scan_options import check_scheme
from infra import clock
from schemas import keys
from schemas.code import Workspace

DEFAULT = "default"
DEFAULT_PLAN = "unlimited"
MAX_NAME = 100
MAX_SCHEMES = 20

_decoder = msgspec.json.Decoder(Workspace)


@raises_unavailable
async def ensure_workspace(
    redis: Redis,
    name: str,
    *,
    plan: str = DEFAULT_PLAN,
    now_ms: Callable[[], int] = clock.now_ms,
) -> Workspace:
    """Return the workspace of that name, created if there is none. Raises Refused for an invalid name.

    The name is taken first, and the next call that finds a name without a workspace creates it, so a crash in between
    leaves nothing to clear up.
    """
    if not name.strip() or name != name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise Refused("name", "invalid_name", f"a workspace's name has 1 to {MAX_NAME} printable characters")
    raw = await command(redis, "HGET", keys.WORKSPACES, name)
    if raw is None:
        # The first is always 1, so that a fresh start gives way to an import; the others follow the clock.
        first = not await command(redis, "EXISTS", keys.WORKSPACE_NUMBERS)
        number = await numbers.allocate(redis, keys.WORKSPACE_NUMBERS, 0 if first else now_ms())
        await command(redis, "HSETNX", keys.WORKSPACES, name, number)
        raw = await command(redis, "HGET", keys.WORKSPACES, name)
    number = int(raw)
    made = Workspace(number=number, id=str(uuid.uuid4()), name=name, plan=plan, created_at_ms=now_ms())
    await command(redis, "SET", keys.workspace(number), msgspec.json.encode(made), "NX")
    return _decoder.decode(await command(redis, "GET", keys.workspace(number)))


@raises_unavailable
async def get(redis: Redis, number: int) -> Workspace | None:
    raw = await command(redis, "GET", keys.workspace(number))
    return _decoder.decode(raw) if raw else None


@raises_unavailable
async def any_exist(redis: Redis) -> bool:
    """Return whether there is any. The first start creates one, so a Redis without is empty."""
    return bool(await command(redis, "HLEN", keys.WORKSPACES))


@raises_unavailable
async def all_workspaces(redis: Redis) -> list[Workspace]:
    """List workspaces in the order of their creation."""
    held = sorted(int(raw) for raw in await command(redis, "HVALS", keys.WORKSPACES))
    found = [await command(redis, "GET", keys.workspace(number)) for number in held]
    return [_decoder.decode(raw) for raw in found if raw]


@raises_unavailable
async def allow_schemes(redis: Redis, number: int, schemes: Sequence[str]) -> Workspace:
    """Set the schemes that app links may have besides https; existing links stay. Raises Refused and Missing."""
    wanted = tuple(dict.fromkeys(scheme.strip().lower().removesuffix("://").removesuffix(":") for scheme in schemes))
    if len(wanted) > MAX_SCHEMES:
        raise Refused("app_schemes", "too_many_schemes", f"a workspace allows at most {MAX_SCHEMES} schemes")
    for scheme in wanted:
        check_scheme(scheme, "app_schemes")
    return await _change(redis, number, app_schemes=wanted)


@raises_unavailable
async def set_plan(redis: Redis, number: int, plan: str) -> Workspace:
    """Put a workspace on another plan, from its next request on; the caller checks the name. What it has stays. Raises
    Missing."""
    return await _change(redis, number, plan=plan)


@raises_unavailable
async def count_imported(redis: Redis, number: int, wanted: bool) -> Workspace:
    """Set whether the totals of its codes include imported scans. Raises Missing."""
    return await _change(redis, number, counts_imported=wanted)


async def _change(redis: Redis, number: int, **fields: Any) -> Workspace:
    while True:
        raw = await command(redis, "GET", keys.workspace(number))
        if raw is None:
            raise Missing(str(number))
        changed = msgspec.structs.replace(_decoder.decode(raw), **fields)
        if await REPLACE.run(redis, [keys.workspace(number)], raw, msgspec.json.encode(changed)):
            return changed


async def import_workspace(redis: Redis, workspace: Workspace) -> bool:
    """Import a workspace; return whether it was new. A workspace with the same name and number gives way if it is empty
    but for keys, as that of a fresh start is; any other clash of name or number is a Conflict."""
    holder = await command(redis, "HGET", keys.WORKSPACES, workspace.name)
    if holder is not None and int(holder) != workspace.number:
        raise Conflict("name", "name_taken", f"another workspace is called {workspace.name!r} here")
    there = await get(redis, workspace.number)
    if there is not None and there.id == workspace.id:
        return False
    if there is not None and (
        there.name != workspace.name or await command(redis, "ZCARD", keys.workspace_codes(workspace.number))
    ):
        raise Conflict("number", "number_taken", f"another workspace has the number {workspace.number} here")
    await command(redis, "HSET", keys.WORKSPACES, workspace.name, workspace.number)
    await command(redis, "SET", keys.workspace(workspace.number), msgspec.json.encode(workspace))
    return True
