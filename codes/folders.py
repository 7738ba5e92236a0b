"""Folders of a workspace. A code knows its folder; a folder does not know its codes.

A deletion takes the folder off the list first: from then on nothing can be put into it. A write that was just putting a
code there checks again afterwards (`codes.service`), and takes it out.
"""

import asyncio
import time
import uuid
from collections.abc import Callable

import msgspec
from redis.asyncio import Redis

from codes import code_store, index, intents, static_codes
from codes.code_store import CodeRecord, LinkChange, WriteResult
from codes.errors import Missing, NotInPlan, Refused
from codes.intents import Intent
from codes.plans import Plans, plan_of
from codes.redis_client import Script, command, raises_unavailable
from codes.validation import single_line
from schemas import keys
from schemas.code import Code, Folder

MAX_NAME = 100
_PAGE = 500

_decoder = msgspec.json.Decoder(Folder)
# ARGV: id, folder, the most there may be. 0: too many; 1: made, or there already.
_CREATE = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 1 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
""")
_RENAME = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
""")


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


@raises_unavailable
async def create(
    redis: Redis,
    workspace: int,
    name: str,
    *,
    plans: Plans,
    id: str | None = None,
    now_ms: Callable[[], int] = _wall_ms,
) -> Folder:
    """Raises Refused and NotInPlan. Names may repeat. With an `id` of the caller's it is created once."""
    folder = Folder(id or str(uuid.uuid4()), workspace, _name(name), now_ms())
    at = keys.workspace_folders(workspace)
    plan = await plan_of(redis, plans, workspace)
    if not await _CREATE.run(redis, [at], folder.id, msgspec.json.encode(folder), plan.folders):
        raise NotInPlan("limit", "folders", plan.says("folders", limit=plan.folders))
    return await get(redis, workspace, folder.id) or folder


@raises_unavailable
async def rename(redis: Redis, workspace: int, id: str, name: str) -> Folder:
    """Raises Refused and Missing."""
    name = _name(name)
    folder = await get(redis, workspace, id)
    if folder is None:
        raise Missing(id)
    folder = msgspec.structs.replace(folder, name=name)
    if not await _RENAME.run(redis, [keys.workspace_folders(workspace)], id, msgspec.json.encode(folder)):
        raise Missing(id)
    return folder


@raises_unavailable
async def list_folders(redis: Redis, workspace: int) -> list[Folder]:
    """Oldest first."""
    raw = await command(redis, "HVALS", keys.workspace_folders(workspace))
    return sorted((_decoder.decode(one) for one in raw), key=lambda folder: (folder.created_at_ms, folder.id))


@raises_unavailable
async def get(redis: Redis, workspace: int, id: str) -> Folder | None:
    raw = await command(redis, "HGET", keys.workspace_folders(workspace), id)
    return _decoder.decode(raw) if raw else None


@raises_unavailable
async def exists(redis: Redis, workspace: int, id: str) -> bool:
    return bool(await command(redis, "HEXISTS", keys.workspace_folders(workspace), id))


@raises_unavailable
async def delete(redis: Redis, workspace: int, id: str, *, now_ms: Callable[[], int] = _wall_ms) -> bool:
    """Delete a folder; return whether it existed. Its codes are in no folder when this returns; `codes.sweep` finishes
    an interrupted deletion."""
    if not await exists(redis, workspace, id):
        return False
    nonce = uuid.uuid4().hex
    await intents.declare(redis, nonce, Intent(op="unfile", id=id, workspace=workspace))
    gone = bool(await command(redis, "HDEL", keys.workspace_folders(workspace), id))
    await empty_folder(redis, workspace, id, now_ms=now_ms)
    await intents.clear(redis, nonce)
    return gone


async def import_folder(redis: Redis, folder: Folder) -> bool:
    """Import a folder; return whether it was new."""
    at = keys.workspace_folders(folder.workspace)
    return bool(await command(redis, "HSETNX", at, folder.id, msgspec.json.encode(folder)))


async def empty_folder(redis: Redis, workspace: int, id: str, *, now_ms: Callable[[], int] = _wall_ms) -> None:
    """Take all codes out of a deleted folder."""
    before = None
    while rows := await index.page_before(redis, workspace, _PAGE, before):
        codes = await index.read(redis, [code_id for code_id, _ in rows])
        filed = [code.id for code in codes if code is not None and code.folder_id == id]
        await asyncio.gather(*(remove_code_from_folder(redis, code_id, id, now_ms=now_ms) for code_id in filed))
        before = rows[-1][1]
    await static_codes.remove_from_folder(redis, workspace, id, now_ms=now_ms)


async def drop_deleted_folder(redis: Redis, code: Code, *, now_ms: Callable[[], int] = _wall_ms) -> Code:
    """Return a code that was just put into a folder; out of it again if the folder was deleted meanwhile."""
    if code.folder_id is None or await exists(redis, code.workspace, code.folder_id):
        return code
    return await remove_code_from_folder(redis, code.id, code.folder_id, now_ms=now_ms) or code


async def remove_code_from_folder(
    redis: Redis, code_id: str, id: str, *, now_ms: Callable[[], int] = _wall_ms
) -> Code | None:
    """Take a code out of this folder, if it is in it; return the code."""
    while (found := await index.find(redis, code_id)) is not None:
        code = found.link.code
        if code is None:
            return None
        if code.folder_id != id:
            return code
        out = msgspec.structs.replace(code, folder_id=None, updated_at_ms=now_ms())
        if await code_store.write(redis, [LinkChange(found.link, CodeRecord(code=out))]) is WriteResult.DONE:
            return out
    return None


def _name(name: str) -> str:
    single_line("name", name, MAX_NAME)
    if not name.strip() or name != name.strip():
        raise Refused("name", "invalid_name", f"a folder's name has 1 to {MAX_NAME} characters, none of them outside")
    return name
