"""Create codes: check the fields, count them against the plan, claim a free slug.

Each step may be the last one before a crash: an intent says what is being done, and the code is indexed only once it is
stored (`codes.sweep` finishes the rest). Creating again under the same id returns the same code.
"""

import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from redis.asyncio import Redis

from codes import (
    acknowledgements,
    aliases,
    code_store,
    folders,
    index,
    intents,
    numbers,
    plan_limits,
    quotas,
    scan_options,
    slugs,
)
from codes.code_fields import LASTING, NewCode
from codes.code_store import WriteResult
from codes.code_validator import CodeValidator
from codes.errors import Conflict, Missing, NotInPlan, Refused, SlugTaken, Unavailable
from codes.intents import Intent, Step
from codes.plan_limits import CountingLock
from codes.plans import Plan, Plans, plan_of
from schemas import keys
from schemas.code import Code

# A random slug is one of 56^7: a second draw is rare, a tenth means that something is wrong.
_DRAWS = 10


def random_id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def random_birth(rng: random.Random) -> int:
    """Never 0, which is no code's."""
    return rng.randrange(1, 1 << 62)


def random_nonce(rng: random.Random) -> str:
    return f"{rng.getrandbits(128):032x}"


class _Made(msgspec.Struct, frozen=True):
    """`new` is False when an earlier attempt created the code."""

    code: Code
    new: bool


class CodeCreator:
    """Creates codes for `Codes`; its methods raise what `Codes.create` does."""

    def __init__(
        self,
        redis: Redis,
        validator: CodeValidator,
        *,
        plans: Plans,
        now_ms: Callable[[], int],
        rng: random.Random,
        longest_wait_s: float,
        step: Step,
    ) -> None:
        self._redis = redis
        self._validator = validator
        self._plans = plans
        self._now_ms = now_ms
        self._rng = rng
        self._longest_wait_s = longest_wait_s
        self._step = step

    async def check(self, workspace: int, new: NewCode) -> tuple[Code, Plan]:
        """Return the code as it would be, without number and perhaps slug, and the plan that allows it."""
        given = {name: getattr(new, name) for name in LASTING}
        checked = await self._validator.validate(workspace, given)
        if new.slug is not None:
            (slugs.check_imported if new.keep_slug else slugs.check_chosen)(new.slug)
        now_ms = self._now_ms()
        blank = Code(
            id=new.id or random_id(self._rng),
            number=0,
            birth=random_birth(self._rng),
            workspace=workspace,
            slug=new.slug or "",
            destination="",
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
            created_by=new.created_by,
        )
        checked = aliases.apply_changes(blank, checked, imported=new.keep_slug)
        code = scan_options.apply_changes(blank, checked, lambda: random_id(self._rng))
        plan = await plan_of(self._redis, self._plans, workspace)
        plan_limits.check_code(plan, None, code)
        return code, plan

    async def create(self, workspace: int, new: NewCode) -> Code:
        code, plan = await self.check(workspace, new)
        if new.one_of_many:
            return (await self._make(new, code, plan)).code
        now = datetime.fromtimestamp(code.created_at_ms / 1000, UTC)
        taken = await plan_limits.take_creation(self._redis, plan, workspace, now)
        try:
            made = await self._make(new, code, plan)
        except (Refused, Conflict, NotInPlan, Missing):
            await plan_limits.give_back_creation(self._redis, workspace, taken)
            raise
        if not made.new:
            # The attempt that created it has used one too.
            await plan_limits.give_back_creation(self._redis, workspace, taken)
        return made.code

    async def _make(self, new: NewCode, code: Code, plan: Plan) -> _Made:
        nonce = random_nonce(self._rng)
        before = await acknowledgements.redirectors(self._redis)
        active = code.status == "active"
        await quotas.check_code_bytes(self._redis, plan, code.workspace, quotas.stored_size(code))
        await quotas.count_new_slugs(
            self._redis, plan, code.workspace, len(code_store.slugs_of(code)), code.created_at_ms
        )
        needed = await plan_limits.needs_counting(self._redis, plan, code.workspace, another=True, active=active)
        async with plan_limits.counting_lock(self._redis, plan, code.workspace, needed=needed) as lock:
            if lock is not None:
                await lock.check(another=True, active=active)
            made = await self._claim_slug(new, code, nonce, lock)
        if made.new:
            # An earlier attempt has published what it wrote.
            await acknowledgements.wait_for_acknowledgements(
                self._redis, [nonce], before, longest_s=self._longest_wait_s
            )
        return _Made(await folders.drop_deleted_folder(self._redis, made.code, now_ms=self._now_ms), made.new)

    async def _claim_slug(self, new: NewCode, code: Code, nonce: str, lock: CountingLock | None) -> _Made:
        code = msgspec.structs.replace(code, number=await numbers.allocate(self._redis, keys.NUMBERS, self._now_ms()))
        # The same id draws the same slugs, in the same order.
        rng = random.Random(new.id) if new.id else self._rng
        drawn = new.slug is None
        for _ in range(_DRAWS):
            if drawn:
                code = msgspec.structs.replace(code, slug=slugs.draw(rng, new.slug_length))
            if code.slug in code.aliases:
                continue
            written = await self._write_at(code, nonce, lock, drawn=drawn, again=drawn and bool(new.id))
            if written is not None:
                return _Made(written, written.birth == code.birth)
        raise Unavailable("no free slug was found")

    async def _write_at(
        self, code: Code, nonce: str, lock: CountingLock | None, *, drawn: bool, again: bool
    ) -> Code | None:
        """Write a new code at its slug and return it as stored; None when a drawn slug is not free, which it must be
        for every workspace."""
        link = await code_store.read_link(self._redis, code.host, code.slug)
        if link.code is not None and link.code.id == code.id:
            # An earlier or a concurrent attempt has written it.
            await self._list(link.code, nonce)
            return link.code
        if again and link.record is None and link.route and link.route.workspace == code.workspace:
            # Only an earlier attempt can have drawn this slug.
            raise Missing(code.id)
        if drawn and (link.record or link.route):
            return None
        if not link.is_free_for(code.workspace):
            raise SlugTaken("slug", code.slug)
        changes = await code_store.changes_for(self._redis, link, code, now_ms=code.created_at_ms)
        intent = Intent(
            op="create", id=code.id, workspace=code.workspace, birth=code.birth, host=code.host, slug=code.slug
        )
        deadline_ms = plan_limits.earliest_deadline(await intents.declare(self._redis, nonce, intent), lock)
        await self._step("intent")
        outcome = await code_store.write(self._redis, changes, nonce=nonce, deadline_ms=deadline_ms)
        if outcome is WriteResult.LATE:
            raise Unavailable("the change took too long")
        if outcome is WriteResult.DONE:
            await self._step("written")
            await self._list(code, nonce)
            await self._step("indexed")
        await intents.clear(self._redis, nonce)
        if outcome is WriteResult.DONE:
            return code
        return await self._write_at(code, nonce, lock, drawn=drawn, again=again)

    async def _list(self, code: Code, nonce: str) -> None:
        at = index.pointer(code.host, code.slug, nonce)
        await index.add(self._redis, code, at)
