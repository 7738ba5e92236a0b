"""Saved styles of a workspace, each replaced as a whole, and no more than the plan keeps."""

import asyncio

import pytest
from redis.asyncio import Redis

from codes import styles
from codes.errors import Missing, NotInPlan, Refused
from codes.plans import Plans, presets
from codes.validation import MAX_STYLE_BYTES
from tests.codes.conftest import OwnPlan

STYLE = {"shape": "dots"}


async def test_made_replaced_listed_deleted(redis: Redis) -> None:
    one = await styles.create(redis, 1, "One", STYLE, now_ms=lambda: 1, plans=presets())
    two = await styles.create(redis, 1, "One", STYLE, now_ms=lambda: 2, plans=presets())
    assert await styles.list_styles(redis, 1) == [one, two]
    assert await styles.list_styles(redis, 2) == []
    renamed = await styles.replace(redis, 1, one.id, name="Two", now_ms=lambda: 3)
    assert (renamed.name, renamed.style, renamed.created_at_ms, renamed.updated_at_ms) == ("Two", STYLE, 1, 3)
    asked = await styles.replace(redis, 1, one.id, style={"color": "#123456"}, now_ms=lambda: 4)
    assert (asked.name, asked.style) == ("Two", {"color": "#123456"})
    # What changes nothing leaves no trace.
    assert await styles.replace(redis, 1, one.id, name="Two", now_ms=lambda: 5) == asked
    assert await styles.get(redis, 1, one.id) == asked
    assert await styles.delete(redis, 1, one.id) and not await styles.delete(redis, 1, one.id)
    for workspace, id in ((1, one.id), (2, two.id)):
        with pytest.raises(Missing):
            await styles.replace(redis, workspace, id, name="x")


async def test_edits_at_once_are_all_kept(redis: Redis) -> None:
    saved = await styles.create(redis, 1, "One", STYLE, plans=presets())
    await asyncio.gather(
        styles.replace(redis, 1, saved.id, name="Two"),
        styles.replace(redis, 1, saved.id, style={"color": "#123456"}),
    )
    found = await styles.get(redis, 1, saved.id)
    assert found is not None and (found.name, found.style) == ("Two", {"color": "#123456"})


async def test_under_an_id_it_is_made_once(redis: Redis) -> None:
    id = "5f0f3a0e-4d2f-4b3d-9a3b-6c1d6f1c2f11"
    made = await asyncio.gather(*(styles.create(redis, 1, "One", STYLE, id=id, plans=presets()) for _ in range(5)))
    assert len(set(map(str, made))) == 1 and await styles.list_styles(redis, 1) == [made[0]]


async def test_there_can_be_too_many(redis: Redis, own_plan: OwnPlan, plans: Plans) -> None:
    workspace = await own_plan("styles = 3")
    made = await asyncio.gather(
        *(styles.create(redis, workspace, str(n), STYLE, plans=plans) for n in range(8)), return_exceptions=True
    )
    assert [one.code for one in made if isinstance(one, NotInPlan)] == ["styles"] * 5
    assert len(await styles.list_styles(redis, workspace)) == 3


@pytest.mark.parametrize("name", ["", " ", " a", "a" * 101, "a\nb"])
async def test_names_that_are_refused(redis: Redis, name: str) -> None:
    with pytest.raises(Refused) as refused:
        await styles.create(redis, 1, name, STYLE, plans=presets())
    assert refused.value.field == "name"


async def test_a_style_has_a_bound(redis: Redis) -> None:
    with pytest.raises(Refused) as refused:
        await styles.create(redis, 1, "One", {"logo": ["x" * MAX_STYLE_BYTES]}, plans=presets())
    assert refused.value.field == "style"
