"""Uploaded files: taking them in, finding and deleting them.

Their bytes are in a `codes.file_stores.FileStore`, their metadata in Redis. Redirectors serve them by key
(`schemas.files`) and ask nobody. A file is noted as pending before its bytes are stored or deleted, so `reclaim` finds
what a crash left between the two.
"""

import asyncio
import hashlib
import re
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable

import msgspec
from redis.asyncio import Redis

from codes import file_types, quotas
from codes.errors import Missing, NotInPlan, Refused, Unavailable
from codes.file_stores import FileStore
from codes.plans import Plan, Plans, plan_of
from codes.redis_client import Script, command, raises_unavailable
from infra import clock
from schemas import keys
from schemas.files import MAX_BYTES, OF_TYPE, Kind, StoredFile

MAX_NAME = 150
# Up to here an upload stays in memory.
IN_MEMORY = 1 << 20
RECLAIM_MS = 60 * 60 * 1000

# ARGV: id, file, its bytes, how many files and bytes there may be. 0: too many files; -1: too many bytes. Under an id
# that is there the same file is put again.
_ADD = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  return 1
end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
local bytes = tonumber(redis.call('HGET', KEYS[2], 'files') or 0) + tonumber(ARGV[3])
if bytes > tonumber(ARGV[5]) then return -1 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], 'files', bytes)
return 1
""")
_FORGET = Script("""
if redis.call('HDEL', KEYS[1], ARGV[1]) == 1 then redis.call('HINCRBY', KEYS[2], 'files', -ARGV[2]) end
return 0
""")

_ALIASES = {"image/jpg": "image/jpeg", "audio/mp3": "audio/mpeg", "application/x-pdf": "application/pdf"}
_UNSAID = ("", "application/octet-stream", "binary/octet-stream")
_UNSEEN = re.compile('[\x00-\x1f\x7f/\\\\\ud800-\udfff"<>]+')
_decoder = msgspec.json.Decoder(StoredFile)


class PendingFile(msgspec.Struct, frozen=True):
    id: str
    workspace: int
    at_ms: int


_under_way = msgspec.json.Decoder(PendingFile)


class Files:
    """All methods raise Unavailable when Redis or the store does not answer. `draw_id` returns a UUID."""

    def __init__(
        self,
        redis: Redis,
        store: FileStore,
        *,
        plans: Plans,
        now_ms: Callable[[], int] = clock.now_ms,
        draw_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self.redis = redis
        self._store = store
        self._plans = plans
        self._now_ms = now_ms
        self._draw_id = draw_id

    async def put(
        self,
        workspace: int,
        name: str,
        declared: str,
        chunks: AsyncIterator[bytes],
        *,
        id: str | None = None,
        created_by: str = "",
    ) -> StoredFile:
        """Store a file; the same content under the same `id` is the same file. Its first bytes say what it is, and must
        agree with the `declared` content type ("" declares nothing). Raises Refused for invalid files, as early as
        possible, and NotInPlan when the workspace has too many; nothing is stored then."""
        id = id or self._draw_id()
        plan = await plan_of(self.redis, self._plans, workspace)
        if await self.get(workspace, id) is None:
            await self._room(plan, workspace, 1)
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as spool:
            kind, size, key = await _receive(spool, id, declared, chunks)
            file = StoredFile(
                id=id,
                workspace=workspace,
                key=key,
                name=_clean(name, kind),
                content_type=kind.content_type,
                size=size,
                created_at_ms=self._now_ms(),
                created_by=created_by,
            )
            spool.seek(0)
            if await self.get(workspace, id) is None:
                await self._room(plan, workspace, size)
            await self._note(file)
            await self._in_store(self._store.save, file.key, spool, size)
        try:
            await self._add(plan, file)
        except NotInPlan:
            # Others were faster.
            await self._in_store(self._store.remove, file.key)
            await self._settled(file.key)
            raise
        return file

    @raises_unavailable
    async def _room(self, plan: Plan, workspace: int, more: int) -> None:
        """Check the limits before bytes are stored; only `_add` is exact. Raises NotInPlan."""
        count = await command(self.redis, "HLEN", keys.workspace_files(workspace))
        kept = int(await command(self.redis, "HGET", keys.workspace_sizes(workspace), quotas.FILES) or 0)
        _refuse(plan, 0 if count >= plan.files else -1 if kept + more > plan.file_bytes else 1)

    @raises_unavailable
    async def get(self, workspace: int, id: str) -> StoredFile | None:
        raw = await command(self.redis, "HGET", keys.workspace_files(workspace), id)
        return _decoder.decode(raw) if raw else None

    @raises_unavailable
    async def all(self, workspace: int) -> list[StoredFile]:
        """Newest first."""
        found = [_decoder.decode(raw) for raw in await command(self.redis, "HVALS", keys.workspace_files(workspace))]
        return sorted(found, key=lambda file: (file.created_at_ms, file.id), reverse=True)

    async def read(self, workspace: int, id: str, most: int) -> bytes:
        """Return the bytes of a file, no more than `most`. Raises Missing."""
        file = await self.get(workspace, id)
        if file is None:
            raise Missing
        try:
            return await asyncio.to_thread(self._store.read, file.key, most)
        except FileNotFoundError:
            raise Missing from None
        except OSError as error:
            raise Unavailable(f"the store of files: {error}") from error

    async def delete(self, workspace: int, id: str) -> None:
        """Delete a file; it is served no more when this returns. Raises Missing."""
        file = await self.get(workspace, id)
        if file is None:
            raise Missing
        await self._note(file)
        await self._forget(file)
        await self._in_store(self._store.remove, file.key)
        await self._settled(file.key)

    async def reclaim(self, *, older_than_ms: int = RECLAIM_MS) -> int:
        """Delete the bytes of interrupted uploads and deletions; return how many. Safe beside everything else: an
        upload is given up long after the last moment at which it could go on."""
        removed = 0
        for key, note in (await self._noted()).items():
            if note.at_ms > self._now_ms() - older_than_ms:
                continue
            if await self.get(note.workspace, note.id) is None:
                await self._in_store(self._store.remove, key)
                removed += 1
            await self._settled(key)
        return removed

    @raises_unavailable
    async def _note(self, file: StoredFile) -> None:
        note = PendingFile(id=file.id, workspace=file.workspace, at_ms=self._now_ms())
        await command(self.redis, "HSET", keys.FILES_UNDER_WAY, file.key, msgspec.json.encode(note))

    @raises_unavailable
    async def _noted(self) -> dict[str, PendingFile]:
        raw = await command(self.redis, "HGETALL", keys.FILES_UNDER_WAY)
        return {key.decode(): _under_way.decode(note) for key, note in raw.items()}

    @raises_unavailable
    async def _settled(self, key: str) -> None:
        await command(self.redis, "HDEL", keys.FILES_UNDER_WAY, key)

    @raises_unavailable
    async def _add(self, plan: Plan, file: StoredFile) -> None:
        raw = msgspec.json.encode(file)
        _refuse(plan, await _ADD.run(self.redis, _kept(file), file.id, raw, file.size, plan.files, plan.file_bytes))
        await command(self.redis, "HDEL", keys.FILES_UNDER_WAY, file.key)

    @raises_unavailable
    async def _forget(self, file: StoredFile) -> None:
        await _FORGET.run(self.redis, _kept(file), file.id, file.size)

    async def _in_store(self, work: Callable[..., None], *args: object) -> None:
        try:
            await asyncio.to_thread(work, *args)
        except OSError as error:
            raise Unavailable(f"the store of files: {error}") from error


def _kept(file: StoredFile) -> list[str]:
    return [keys.workspace_files(file.workspace), keys.workspace_sizes(file.workspace)]


def _refuse(plan: Plan, outcome: int) -> None:
    name = {0: "files", -1: "file_bytes"}.get(outcome)
    if name is not None:
        raise NotInPlan("limit", name, plan.says(name, limit=getattr(plan, name)))


async def _receive(
    spool: "tempfile.SpooledTemporaryFile[bytes]", id: str, declared: str, chunks: AsyncIterator[bytes]
) -> tuple[Kind, int, str]:
    """Receive into `spool`; return kind, size and key. The key is a hash of content and id, so nobody can guess it from
    the content, and no two uploads share their bytes."""
    digest, size, head = hashlib.sha256(f"{id}\n".encode()), 0, b""
    kind: Kind | None = None
    async for chunk in chunks:
        size += len(chunk)
        if len(head) < file_types.HEAD:
            head += chunk[: file_types.HEAD - len(head)]
        if kind is None and len(head) >= file_types.HEAD:
            kind = _kind(head, declared)
        _bounded(size, kind)
        digest.update(chunk)
        if len(chunk) > IN_MEMORY // 4 or size > IN_MEMORY:
            await asyncio.to_thread(spool.write, chunk)
        else:
            spool.write(chunk)
    if not size:
        raise Refused("file", "empty_file", "the file is empty")
    kind = kind or _kind(head, declared)
    _bounded(size, kind)
    return kind, size, f"{digest.hexdigest()}.{kind.suffix}"


def _kind(head: bytes, declared: str) -> Kind:
    found = file_types.detect_content_type(head)
    if found is None:
        known = ", ".join(kind.suffix for kind in OF_TYPE.values())
        raise Refused("file", "unknown_file_type", f"the file is of no kind that can be shown ({known})")
    said = declared.partition(";")[0].strip().lower()
    if said not in _UNSAID and _ALIASES.get(said, said) != found:
        raise Refused("file", "file_type_mismatch", f"the file is {found}, and not what it was sent as")
    return OF_TYPE[found]


def _bounded(size: int, kind: Kind | None) -> None:
    most = MAX_BYTES if kind is None else kind.max_bytes
    if size > most:
        what = "a file" if kind is None else f"a .{kind.suffix} file"
        raise Refused("file", "file_too_large", f"{what} has at most {most >> 20} MB")


def _clean(name: str, kind: Kind) -> str:
    """Return a file name without folders, and with the suffix of its type."""
    stem = _UNSEEN.sub(" ", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    if stem.lower().endswith(f".{kind.suffix}"):
        stem = stem[: -len(kind.suffix) - 1]
    return f"{stem[:MAX_NAME].strip(' .') or 'file'}.{kind.suffix}"
