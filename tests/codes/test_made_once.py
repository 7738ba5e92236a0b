"""A code that is asked for under an id is made once, wherever an attempt was cut short."""

import asyncio
import random
import uuid

import pytest
from redis.asyncio import Redis

from codes import index
from codes.code_fields import Edit, NewCode
from codes.errors import Missing
from codes.plans import presets
from codes.resolver import Resolver
from codes.service import Codes
from codes.sweep import sweep
from schemas import keys

NEW = NewCode(destination="https://example.com/a", slug_length=8)


class Cut(Exception):
    pass


def cut_at(step: str) -> "object":
    async def stop(done: str) -> None:
        if done == step:
            raise Cut

    return stop


def store(redis: Redis, step: str = "") -> Codes:
    return Codes(redis, resolver=Resolver(lambda _: ()), rng=random.Random(), step=cut_at(step), plans=presets())  # type: ignore[arg-type]


def new(id: str) -> NewCode:
    return NewCode(destination=NEW.destination, slug_length=8, id=id)


@pytest.mark.parametrize("step", ["intent", "written", "indexed"])
@pytest.mark.parametrize("swept", [False, True])
async def test_an_attempt_that_was_cut_short_is_taken_up(redis: Redis, step: str, swept: bool) -> None:
    id = str(uuid.uuid4())
    with pytest.raises(Cut):
        await store(redis, step).create(1, new(id))
    if swept:
        await sweep(redis, older_than_ms=-1)
    code = await store(redis).create(1, new(id))
    assert code.id == id and len(code.slug) == 8
    assert await store(redis).create(1, new(id)) == code
    await sweep(redis, older_than_ms=-1)
    assert await store(redis).page(1, 10) == [code]
    assert await index.page_before(redis, 1, 10, None) == [(id, code.number)]
    assert len([key async for key in redis.scan_iter(keys.route("*"))]) == 1


async def test_attempts_at_the_same_time_make_one_code(redis: Redis) -> None:
    id = str(uuid.uuid4())
    made = await asyncio.gather(*(store(redis).create(1, new(id)) for _ in range(8)))
    assert len({(code.id, code.slug, code.number) for code in made}) == 1
    assert len(await store(redis).page(1, 10)) == 1
    assert len([key async for key in redis.scan_iter(keys.route("*"))]) == 1


async def test_a_code_that_was_moved_since_is_found(redis: Redis) -> None:
    id = str(uuid.uuid4())
    await store(redis).create(1, new(id))
    moved = await store(redis).edit(1, id, Edit(slug="moved"))
    assert await store(redis).create(1, new(id)) == moved


async def test_a_code_that_was_deleted_since_is_not_made_again(redis: Redis) -> None:
    id = str(uuid.uuid4())
    await store(redis).create(1, new(id))
    await store(redis).delete(1, id)
    with pytest.raises(Missing):
        await store(redis).create(1, new(id))
    assert await store(redis).page(1, 10) == []


async def test_a_drawn_slug_that_is_taken_is_drawn_again(redis: Redis) -> None:
    """The same for every attempt, so that they meet."""
    id, other = str(uuid.uuid4()), str(uuid.uuid4())
    probe = await store(redis).create(1, new(id))
    await redis.flushall()
    await store(redis).create(2, NewCode(destination=NEW.destination, slug=probe.slug, keep_slug=True, id=other))
    made = await asyncio.gather(*(store(redis).create(1, new(id)) for _ in range(4)))
    assert {code.slug for code in made} == {made[0].slug} != {probe.slug}
