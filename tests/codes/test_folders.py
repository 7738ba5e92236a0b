"""Folders: what is filed in one that is deleted is in none, whoever was faster."""

import asyncio

import pytest
from redis.asyncio import Redis

from codes import folders
from codes.code_fields import Edit, NewCode
from codes.errors import Missing, NotInPlan
from codes.plans import Plans, presets
from codes.service import Codes
from codes.sweep import sweep
from schemas import keys
from tests.codes.conftest import OwnPlan

HERE = "https://example.com/a"


async def test_made_renamed_listed_deleted(redis: Redis) -> None:
    one = await folders.create(redis, 1, "One", now_ms=lambda: 1, plans=presets())
    two = await folders.create(redis, 1, "One", now_ms=lambda: 2, plans=presets())
    assert (
        one.id != two.id
        and await folders.list_folders(redis, 1) == [one, two]
        and await folders.list_folders(redis, 2) == []
    )
    renamed = await folders.rename(redis, 1, one.id, "Two")
    assert await folders.get(redis, 1, one.id) == renamed and renamed.created_at_ms == 1
    assert await folders.delete(redis, 1, one.id) and not await folders.delete(redis, 1, one.id)
    assert not await folders.exists(redis, 1, one.id)
    for workspace, id in ((1, one.id), (2, two.id)):
        with pytest.raises(Missing):
            await folders.rename(redis, workspace, id, "x")


async def test_under_an_id_it_is_made_once(redis: Redis) -> None:
    id = "5f0f3a0e-4d2f-4b3d-9a3b-6c1d6f1c2f11"
    made = await asyncio.gather(
        *(folders.create(redis, 1, "One", id=id, now_ms=lambda: 7, plans=presets()) for _ in range(5))
    )
    assert len(set(map(str, made))) == 1 and await folders.list_folders(redis, 1) == [made[0]]


async def test_there_can_be_too_many(redis: Redis, own_plan: OwnPlan, plans: Plans) -> None:
    workspace = await own_plan("folders = 3")
    made = await asyncio.gather(
        *(folders.create(redis, workspace, str(n), plans=plans) for n in range(8)), return_exceptions=True
    )
    assert [one.code for one in made if isinstance(one, NotInPlan)] == ["folders"] * 5
    assert len(await folders.list_folders(redis, workspace)) == 3
    assert await folders.create(redis, workspace + 1, "of others", plans=presets())


async def test_filing_while_the_folder_goes(redis: Redis, codes: Codes) -> None:
    """Made, edited and moved at the same time as the deletion: afterwards nothing is in a folder that is not there."""
    for round in range(8):
        folder = await folders.create(redis, 1, "One", plans=presets())
        old = [await codes.create(1, NewCode(destination=HERE, folder_id=folder.id)) for _ in range(3)]
        loose = [await codes.create(1, NewCode(destination=HERE)) for _ in range(3)]
        await asyncio.gather(
            *(codes.create(1, NewCode(destination=HERE, folder_id=folder.id)) for _ in range(3)),
            *(codes.edit(1, code.id, Edit(folder_id=folder.id)) for code in loose),
            *(codes.edit(1, code.id, Edit(slug=f"moved-{round}-{n}")) for n, code in enumerate(old)),
            folders.delete(redis, 1, folder.id),
            return_exceptions=True,
        )
        assert {code.folder_id for code in await codes.page(1, 500)} == {None}


async def test_a_locked_code_is_taken_out_too_and_its_route_stays(redis: Redis, codes: Codes) -> None:
    folder = await folders.create(redis, 1, "One", plans=presets())
    code = await codes.create(1, NewCode(destination=HERE, slug="locked", folder_id=folder.id, locked=True))
    route = await redis.get(keys.route(keys.link_key("", "locked")))
    await folders.delete(redis, 1, folder.id)
    now = await codes.get(1, code.id)
    assert now is not None and now.folder_id is None and now.locked
    assert await redis.get(keys.route(keys.link_key("", "locked"))) == route


async def test_a_deletion_that_was_cut_short_is_finished(
    redis: Redis, codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(Exception):
        pass

    async def cut(*args: object, **more: object) -> None:
        raise Cut

    folder = await folders.create(redis, 1, "One", plans=presets())
    code = await codes.create(1, NewCode(destination=HERE, folder_id=folder.id))
    monkeypatch.setattr(folders, "empty_folder", cut)
    with pytest.raises(Cut):
        await folders.delete(redis, 1, folder.id)
    monkeypatch.undo()
    assert (await sweep(redis, older_than_ms=-1))["unfile"] == 1
    now = await codes.get(1, code.id)
    assert now is not None and now.folder_id is None
