"""Folders of a workspace. A code knows its folder; a folder does not know its codes.

A deletion takes the folder off the list first: from then on nothing can be put into it. A write that was just putting a
code there checks again afterwards (`codes.service`), and takes it out.
"""

import asyncio
import uuid
from collections.abc import Callable

import msgspec
from redis.asyncio import Redis

from codes import code_store, index, intents, static_codes
from codes.code_store import CodeRecord, LinkChange, WriteResult
from codes.intents import Intent
from codes.named_records import MAX_NAME, NamedRecords
from codes.plans import Plans
from codes.redis_client import command, raises_unavailable
from infra import clock
from schemas import keys
from schemas.code import Code, Folder

__all__ = [
    "MAX_NAME",
    "create",
    "delete",
    "drop_deleted_folder",
    "empty_folder",
    "exists",
    "get",
    "import_folder",
    "list_folders",
    "remove_code_from_folder",
    "rename",
]

_PAGE = 500

_records = NamedRecords(Folder, keys.workspace_folders, limit="folders", noun="folder")
list_folders, get, import_folder = _records.list_all, _records.get, _records.import_record


async def create(
    redis: Redis,
    workspace: int,
    name: str,
    *,
    plans: Plans,
    id: str | None = None,
    now_ms: Callable[[], int] = clock.now_ms,
) -> Folder:
    """Raises Refused and NotInPlan. Names may repeat. With an `id` of the caller's it is created once."""
    folder = Folder(id or str(uuid.uuid4()), workspace, _records.checked_name(name), now_ms())
    return await _records.create(redis, folder, plans)


async def rename(redis: Redis, workspace: int, id: str, name: str) -> Folder:
    """Raises Refused and Missing."""
    name = _records.checked_name(name)
    return await _records.change(redis, workspace, id, lambda folder: msgspec.structs.replace(folder, name=name))


@raises_unavailable
async def exists(redis: Redis, workspace: int, id: str) -> bool:
    return bool(await command(redis, "HEXISTS", keys.workspace_folders(workspace), id))


@raises_unavailable
async def delete(redis: Redis, workspace: int, id: str, *, now_ms: Callable[[], int] = clock.now_ms) -> bool:
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


async def empty_folder(redis: Redis, workspace: int, id: str, *, now_ms: Callable[[], int] = clock.now_ms) -> None:
    """Take all codes out of a deleted folder."""
    before = None
    while rows := await index.page_before(redis, workspace, _PAGE, before):
        codes = await index.read(redis, [code_id for code_id, _ in rows])
        filed = [code.id for code in codes if code is not None and code.folder_id == id]
        await asyncio.gather(*(remove_code_from_folder(redis, code_id, id, now_ms=now_ms) for code_id in filed))
        before = rows[-1][1]
    await static_codes.remove_from_folder(redis, workspace, id, now_ms=now_ms)


async def drop_deleted_folder(redis: Redis, code: Code, *, now_ms: Callable[[], int] = clock.now_ms) -> Code:
    """Return a code that was just put into a folder; out of it again if the folder was deleted meanwhile."""
    if code.folder_id is None or await exists(redis, code.workspace, code.folder_id):
        return code
    return await remove_code_from_folder(redis, code.id, code.folder_id, now_ms=now_ms) or code


async def remove_code_from_folder(
    redis: Redis, code_id: str, id: str, *, now_ms: Callable[[], int] = clock.now_ms
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
