"""Making a code: what it may be, room for it in its workspace's plan, and a place that is free.

Several steps, each of which may be the last: an intent says what is under way, and the code is in the index only after
it is at its place (see `codes.sweep`). Asked for again under the same id, it is the same code.
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
from codes.plans import Plan, plan_of
from schemas import keys
from schemas.code import Code

# A drawn slug is one of 56^7, so a second draw is rare and a tenth means that something is wrong.
_DRAWS = 10


def random_id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def random_birth(rng: random.Random) -> int:
    """Never 0, which is no code's."""
    return rng.randrange(1, 1 << 62)


def random_nonce(rng: random.Random) -> str:
    return f"{rng.getrandbits(128):032x}"


class _Made(msgspec.Struct, frozen=True):
    """`new` is False where an earlier attempt has made it."""

    code: Code
    new: bool


class CodeCreator:
    """What `Codes` makes codes by; its methods raise what `Codes.create` does."""

    def __init__(
        self,
        redis: Redis,
        checking: CodeValidator,
        *,
        now_ms: Callable[[], int],
        rng: random.Random,
        longest_wait_s: float,
        step: Step,
    ) -> None:
        self._redis = redis
        self._checking = checking
        self._now_ms = now_ms
        self._rng = rng
        self._longest_wait_s = longest_wait_s
        self._step = step

    async def allowed(self, workspace: int, new: NewCode) -> tuple[Code, Plan]:
        """The code as it would be, without a number and perhaps a slug; and the plan that allows it."""
        given = {name: getattr(new, name) for name in LASTING}
        checked = await self._checking.checked(workspace, given)
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
        plan = await plan_of(self._redis, workspace)
        plan_limits.check_code(plan, None, code)
        return code, plan

    async def make(self, workspace: int, new: NewCode) -> Code:
        code, plan = await self.allowed(workspace, new)
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
            # The attempt that made it has taken one too.
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
        async with plan_limits.counting_lock(self._redis, plan, code.workspace, needed=needed) as turn:
            if turn is not None:
                await turn.allow(another=True, active=active)
            made = await self._somewhere(new, code, nonce, turn)
        if made.new:
            # What an earlier attempt has written it has also published.
            await acknowledgements.wait_for_acknowledgements(
                self._redis, [nonce], before, longest_s=self._longest_wait_s
            )
        return _Made(await folders.drop_deleted_folder(self._redis, made.code, now_ms=self._now_ms), made.new)

    async def _somewhere(self, new: NewCode, code: Code, nonce: str, turn: CountingLock | None) -> _Made:
        code = msgspec.structs.replace(code, number=await numbers.allocate(self._redis, keys.NUMBERS, self._now_ms()))
        # Under one id the same slugs are drawn, in the same order.
        rng = random.Random(new.id) if new.id else self._rng
        drawn = new.slug is None
        for _ in range(_DRAWS):
            if drawn:
                code = msgspec.structs.replace(code, slug=slugs.draw(rng, new.slug_length))
            if code.slug in code.aliases:
                continue
            placed = await self._place(code, nonce, turn, drawn=drawn, again=drawn and bool(new.id))
            if placed is not None:
                return _Made(placed, placed.birth == code.birth)
        raise Unavailable("no free slug was found")

    async def _place(
        self, code: Code, nonce: str, turn: CountingLock | None, *, drawn: bool, again: bool
    ) -> Code | None:
        """Puts a new code where it belongs, and returns it as it is there; None when a drawn slug is not free, which
        it must be for everybody."""
        place = await code_store.read_link(self._redis, code.host, code.slug)
        if place.code is not None and place.code.id == code.id:
            # An earlier attempt, or one at the same time, has written it.
            await self._list(place.code, nonce)
            return place.code
        if again and place.kept is None and place.route and place.route.workspace == code.workspace:
            # Nobody but an earlier attempt can have drawn this slug.
            raise Missing(code.id)
        if drawn and (place.kept or place.route):
            return None
        if not place.is_free_for(code.workspace):
            raise SlugTaken("slug", code.slug)
        changes = await code_store.changes_for(self._redis, place, code, now_ms=code.created_at_ms)
        intent = Intent(
            op="create", id=code.id, workspace=code.workspace, birth=code.birth, host=code.host, slug=code.slug
        )
        deadline_ms = plan_limits.earliest_deadline(await intents.declare(self._redis, nonce, intent), turn)
        await self._step("intent")
        outcome = await code_store.write(self._redis, changes, nonce=nonce, deadline_ms=deadline_ms)
        if outcome is WriteResult.LATE:
            raise Unavailable("the change took too long")
        if outcome is WriteResult.DONE:
            await self._step("written")
            await self._list(code, nonce)
            await self._step("indexed")
        await intents.clear(self._redis, nonce)
        return code if outcome is WriteResult.DONE else await self._place(code, nonce, turn, drawn=drawn, again=again)

    async def _list(self, code: Code, nonce: str) -> None:
        at = index.pointer(code.host, code.slug, nonce)
        await index.add(self._redis, code, at)
