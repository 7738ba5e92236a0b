"""Codes: making, reading, editing, deleting and listing them.

Redis is the system of record, and every process may hold a `Codes` of its own. What is written is known to
every redirector, or trusted by none, when a call returns.
"""

import random
import time
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
    index,
    intents,
    plan_limits,
    quotas,
    scan_options,
    slugs,
)
from codes.code_creator import CodeCreator, random_id, random_nonce
from codes.code_fields import Edit, NewCode
from codes.code_store import CodeRecord, LinkChange, WriteResult
from codes.code_validator import CodeValidator, IsShort, IsUsable, no_custom_domains, no_short_domains
from codes.errors import Conflict, Missing, NotInPlan, Refused, SlugTaken, Stale, Unavailable
from codes.intents import Intent, Step
from codes.plan_limits import CountingLock
from codes.plans import Plan, plan_of
from codes.redis_client import raises_unavailable
from codes.resolver import Resolver
from schemas.code import Code

# Of a slug that is drawn for a code that has to go.
LENGTH = 7

T = TypeVar("T")


class Codes:
    """`own_hosts` are the hosts of short links, to which no code may lead; `usable` and `is_short` know the workspaces'
    own domains. All methods raise Unavailable when Redis is away; `step` is told of each step of a change (see
    `codes.intents.Step`)."""

    def __init__(
        self,
        redis: Redis,
        *,
        own_hosts: Collection[str] = (),
        usable: IsUsable = no_custom_domains,
        is_short: IsShort = no_short_domains,
        resolver: Resolver | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        rng: random.Random | None = None,
        longest_wait_s: float = acknowledgements.LONGEST_WAIT_S,
        step: Step = intents.no_step,
    ) -> None:
        self.redis = redis
        self._usable = usable
        self._checking = CodeValidator(
            redis, own_hosts=own_hosts, usable=usable, is_short=is_short, resolver=resolver or Resolver()
        )
        self._now_ms = now_ms
        self._rng = rng or random.SystemRandom()
        self._longest_wait_s = longest_wait_s
        self._step = step
        self._making = CodeCreator(
            redis, self._checking, now_ms=now_ms, rng=self._rng, longest_wait_s=longest_wait_s, step=step
        )

    @raises_unavailable
    async def get(self, workspace: int, id: str) -> Code | None:
        found = await index.find(self.redis, id)
        code = found.place.code if found else None
        return code if code and code.workspace == workspace else None

    @raises_unavailable
    async def by_slug(self, host: str, slug: str) -> Code | None:
        """Whatever its workspace, by its slug alone and not by an alias; `host` is "" for the default short host."""
        return (await code_store.read_link(self.redis, host, slug)).code if slugs.is_possible(slug) else None

    @raises_unavailable
    async def is_free(self, workspace: int, host: str, slug: str, *, id: str) -> bool:
        """Return whether the code with this id could take the slug, or has it already. Does not check its form."""
        link = await code_store.read_link(self.redis, host, slug)
        return link.is_of(id) or link.is_free_for(workspace)

    @raises_unavailable
    async def page(self, workspace: int, limit: int, before: int | None = None) -> list[Code]:
        """At most `limit` codes with numbers below `before`, newest first; fewer only at the end."""
        page: list[Code] = []
        while len(page) < limit:
            rows = await index.page_before(self.redis, workspace, limit - len(page), before)
            if not rows:
                break
            page += [code for code in await index.read(self.redis, [id for id, _ in rows]) if code is not None]
            before = rows[-1][1]
        return page

    @raises_unavailable
    async def part(self, workspace: int, start: int, size: int) -> list[Code]:
        """The codes from position `start` on, newest first: for lists whose pages have numbers. Codes that come or go
        meanwhile move the others."""
        ids = await index.page_at(self.redis, workspace, start, size)
        return [code for code in await index.read(self.redis, ids) if code is not None]

    @raises_unavailable
    async def count(self, workspace: int) -> int:
        return await index.count(self.redis, workspace)

    def draw_slug(self, length: int) -> str:
        """For who must know a slug before there is a code. It may be taken; `create` tells."""
        return slugs.draw(self._rng, length)

    @raises_unavailable
    async def create(self, workspace: int, new: NewCode) -> Code:
        """Raises Refused for what is wrong with `new`, Conflict when its slug is taken or reserved, and NotInPlan. With
        an id of the caller's it can be called again when nobody knows what became of the first time; Missing says
        that the code was made then, and deleted since."""
        if new.id and (made := await self._find(workspace, new.id)) is not None:
            return self._code_at(made)
        return await self._with_room(workspace, new.host, lambda: self._making.make(workspace, new))

    async def _with_room(self, workspace: int, host: str, write: Callable[[], Awaitable[T]]) -> T:
        """Writes, as often as a code makes room whose slug is in the way."""
        made: set[str] = set()
        while True:
            try:
                return await write()
            except SlugTaken as taken:
                if taken.slug in made or not await self._makes_room(workspace, host, taken.slug):
                    raise
                made.add(taken.slug)

    async def _makes_room(self, workspace: int, host: str, slug: str) -> bool:
        """Whether what is in the way is a code of a workspace that had this domain before, and has gone to the short
        host under a slug that is drawn, without its aliases: here it leads nowhere any more."""
        place = await code_store.read_link(self.redis, host, slug) if host else None
        other = place.code if place else None
        if place and place.kept and place.kept.alias_of:
            found = await index.find(self.redis, place.kept.alias_of)
            other = found.place.code if found else None
        if other is None or other.workspace == workspace or await self._usable(other.workspace, host):
            return False
        try:
            drawn = slugs.draw(self._rng, LENGTH).lower()
            await self.edit(other.workspace, other.id, Edit(host="", slug=drawn, aliases=()))
        except (Conflict, NotInPlan, Missing, Refused):
            return False
        return True

    @raises_unavailable
    async def check(self, workspace: int, new: NewCode) -> None:
        """Raises what `create` would for what `new` says; slugs taken and how many codes there may be are not asked."""
        await self._making.allowed(workspace, new)

    @raises_unavailable
    async def edit(self, workspace: int, id: str, edit: Edit, *, match: Collection[str] | None = None) -> Code:
        """Returns the code as it then is. Raises Missing, Refused, NotInPlan, and Conflict for a slug that is taken or
        reserved, a code that is locked, and a destination for one that shows a page. With `match` (see `codes.etags`)
        also Stale, when it is none of these at the moment of the change. An edit that changes nothing a scanner could
        notice does not wait for the redirectors."""
        found = await self._find(workspace, id)
        if found is None:
            raise Missing(id)
        etags.check(self._code_at(found), match)
        changes = await self._checking.checked(workspace, edit.changes())
        plan = await plan_of(self.redis, workspace)
        resumed = changes.get("status") == "active"
        needed = await plan_limits.needs_counting(self.redis, plan, workspace, another=False, active=resumed)
        before = await acknowledgements.redirectors(self.redis)
        async with plan_limits.counting_lock(self.redis, plan, workspace, needed=needed) as turn:
            host = changes.get("host", self._code_at(found).host)
            edited, nonce = await self._with_room(
                workspace, host, lambda: self._edit(found, changes, match, plan, turn)
            )
        if nonce:
            # Others' turns need not wait for this.
            await self._told([nonce], before)
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
        turn: CountingLock | None,
    ) -> tuple[Code, str]:
        """The code as it then is, and the name under which redirectors acknowledge that: "" where they need not."""
        until_ms = turn.until_ms if turn else 0
        workspace, id = self._code_at(at_first).workspace, self._code_at(at_first).id
        found: index.Found | None = at_first
        while found is not None:
            old = self._code_at(found)
            etags.check(old, match)
            new = self._changed(old, changes)
            plan_limits.check_code(plan, old, new)
            if (more := quotas.stored_size(new) - quotas.stored_size(old)) > 0:
                await quotas.check_code_bytes(self.redis, plan, workspace, more)
            if turn is not None and old.status != "active":
                await turn.allow(another=False, active=True)
            if changes.keys() <= scan_options.NOT_ROUTED:
                if new == old:
                    return new, ""
                if (
                    await code_store.write(self.redis, [LinkChange(found.place, CodeRecord(code=new))])
                    is WriteResult.DONE
                ):
                    await index.update_size(self.redis, new)
                    return new, ""
            else:
                taken = len(_links(new) - _links(old))
                if new.slug not in code_store.slugs_of(old):
                    slugs.check_chosen(new.slug)
                await quotas.count_new_slugs(self.redis, plan, workspace, taken, new.updated_at_ms)
                nonce = self._nonce()
                outcome = await self._put(found, new, nonce, until_ms)
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

    async def _put(self, found: index.Found, new: Code, nonce: str, deadline_ms: int) -> WriteResult:
        """An edit, wherever the code stands then and stood before, in one step."""
        old = self._code_at(found)
        if new == old:
            # A repeated edit is told again: the first one may have been written and its answer lost
            # before the redirectors had it.
            others = await code_store.read_links(self.redis, [(old.host, slug) for slug in old.aliases])
            changes = [LinkChange(place, place.kept) for place in (found.place, *others)]
        else:
            try:
                changes = await code_store.changes_for(self.redis, found.place, new, now_ms=new.updated_at_ms)
            except SlugTaken:
                # By the code itself, perhaps, that somebody else was changing at the same time.
                now = await code_store.read_link(self.redis, old.host, old.slug)
                if now.raw_kept != found.place.raw_kept:
                    return WriteResult.CHANGED
                raise
        pointer = None
        if (new.host, new.slug) != (old.host, old.slug):
            pointer = new.id, index.pointer(new.host, new.slug, nonce)
        return await code_store.write(self.redis, changes, nonce=nonce, deadline_ms=deadline_ms, pointer=pointer)

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
        etags.check(self._code_at(found), match)
        nonce = self._nonce()
        before = await acknowledgements.redirectors(self.redis)
        intent = Intent(
            op="delete", id=id, workspace=workspace, birth=self._code_at(found).birth, keep_until_ms=keep_until_ms
        )
        if keep_until_ms is not None:
            left = deleted_codes.metadata_of(self._code_at(found), keep_until_ms)
            intent = msgspec.structs.replace(intent, remains=left)
        deadline_ms = await intents.declare(self.redis, nonce, intent)
        await self._step("intent")
        while found is not None:
            now_ms = self._now_ms()
            try:
                etags.check(self._code_at(found), match)
            except Stale:
                await intents.clear(self.redis, nonce)
                raise
            tombstones = await code_store.changes_for(self.redis, found.place, None, now_ms=now_ms)
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
                await self._told([nonce], before)
                return True
            found = await self._find(workspace, id)
        # Somebody else was faster, and may yet be cut short: the intent stays, for the sweep.
        return False

    async def _find(self, workspace: int, id: str) -> index.Found | None:
        found = await index.find(self.redis, id)
        return found if found is not None and self._code_at(found).workspace == workspace else None

    @staticmethod
    def _code_at(found: index.Found) -> Code:
        code = found.place.code
        assert code is not None
        return code

    async def _told(self, nonces: list[str], before: set[bytes]) -> None:
        await acknowledgements.wait_for_acknowledgements(self.redis, nonces, before, longest_s=self._longest_wait_s)

    def _id(self) -> str:
        return random_id(self._rng)

    def _nonce(self) -> str:
        return random_nonce(self._rng)


def _links(code: Code) -> set[tuple[str, str]]:
    """Host and slug of each place at which it stands."""
    return {(code.host, slug) for slug in code_store.slugs_of(code)}
