"""Codes: create, read, edit, delete and list them.

Redis is the system of record, and any number of processes may use their own `Codes`. When a write returns, every
redirector has it, or none trusts its cache.
"""

import random
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

import msgspec
from redis.asyncio import Redis

from codes import (
    acknowledgements,
    aliases,
    code_store,
    deleted_codes,
    etags,
    folders,
    history,
    index,
    intents,
    plan_limits,
    quotas,
    scan_options,
    slugs,
)
from codes.code_attributes import CodeAttributes
from codes.code_creator import CodeCreator, random_id, random_nonce
from codes.code_fields import Edit, NewCode
from codes.code_store import CodeRecord, LinkChange, WriteResult
from codes.code_table import CodeTables
from codes.code_validator import CodeValidator, IsShort, IsUsable, no_custom_domains, no_short_domains
from codes.errors import Conflict, Missing, NotInPlan, Refused, SlugTaken, Stale, Unavailable
from codes.intents import Intent, Step
from codes.plan_limits import CountingLock
from codes.plans import Plan, Plans, plan_of
from codes.redis_client import command, raises_unavailable
from codes.resolver import Resolver
from infra import clock
from schemas import keys
from schemas.code import Code

T = TypeVar("T")


class Codes:
    """`own_hosts` are the hosts of short links, which no destination may be on; `usable` and `is_short` ask about
    custom domains. All methods raise Unavailable when Redis is away. `step` is called after each step of a change
    (`codes.intents.Step`)."""

    def __init__(
        self,
        redis: Redis,
        *,
        own_hosts: Collection[str] = (),
        usable: IsUsable = no_custom_domains,
        is_short: IsShort = no_short_domains,
        resolver: Resolver | None = None,
        plans: Plans,
        now_ms: Callable[[], int] = clock.now_ms,
        rng: random.Random | None = None,
        longest_wait_s: float = acknowledgements.LONGEST_WAIT_S,
        step: Step = intents.no_step,
    ) -> None:
        self.redis = redis
        self.plans = plans
        self._usable = usable
        self._validator = CodeValidator(
            redis, own_hosts=own_hosts, usable=usable, is_short=is_short, resolver=resolver or Resolver()
        )
        self._now_ms = now_ms
        self._rng = rng or random.SystemRandom()
        self._longest_wait_s = longest_wait_s
        self._step = step
        self._tables = CodeTables(redis)
        self._short_host = next(iter(own_hosts), "")
        self._creator = CodeCreator(
            redis,
            self._validator,
            plans=self.plans,
            now_ms=now_ms,
            rng=self._rng,
            longest_wait_s=longest_wait_s,
            step=step,
        )

    async def plan(self, workspace: int) -> Plan:
        """The plan of a workspace."""
        return await plan_of(self.redis, self.plans, workspace)

    @raises_unavailable
    async def get(self, workspace: int, id: str) -> Code | None:
        found = await index.find(self.redis, id)
        code = found.link.code if found else None
        return code if code and code.workspace == workspace else None

    @raises_unavailable
    async def by_slug(self, host: str, slug: str) -> Code | None:
        """Find a code by its slug, in any workspace; not by an alias. `host` is "" for the default short host."""
        return (await code_store.read_link(self.redis, host, slug)).code if slugs.is_possible(slug) else None

    @raises_unavailable
    async def is_free(self, workspace: int, host: str, slug: str, *, id: str) -> bool:
        """Return whether the code with this id could take the slug, or has it already. Does not check its form."""
        link = await code_store.read_link(self.redis, host, slug)
        return link.is_of(id) or link.is_free_for(workspace)

    @raises_unavailable
    async def page(self, workspace: int, limit: int, before: int | None = None) -> list[Code]:
        """Return at most `limit` codes with numbers below `before`, newest first; fewer only at the end."""
        page: list[Code] = []
        while len(page) < limit:
            rows = await index.page_before(self.redis, workspace, limit - len(page), before)
            if not rows:
                break
            page += [code for code in await index.read(self.redis, [id for id, _ in rows]) if code is not None]
            before = rows[-1][1]
        return page

    @raises_unavailable
    async def those(self, workspace: int, ids: list[str]) -> list[Code]:
        """Return the workspace's codes with these ids, in their order."""
        codes = await index.read(self.redis, [id for id in ids if index.is_id(id)])
        return [code for code in codes if code is not None and code.workspace == workspace]

    @raises_unavailable
    async def part(self, workspace: int, start: int, size: int) -> list[Code]:
        """Return the codes from position `start` on, newest first, for lists with numbered pages. Codes that are
        created or deleted meanwhile shift the others."""
        ids = await index.page_at(self.redis, workspace, start, size)
        return [code for code in await index.read(self.redis, ids) if code is not None]

    @raises_unavailable
    async def count(self, workspace: int) -> int:
        return await index.count(self.redis, workspace)

    @raises_unavailable
    async def attributes(self, workspace: int) -> CodeAttributes:
        """What questions call the codes of a workspace, with every change that was answered before this call. Raises
        TooManyCodes (`codes.code_table`)."""
        table = await self._tables.table(workspace)
        named = await folders.list_folders(self.redis, workspace)
        return CodeAttributes(table, named, short_host=self._short_host)

    @raises_unavailable
    async def scans_used(self, code: Code) -> int:
        """How many scans of the code's limit are used up."""
        return int(await command(self.redis, "GET", keys.scans_used(code.birth)) or 0)

    def draw_slug(self, length: int) -> str:
        """Return a random slug, for a caller that needs one before there is a code. It may be taken; `create` says
        so."""
        return slugs.draw(self._rng, length)

    @raises_unavailable
    async def create(self, workspace: int, new: NewCode) -> Code:
        """Raises Refused for invalid fields, Conflict when the slug is taken or reserved, and NotInPlan. With an id of
        the caller's the call can be repeated when the outcome of the first is unknown; Missing then says that the code
        was created and has been deleted since."""
        if new.id and (made := await self._find(workspace, new.id)) is not None:
            return self._code_of(made)
        return await self._with_room(workspace, new.host, lambda: self._creator.create(workspace, new))

    async def _with_room(self, workspace: int, host: str, write: Callable[[], Awaitable[T]]) -> T:
        """Write; retry after each code that is moved out of the way."""
        made: set[str] = set()
        while True:
            try:
                return await write()
            except SlugTaken as taken:
                if taken.slug in made or not await self._makes_room(workspace, host, taken.slug):
                    raise
                made.add(taken.slug)

    async def _makes_room(self, workspace: int, host: str, slug: str) -> bool:
        """Move the code that holds this slug out of the way, if its workspace no longer has the domain: it goes to the
        short host under a random slug, without its aliases. Return whether it was moved."""
        link = await code_store.read_link(self.redis, host, slug) if host else None
        other = link.code if link else None
        if link and link.record and link.record.alias_of:
            found = await index.find(self.redis, link.record.alias_of)
            other = found.link.code if found else None
        if other is None or other.workspace == workspace or await self._usable(other.workspace, host):
            return False
        try:
            drawn = slugs.draw(self._rng).lower()
            await self.edit(other.workspace, other.id, Edit(host="", slug=drawn, aliases=()))
        except (Conflict, NotInPlan, Missing, Refused):
            return False
        return True

    @raises_unavailable
    async def check(self, workspace: int, new: NewCode) -> None:
        """Raise what `create` would for the fields of `new`. Does not check taken slugs or the number of codes."""
        await self._creator.check(workspace, new)

    @raises_unavailable
    async def edit(
        self,
        workspace: int,
        id: str,
        edit: Edit,
        *,
        match: Collection[str] | None = None,
        by: history.Actor | None = None,
    ) -> Code:
        """Edit a code and return it; its history says `by` whom. Raises Missing, Refused, NotInPlan, and Conflict for a
        slug that is taken or reserved, a locked code, and a destination for a code that shows a page. With `match`
        (`codes.etags`) raises Stale when the code is none of these at the moment of the change. An edit that no scanner
        could notice does not wait for the redirectors."""
        found = await self._find(workspace, id)
        if found is None:
            raise Missing(id)
        etags.check(self._code_of(found), match)
        changes = await self._validator.validate(workspace, edit.changes())
        plan = await self.plan(workspace)
        resumed = changes.get("status") == "active"
        needed = await plan_limits.needs_counting(self.redis, plan, workspace, another=False, active=resumed)
        before = await acknowledgements.redirectors(self.redis)
        async with plan_limits.counting_lock(self.redis, plan, workspace, needed=needed) as lock:
            host = changes.get("host", self._code_of(found).host)
            edited, nonce = await self._with_room(
                workspace, host, lambda: self._edit(found, changes, match, plan, lock, by)
            )
        if nonce:
            # Outside the lock: others need not wait for this.
            await self._wait_for_redirectors([nonce], before)
        return (
            await folders.drop_deleted_folder(self.redis, edited, now_ms=self._now_ms)
            if changes.get("folder_id")
            else edited
        )

    async def _edit(
        self,
        at_first: index.Found,
        changes: dict[str, Any],
        match: Collection[str] | None,
        plan: Plan,
        lock: CountingLock | None,
        by: history.Actor | None,
    ) -> tuple[Code, str]:
        """Return the edited code, and the nonce that redirectors acknowledge; "" when they need not."""
        until_ms = lock.until_ms if lock else 0
        workspace, id = self._code_of(at_first).workspace, self._code_of(at_first).id
        found: index.Found | None = at_first
        while found is not None:
            old = self._code_of(found)
            etags.check(old, match)
            new = self._changed(old, changes)
            plan_limits.check_code(plan, old, new)
            if (more := quotas.stored_size(new) - quotas.stored_size(old)) > 0:
                await quotas.check_code_bytes(self.redis, plan, workspace, more)
            if lock is not None and old.status != "active":
                await lock.check(another=False, active=True)
            if changes.keys() <= scan_options.NOT_ROUTED:
                if new == old:
                    return new, ""
                only = [LinkChange(found.link, CodeRecord(code=new))]
                if await code_store.write(self.redis, only, by=by) is WriteResult.DONE:
                    await index.update_size(self.redis, new)
                    return new, ""
            else:
                taken = len(_links(new) - _links(old))
                if new.slug not in code_store.slugs_of(old):
                    slugs.check_chosen(new.slug)
                await quotas.count_new_slugs(self.redis, plan, workspace, taken, new.updated_at_ms)
                nonce = self._nonce()
                outcome = await self._put(found, new, nonce, until_ms, by)
                if outcome is WriteResult.LATE:
                    raise Unavailable("the change took too long")
                if outcome is WriteResult.DONE:
                    if more or taken:
                        await index.update_size(self.redis, new)
                    return new, nonce
            found = await self._find(workspace, id)
        raise Missing(id)

    def _changed(self, old: Code, changes: dict[str, Any]) -> Code:
        new = scan_options.apply_changes(old, aliases.apply_changes(old, changes), self._id)
        scan_options.check_lock(old, new)
        if new == old:
            return old
        moved = new.destination != old.destination
        rerouted = not moved and scan_options.repointing_fields(new) != scan_options.repointing_fields(old)
        return msgspec.structs.replace(
            new,
            destination_changes=old.destination_changes + moved,
            other_changes=old.other_changes + rerouted,
            updated_at_ms=self._now_ms(),
        )

    async def _put(
        self, found: index.Found, new: Code, nonce: str, deadline_ms: int, by: history.Actor | None
    ) -> WriteResult:
        """Write an edit in one step, at the old and the new slug and aliases."""
        old = self._code_of(found)
        if new == old:
            # A repeated edit is published again: the first may have been written, and its answer lost before the
            # redirectors had it.
            others = await code_store.read_links(self.redis, [(old.host, slug) for slug in old.aliases])
            changes = [LinkChange(link, link.record) for link in (found.link, *others)]
        else:
            try:
                changes = await code_store.changes_for(self.redis, found.link, new, now_ms=new.updated_at_ms)
            except SlugTaken:
                # Perhaps taken by this very code, in a concurrent edit.
                now = await code_store.read_link(self.redis, old.host, old.slug)
                if now.raw_record != found.link.raw_record:
                    return WriteResult.CHANGED
                raise
        pointer = None
        if (new.host, new.slug) != (old.host, old.slug):
            pointer = new.id, index.pointer(new.host, new.slug, nonce)
        return await code_store.write(self.redis, changes, nonce=nonce, deadline_ms=deadline_ms, pointer=pointer, by=by)

    @raises_unavailable
    async def delete(
        self, workspace: int, id: str, *, keep_until_ms: int | None = None, match: Collection[str] | None = None
    ) -> bool:
        """Delete a code; return whether it existed. Redirectors have dropped it when this returns. Its rows in the
        warehouse are erased afterwards, or after `keep_until_ms`; until then `codes.deleted_codes` finds it by slug.
        With `match` it raises Stale as `edit` does."""
        found = await self._find(workspace, id)
        if found is None:
            return False
        etags.check(self._code_of(found), match)
        nonce = self._nonce()
        before = await acknowledgements.redirectors(self.redis)
        intent = Intent(
            op="delete", id=id, workspace=workspace, birth=self._code_of(found).birth, keep_until_ms=keep_until_ms
        )
        if keep_until_ms is not None:
            metadata = deleted_codes.metadata_of(self._code_of(found), keep_until_ms)
            intent = msgspec.structs.replace(intent, deleted_code=metadata)
        deadline_ms = await intents.declare(self.redis, nonce, intent)
        await self._step("intent")
        while found is not None:
            now_ms = self._now_ms()
            try:
                etags.check(self._code_of(found), match)
            except Stale:
                await intents.clear(self.redis, nonce)
                raise
            tombstones = await code_store.changes_for(self.redis, found.link, None, now_ms=now_ms)
            outcome = await code_store.write(self.redis, tombstones, nonce=nonce, deadline_ms=deadline_ms)
            if outcome is WriteResult.LATE:
                raise Unavailable("the change took too long")
            if outcome is WriteResult.DONE:
                await self._step("gone")
                await deleted_codes.order_erasure(self.redis, intent, now_ms)
                await self._step("ordered")
                await index.remove(self.redis, id, workspace)
                await self._step("unindexed")
                await intents.clear(self.redis, nonce)
                await self._wait_for_redirectors([nonce], before)
                return True
            found = await self._find(workspace, id)
        # A concurrent deletion was faster, and may yet crash: the intent stays for the sweep.
        return False

    async def _find(self, workspace: int, id: str) -> index.Found | None:
        found = await index.find(self.redis, id)
        return found if found is not None and self._code_of(found).workspace == workspace else None

    @staticmethod
    def _code_of(found: index.Found) -> Code:
        code = found.link.code
        assert code is not None
        return code

    async def _wait_for_redirectors(self, nonces: list[str], before: set[bytes]) -> None:
        await acknowledgements.wait_for_acknowledgements(self.redis, nonces, before, longest_s=self._longest_wait_s)

    def _id(self) -> str:
        return random_id(self._rng)

    def _nonce(self) -> str:
        return random_nonce(self._rng)


def _links(code: Code) -> set[tuple[str, str]]:
    """Return host and slug of each link of a code."""
    return {(code.host, slug) for slug in code_store.slugs_of(code)}
