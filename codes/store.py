"""Codes: making, reading, editing, deleting and listing them.

Redis is the system of record, and every process may hold a `Codes` of its own. What is written is known to
every redirector, or trusted by none, when a call returns.
"""

import random
import time
import uuid
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes import (
    behaviour,
    deleting,
    folders,
    index,
    intents,
    moving,
    permissions,
    places,
    publish,
    remains,
    slugs,
    tags,
)
from codes.checking import Checking, Usable, nowhere
from codes.connection import ask, reaching
from codes.errors import Conflict, Missing, NotInPlan, Refused, Stale, Unavailable
from codes.fields import Edit, NewCode
from codes.intents import Intent
from codes.permissions import Turn
from codes.places import Kept, Put, route_of, tombstone_of
from codes.plans import Plan, plan_of
from codes.resolver import Resolver
from schemas import keys
from schemas.code import Code

# A drawn slug is one of 56^7, so a second draw is rare and a tenth means that something is wrong.
_DRAWS = 10


class Codes:
    """`own_hosts` are the hosts of short links, to which no code may lead; `usable` knows the workspaces' own
    domains. All methods raise Unavailable when Redis is away; `step` is told of each step of a change (see
    `codes.moving.Step`)."""

    def __init__(
        self,
        redis: Redis,
        *,
        own_hosts: Collection[str] = (),
        usable: Usable = nowhere,
        resolver: Resolver | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        rng: random.Random | None = None,
        longest_wait_s: float = publish.LONGEST_WAIT_S,
        step: moving.Step = moving.nothing,
    ) -> None:
        self.redis = redis
        self._checking = Checking(redis, own_hosts=own_hosts, usable=usable, resolver=resolver or Resolver())
        self._now_ms = now_ms
        self._rng = rng or random.SystemRandom()
        self._longest_wait_s = longest_wait_s
        self._step = step

    @reaching
    async def get(self, workspace: int, id: str) -> Code | None:
        found = await index.find(self.redis, id)
        code = found.place.code if found else None
        return code if code and code.workspace == workspace else None

    @reaching
    async def by_slug(self, host: str, slug: str) -> Code | None:
        """Whatever its workspace; `host` is "" for the default short host."""
        return (await places.look(self.redis, host, slug)).code if slugs.may_be(slug) else None

    @reaching
    async def page(self, workspace: int, limit: int, before: int | None = None) -> list[Code]:
        """At most `limit` codes with numbers below `before`, newest first; fewer only at the end."""
        page: list[Code] = []
        while len(page) < limit:
            rows = await index.newest(self.redis, workspace, limit - len(page), before)
            if not rows:
                break
            page += [code for code in await index.read(self.redis, [id for id, _ in rows]) if code is not None]
            before = rows[-1][1]
        return page

    @reaching
    async def part(self, workspace: int, start: int, size: int) -> list[Code]:
        """The codes from position `start` on, newest first: for lists whose pages have numbers. Codes that come or go
        meanwhile move the others."""
        ids = await index.ranked(self.redis, workspace, start, size)
        return [code for code in await index.read(self.redis, ids) if code is not None]

    @reaching
    async def count(self, workspace: int) -> int:
        return await index.count(self.redis, workspace)

    def draw_slug(self, length: int) -> str:
        """For who must know a slug before there is a code. It may be taken; `create` tells."""
        return slugs.draw(self._rng, length)

    @reaching
    async def create(self, workspace: int, new: NewCode) -> Code:
        """Raises Refused for what is wrong with `new`, Conflict when its slug is taken or reserved, and NotInPlan. With
        an id of the caller's it can be called again when nobody knows what became of the first time; Missing says
        that the code was made then, and deleted since."""
        if new.id and (made := await self._find(workspace, new.id)) is not None:
            return self._code_at(made)
        code, plan = await self._allowed(workspace, new)
        if new.one_of_many:
            return await self._make(new, code, plan)
        now = datetime.fromtimestamp(code.created_at_ms / 1000, UTC)
        taken = await permissions.creation(self.redis, plan, workspace, now)
        try:
            return await self._make(new, code, plan)
        except (Refused, Conflict, NotInPlan, Missing):
            await permissions.forgotten(self.redis, workspace, taken)
            raise

    @reaching
    async def check(self, workspace: int, new: NewCode) -> None:
        """Raises what `create` would for what `new` says; slugs taken and how many codes there may be are not asked."""
        await self._allowed(workspace, new)

    async def _allowed(self, workspace: int, new: NewCode) -> tuple[Code, Plan]:
        given = {name: getattr(new, name) for name in Edit.__struct_fields__ if name != "slug"}
        checked = await self._checking.checked(workspace, given)
        if new.slug is not None:
            (slugs.check_imported if new.keep_slug else slugs.check_custom)(new.slug)
        blank = Code(
            id=new.id or self._id(),
            number=0,
            workspace=workspace,
            slug=new.slug or "",
            destination="",
            created_at_ms=(now_ms := self._now_ms()),
            updated_at_ms=now_ms,
            created_by=new.created_by,
        )
        code = behaviour.settle(blank, checked, self._id)
        plan = await plan_of(self.redis, workspace)
        permissions.allow(plan, None, code)
        return code, plan

    async def _make(self, new: NewCode, code: Code, plan: Plan) -> Code:
        """Makes room for the code in its plan, and puts it somewhere."""
        needed = permissions.counts(plan, another=True, active=code.status == "active")
        async with permissions.turn(self.redis, plan, code.workspace, needed=needed) as turn:
            if turn is not None:
                await turn.allow(another=True, active=code.status == "active")
            made = await self._somewhere(new, code, turn)
        return await self._filed(made)

    async def _somewhere(self, new: NewCode, code: Code, turn: Turn | None) -> Code:
        nonce = self._nonce()
        before = await publish.redirectors(self.redis)
        code = msgspec.structs.replace(code, number=await ask(self.redis, "INCR", keys.NUMBERS))
        # Under one id the same slugs are drawn, in the same order.
        rng = random.Random(new.id) if new.id else self._rng
        for _ in range(_DRAWS):
            if new.slug is None:
                code = msgspec.structs.replace(code, slug=slugs.draw(rng, new.slug_length))
            drawn = new.slug is None
            placed = await self._place(code, nonce, turn, drawn=drawn, again=drawn and bool(new.id))
            if placed is not None:
                # What an earlier attempt has written it has also published.
                if placed.number == code.number:
                    await self._told([nonce], before)
                return placed
        raise Unavailable("no free slug was found")

    async def _place(self, code: Code, nonce: str, turn: Turn | None, *, drawn: bool, again: bool) -> Code | None:
        """Puts a new code where it belongs, and returns it as it is there; None when a drawn slug is not free, which
        it must be for everybody."""
        place = await places.look(self.redis, code.host, code.slug)
        if place.code is not None and place.code.id == code.id:
            # An earlier attempt, or one at the same time, has written it.
            await self._list(place.code, nonce)
            return place.code
        if again and place.kept is None and place.route and place.route.workspace == code.workspace:
            # Nobody but an earlier attempt can have drawn this slug.
            raise Missing(code.id)
        if not place.is_free_for(code.workspace) or (drawn and place.route):
            if drawn:
                return None
            raise Conflict("slug", "slug_taken", f"the slug {code.slug!r} is taken")
        intent = Intent(
            op="create", id=code.id, workspace=code.workspace, number=code.number, host=code.host, slug=code.slug
        )
        deadline_ms = _sooner(await intents.declare(self.redis, nonce, intent), turn)
        await self._step("intent")
        route = route_of(code, place.next_version(code.created_at_ms))
        outcome = await places.put(self.redis, place, Kept(code), route, nonce=nonce, deadline_ms=deadline_ms)
        if outcome is Put.LATE:
            raise Unavailable("the change took too long")
        if outcome is Put.DONE:
            await self._step("written")
            await self._list(code, nonce)
            await self._step("indexed")
        await intents.clear(self.redis, nonce)
        return code if outcome is Put.DONE else await self._place(code, nonce, turn, drawn=drawn, again=again)

    async def _list(self, code: Code, nonce: str) -> None:
        at = index.pointer(code.host, code.slug, nonce)
        await index.add(self.redis, code.id, code.number, code.workspace, at)

    @reaching
    async def edit(self, workspace: int, id: str, edit: Edit, *, match: Collection[str] | None = None) -> Code:
        """Returns the code as it then is. Raises Missing, Refused, NotInPlan, and Conflict for a slug that is taken or
        reserved, a code that is locked, and a destination for one that shows a page. With `match` (see `codes.tags`)
        also Stale, when it is none of these at the moment of the change. An edit that changes nothing a scanner could
        notice does not wait for the redirectors."""
        found = await self._find(workspace, id)
        if found is None:
            raise Missing(id)
        tags.check(self._code_at(found), match)
        changes = await self._checking.checked(workspace, edit.changes())
        plan = await plan_of(self.redis, workspace)
        needed = permissions.counts(plan, another=False, active=changes.get("status") == "active")
        async with permissions.turn(self.redis, plan, workspace, needed=needed) as turn:
            edited = await self._edit(found, changes, match, plan, turn)
        return await self._filed(edited) if changes.get("folder_id") else edited

    async def _edit(
        self,
        at_first: index.Found,
        changes: dict[str, Any],
        match: Collection[str] | None,
        plan: Plan,
        turn: Turn | None,
    ) -> Code:
        before = await publish.redirectors(self.redis)
        until_ms = turn.until_ms if turn else 0
        workspace, id = self._code_at(at_first).workspace, self._code_at(at_first).id
        found: index.Found | None = at_first
        while found is not None:
            old = self._code_at(found)
            tags.check(old, match)
            new = self._changed(old, changes)
            permissions.allow(plan, old, new)
            if turn is not None and old.status != "active":
                await turn.allow(another=False, active=True)
            if (new.host, new.slug) != (old.host, old.slug):
                if new.slug != old.slug:
                    slugs.check_custom(new.slug)
                done = await self._move(found, new, before, turn)
                if done is not None:
                    return done
            elif changes.keys() <= behaviour.UNSEEN:
                if new == old or await places.put(self.redis, found.place, Kept(new)) is Put.DONE:
                    return new
            else:
                nonce = self._nonce()
                route = found.place.route
                if new != old:
                    route = route_of(new, found.place.next_version(new.updated_at_ms))
                # A repeated edit is told again: the first one may have been written and its answer lost
                # before the redirectors had it.
                outcome = await places.put(self.redis, found.place, Kept(new), route, nonce=nonce, deadline_ms=until_ms)
                if outcome is Put.LATE:
                    raise Unavailable("the change took too long")
                if outcome is Put.DONE:
                    await self._told([nonce], before)
                    return new
            found = await self._find(workspace, id)
        raise Missing(id)

    def _changed(self, old: Code, changes: dict[str, Any]) -> Code:
        new = behaviour.settle(old, changes, self._id)
        behaviour.check_open(old, new)
        if new == old:
            return old
        moves = old.destination_changes + (new.destination != old.destination)
        return msgspec.structs.replace(new, destination_changes=moves, updated_at_ms=self._now_ms())

    async def _move(self, found: index.Found, new: Code, before: set[bytes], turn: Turn | None) -> Code | None:
        """An edit that changes the slug or the host; None when the code was changed by others meanwhile."""
        old = self._code_at(found)
        move = self._nonce()
        intent = Intent(
            op="move",
            id=old.id,
            workspace=old.workspace,
            host=old.host,
            slug=old.slug,
            to_slug=new.slug,
            to_host=None if new.host == old.host else new.host,
        )
        deadline_ms = _sooner(await intents.declare(self.redis, move, intent), turn)
        await self._step("intent")
        noted = None
        try:
            await moving.claim(self.redis, new, move, deadline_ms=deadline_ms, now_ms=self._now_ms())
            await self._step("claimed")
            noted = await moving.commit(self.redis, found, new, move, deadline_ms=deadline_ms)
        except Conflict:
            await intents.clear(self.redis, move)
            raise
        if noted is None:
            await moving.release(self.redis, new.host, new.slug, move)
            await intents.clear(self.redis, move)
            return None
        await self._step("committed")
        await moving.finish(self.redis, noted, now_ms=self._now_ms(), step=self._step)
        await intents.clear(self.redis, move)
        nonces = [self._nonce(), self._nonce()]
        for code, nonce in zip((new, old), nonces, strict=True):
            await places.tell(self.redis, code.host, code.slug, nonce)
        await self._told(nonces, before)
        return new

    @reaching
    async def delete(
        self, workspace: int, id: str, *, keep_until_ms: int | None = None, match: Collection[str] | None = None
    ) -> bool:
        """Whether there was such a code. It is gone from the redirectors when this returns; its rows in the
        warehouse are erased afterwards, or after `keep_until_ms`, until when `codes.remains` knows it by its slug.
        With `match` it raises Stale as `edit` does."""
        found = await self._find(workspace, id)
        if found is None:
            return False
        tags.check(self._code_at(found), match)
        nonce = self._nonce()
        before = await publish.redirectors(self.redis)
        intent = Intent(
            op="delete", id=id, workspace=workspace, number=self._code_at(found).number, keep_until_ms=keep_until_ms
        )
        if keep_until_ms is not None:
            left = remains.remains_of(self._code_at(found), keep_until_ms)
            intent = msgspec.structs.replace(intent, remains=left)
        deadline_ms = await intents.declare(self.redis, nonce, intent)
        await self._step("intent")
        while found is not None:
            now_ms = self._now_ms()
            try:
                tags.check(self._code_at(found), match)
            except Stale:
                await intents.clear(self.redis, nonce)
                raise
            tombstone = tombstone_of(self._code_at(found), found.place.next_version(now_ms))
            outcome = await places.put(self.redis, found.place, None, tombstone, nonce=nonce, deadline_ms=deadline_ms)
            if outcome is Put.LATE:
                raise Unavailable("the change took too long")
            if outcome is Put.DONE:
                await self._step("gone")
                await deleting.order_erasure(self.redis, intent, now_ms)
                await self._step("ordered")
                await index.remove(self.redis, id, workspace)
                await self._step("unindexed")
                await intents.clear(self.redis, nonce)
                await self._told([nonce], before)
                return True
            found = await self._find(workspace, id)
        # Somebody else was faster, and may yet be cut short: the intent stays, for the sweep.
        return False

    async def _filed(self, code: Code) -> Code:
        """A folder that was deleted while the code was put into it is none."""
        if code.folder_id is None or await folders.exists(self.redis, code.workspace, code.folder_id):
            return code
        return await folders.unfile_code(self.redis, code.id, code.folder_id, now_ms=self._now_ms) or code

    async def _find(self, workspace: int, id: str) -> index.Found | None:
        """The code where it lives, with no move under way."""
        while (found := await index.find(self.redis, id)) is not None:
            if self._code_at(found).workspace != workspace:
                return None
            if found.place.kept is None or found.place.kept.successor is None:
                return found
            await moving.finish(self.redis, found.place, now_ms=self._now_ms())
        return None

    @staticmethod
    def _code_at(found: index.Found) -> Code:
        code = found.place.code
        assert code is not None
        return code

    async def _told(self, nonces: list[str], before: set[bytes]) -> None:
        await publish.acknowledged(self.redis, nonces, before, longest_s=self._longest_wait_s)

    def _id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _nonce(self) -> str:
        return f"{self._rng.getrandbits(128):032x}"


def _sooner(deadline_ms: int, turn: Turn | None) -> int:
    return deadline_ms if turn is None else min(deadline_ms, turn.until_ms)
