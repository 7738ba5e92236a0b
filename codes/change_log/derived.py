"""What is derived from the elements of the change log: indexes by id and by workspace, sizes, names, what is due."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes import code_store, index, scheduled_exports, shared_views
from codes.code_store import CodeRecord
from codes.quotas import FILES, TOTAL, stored_size
from codes.redis_client import command
from codes.scheduled_exports import DueExport
from schemas import keys
from schemas.code import ApiKey, Code, DeletedCode, StaticCode, Workspace
from schemas.domain import decode_domain
from schemas.files import StoredFile
from schemas.route import Route
from schemas.webhook import Endpoint

AT_ONCE = 500
# Of the write that set a pointer (`codes.index`).
_MARK = "restored"

_encoder = msgspec.json.Encoder()


class Derived:
    """Of a Redis that has its elements and nothing else. `counts` is how much there is of each kind, `births` those of
    its codes."""

    def __init__(self, redis: Redis, now_ms: int) -> None:
        self.redis = redis
        self.now_ms = now_ms
        self.counts: Counter[str] = Counter()
        self.births: set[int] = set()
        # Host and slug of an alias, and the id of its code; and codes that have any.
        self._aliases: list[tuple[str, str, str]] = []
        self._with_aliases: list[str] = []

    async def index_codes(self, progress: Callable[[int], None]) -> None:
        """Make codes found by id and in the lists of their workspaces. A write of several link keys whose end the log
        lacks is finished or taken back."""
        some: list[str] = []
        async for raw in self.redis.scan_iter(match=f"{keys.PREFIX}{{*}}:code", count=1000):
            some.append(raw.decode())
            if len(some) >= AT_ONCE:
                await self._index(some)
                progress(self.counts["code"])
                some = []
        await self._index(some)
        await self._settle_aliases()

    async def _index(self, at: list[str]) -> None:
        pipe = self.redis.pipeline(transaction=False)
        for key in at:
            pipe.get(key)
        codes = []
        for key, raw in zip(at, await pipe.execute() if at else (), strict=True):
            record = code_store.decode_record(raw) if raw else CodeRecord()
            if record.alias_of:
                self._aliases.append((*keys.host_and_slug(key.removesuffix("code") + "route"), record.alias_of))
            elif record.code is not None:
                codes.append(record.code)
        pipe = self.redis.pipeline(transaction=False)
        for code in codes:
            pipe.set(keys.code_id(code.id), index.pointer(code.host, code.slug, _MARK), nx=True)
        firsts = await pipe.execute() if codes else []
        await self._list([code for code, first in zip(codes, firsts, strict=True) if first])
        for code, first in zip(codes, firsts, strict=True):
            if not first:
                await self._decide(code)

    async def _list(self, codes: list[Code]) -> None:
        pipe, limited = self.redis.pipeline(transaction=False), []
        for code in codes:
            self.births.add(code.birth)
            self.counts["code"] += 1
            if code.aliases:
                self._with_aliases.append(code.id)
            size = stored_size(code)
            pipe.zadd(keys.workspace_codes(code.workspace), {code.id: code.number})
            pipe.hset(keys.workspace_sizes(code.workspace), code.id, str(size))
            pipe.hincrby(keys.workspace_sizes(code.workspace), TOTAL, size)
            if code.expires_at_ms is not None and code.expires_at_ms > self.now_ms:
                pipe.zadd(keys.CODE_EXPIRIES, {code.id: code.expires_at_ms})
            if code.scan_limit is not None:
                limited.append(code)
        if codes:
            await pipe.execute()
        for code in limited:
            await self._limit(code)

    async def _limit(self, code: Code) -> None:
        limit = code.scan_limit or 0
        reached = int(await command(self.redis, "GET", keys.scans_used(code.birth)) or 0) >= limit
        await command(self.redis, "HSET", keys.LIMITED_CODES, code.birth, code.id)
        at = keys.LIMITS_REACHED if reached else keys.LIMITS_TO_CHECK
        await command(self.redis, "HSET", at, code.birth, limit if reached else 1)

    async def _decide(self, code: Code) -> None:
        """A code that is stored at two link keys was moved by a write that is not whole: the later one is right."""
        at = index.split(await command(self.redis, "GET", keys.code_id(code.id)))
        other = (await code_store.read_link(self.redis, *at)).code
        if other is None or (other.host, other.slug) == (code.host, code.slug):
            return
        if code.updated_at_ms <= other.updated_at_ms:
            await self._give_up(code.host, code.slug, code)
            return
        await self._give_up(other.host, other.slug, other)
        sizes = keys.workspace_sizes(other.workspace)
        size = int(await command(self.redis, "HGET", sizes, other.id) or 0)
        await command(self.redis, "HINCRBY", sizes, TOTAL, -size)
        self.counts["code"] -= 1
        pointer = index.pointer(code.host, code.slug, _MARK)
        await command(self.redis, "SET", keys.code_id(code.id), pointer)
        await self._list([code])

    async def _give_up(self, host: str, slug: str, of: Code | Route) -> None:
        at = keys.link_key(host, slug)
        gone = Route(version=self.now_ms, birth=of.birth, workspace=of.workspace, gone=True)
        await command(self.redis, "SET", keys.route(at), _encoder.encode(gone))
        await command(self.redis, "DEL", keys.code(at))

    async def _settle_aliases(self) -> None:
        """An alias is one of a code that says so, and each that a code names is there."""
        for host, slug, id in self._aliases:
            found = await index.find(self.redis, id)
            code = found.link.code if found else None
            if code is None or code.host != host or slug not in code.aliases:
                link = await code_store.read_link(self.redis, host, slug)
                if link.route is not None:
                    await self._give_up(host, slug, link.route)
        for id in self._with_aliases:
            found = await index.find(self.redis, id)
            if found is None or (code := found.link.code) is None or found.link.route is None:
                continue
            for link in await code_store.read_links(self.redis, [(code.host, slug) for slug in code.aliases]):
                if link.record is None:
                    at = keys.link_key(link.host, link.slug)
                    route = code_store.route_of(code, found.link.route.version)
                    await command(self.redis, "SET", keys.route(at), _encoder.encode(route))
                    await command(self.redis, "SET", keys.code(at), _encoder.encode(CodeRecord(alias_of=code.id)))

    async def derive_workspace(self, workspace: Workspace) -> None:
        redis, number = self.redis, workspace.number
        self.counts["workspace"] += 1
        async for id, raw in redis.hscan_iter(keys.workspace_statics(number), count=AT_ONCE):
            code = msgspec.json.decode(raw, type=StaticCode)
            await command(redis, "ZADD", keys.workspace_static_numbers(number), code.number, id)
            await command(redis, "HINCRBY", keys.workspace_sizes(number), TOTAL, len(raw))
            self.counts["static"] += 1
        files = [
            msgspec.json.decode(raw, type=StoredFile)
            for raw in await command(redis, "HVALS", keys.workspace_files(number))
        ]
        if files:
            await command(redis, "HSET", keys.workspace_sizes(number), FILES, sum(file.size for file in files))
            self.counts["file"] += len(files)
        for view in await shared_views.list_views(redis, number):
            await shared_views.import_view(redis, view)
            self.counts["shared view"] += 1
        for export in await scheduled_exports.list_exports(redis, number):
            await scheduled_exports.look_again(redis, DueExport(number, export.id), self.now_ms)
            self.counts["export"] += 1
        for kind, key in (
            ("folder", keys.workspace_folders(number)),
            ("style", keys.workspace_styles(number)),
            ("report", keys.workspace_reports(number)),
        ):
            self.counts[kind] += int(await command(redis, "HLEN", key))

    async def derive_shared(self) -> None:
        """What is no workspace's alone."""
        redis = self.redis
        async for raw in self._values(f"{keys.PREFIX}key:*"):
            key = msgspec.json.decode(raw, type=ApiKey)
            await command(redis, "HSET", keys.workspace_keys(key.workspace), key.id, key.digest)
            self.counts["key"] += 1
        for raw in await command(redis, "HVALS", keys.DOMAINS):
            domain = decode_domain(raw)
            await command(redis, "HSET", keys.DOMAIN_CLAIMS, f"{domain.workspace} {domain.name}", domain.id)
            if domain.verified_at_ms is not None:
                await command(redis, "HSET", keys.DOMAIN_NAMES, domain.name, domain.id)
            self.counts["domain"] += 1
        # Redirectors have cached what was there before.
        await command(redis, "SET", keys.DOMAINS_VERSION, self.now_ms)
        for raw in await command(redis, "HVALS", keys.WEBHOOKS):
            endpoint = msgspec.json.decode(raw, type=Endpoint)
            await command(redis, "HINCRBY", keys.WEBHOOK_WORKSPACES, endpoint.workspace, 1)
            await command(redis, "INCR", keys.WEBHOOKS_VERSION)
            self.counts["webhook"] += 1
        async for raw in self._values(keys.deleted_codes()):
            kept = msgspec.json.decode(raw, type=DeletedCode)
            await command(redis, "PEXPIREAT", keys.deleted_code(kept.workspace, kept.slug), kept.keep_until_ms)
        self.counts["erasure"] += int(await command(redis, "HLEN", keys.ERASURES))
        self.counts["branding"] += int(await command(redis, "HLEN", keys.BRANDINGS))

    async def _values(self, pattern: str) -> AsyncIterator[Any]:
        async for key in self.redis.scan_iter(match=pattern, count=1000):
            raw = await command(self.redis, "GET", key)
            if raw:
                yield raw
