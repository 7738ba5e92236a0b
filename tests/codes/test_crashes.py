"""codes: changes of several steps, cut short after each of them, and swept."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest
from redis.asyncio import Redis

from codes import apikeys, intents
from codes.code_fields import NewCode
from codes.errors import Unavailable
from codes.plans import presets
from codes.service import Codes
from codes.sweep import sweep
from schemas import keys
from schemas.route import decode_route
from tests.codes.crashing import KilledHere, crashing

HERE = "https://example.com/here"
THERE = "https://example.com/there"

DELETE = ["intent", "gone", "ordered", "unindexed"]
CREATE = ["intent", "written", "indexed"]

Cut = Callable[[str], Codes]


@pytest.fixture
def cut(redis: Redis) -> Cut:
    """`Codes` whose process ends right after the named step."""
    return lambda step: crashing(redis, step)


async def leads_to(redis: Redis, slug: str) -> str | None:
    """Where a scanner of the slug ends."""
    raw = await redis.get(keys.route(keys.link_key("", slug)))
    route = decode_route(raw) if isinstance(raw, bytes) else None
    return route.destination if route and not route.gone else None


async def swept(redis: Redis) -> None:
    assert sum((await sweep(redis, older_than_ms=-1)).values()) == 1
    assert await redis.hlen(keys.INTENTS) == 0


async def with_crash(call: Awaitable[object]) -> None:
    with pytest.raises(KilledHere):
        await call


@pytest.mark.parametrize("step", DELETE)
async def test_a_deletion_cut_short(codes: Codes, redis: Redis, cut: Cut, step: str) -> None:
    code = await codes.create(1, NewCode(destination=HERE, slug="gone", aliases=("gone-too",)))
    await with_crash(cut(step).delete(1, code.id, keep_until_ms=5))
    await swept(redis)
    gone = step != "intent"
    for slug in ("gone", "gone-too"):
        assert await leads_to(redis, slug) == (None if gone else HERE)
    assert await redis.hexists(keys.ERASURES, str(code.birth)) == gone
    assert (await codes.get(1, code.id) is None) == gone
    assert await codes.page(1, 5) == ([] if gone else [code])
    assert await redis.exists(keys.code_id(code.id)) == (not gone)
    if gone:
        raw = await redis.hget(keys.ERASURES, str(code.birth))
        assert isinstance(raw, bytes)
        assert msgspec.json.decode(raw)["keep_until_ms"] == 5


async def test_a_deletion_overtaken_by_another_is_erased_even_so(codes: Codes, redis: Redis, cut: Cut) -> None:
    code = await codes.create(1, NewCode(destination=HERE))

    async def overtaken(step: str) -> None:
        if step == "intent":
            await with_crash(cut("gone").delete(1, code.id))

    assert await Codes(redis, step=overtaken, plans=presets()).delete(1, code.id) is False
    assert not await redis.hexists(keys.ERASURES, str(code.birth))
    await sweep(redis, older_than_ms=-1)
    assert await redis.hexists(keys.ERASURES, str(code.birth))


@pytest.mark.parametrize("step", CREATE)
async def test_a_creation_cut_short(codes: Codes, redis: Redis, cut: Cut, step: str) -> None:
    await with_crash(cut(step).create(1, NewCode(destination=HERE, slug="new", aliases=("docs/new",))))
    await swept(redis)
    found = await codes.by_slug("", "new")
    assert await leads_to(redis, "docs/new") == (HERE if found else None)
    assert (found is not None) == (step != "intent")
    assert await codes.page(1, 5) == ([found] if found else [])
    if found:
        assert await codes.get(1, found.id) == found
        assert await codes.delete(1, found.id)


async def test_who_comes_after_the_deadline_is_too_late(
    codes: Codes, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await codes.create(1, NewCode(destination=HERE, slug="stays"))
    monkeypatch.setattr(intents, "OWNER_MS", -1)
    for change in (
        codes.create(1, NewCode(destination=HERE, slug="late")),
        codes.delete(1, code.id),
    ):
        with pytest.raises(Unavailable):
            await change
    assert await codes.get(1, code.id) == code
    assert await leads_to(redis, "late") is None
    await sweep(redis, older_than_ms=-1)
    assert await codes.get(1, code.id) == code
    assert await redis.hlen(keys.INTENTS) == 0
    assert await redis.hlen(keys.ERASURES) == 0


async def test_the_sweep_leaves_alone_what_may_still_go_on(codes: Codes, redis: Redis, cut: Cut) -> None:
    await with_crash(cut("written").create(1, NewCode(destination=HERE, slug="new")))
    assert not await sweep(redis)
    assert await redis.hlen(keys.INTENTS) == 1
    assert intents.SWEEP_MS >= 2 * intents.OWNER_MS


async def test_a_key_whose_making_was_cut_short_is_not_listed(redis: Redis) -> None:
    key, secret = await apikeys.create_key(redis, 1, "whole")
    await redis.hset(keys.workspace_keys(1), "half", "digest")
    half = intents.Intent(op="key", id="half", workspace=1, digest="digest")
    await intents.declare(redis, "nonce", half)
    await swept(redis)
    assert await redis.hkeys(keys.workspace_keys(1)) == [key.id.encode()]
    assert await apikeys.authenticate(redis, secret) == key
