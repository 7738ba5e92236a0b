"""What folders, reports and styles have in common."""

import asyncio

import msgspec
import pytest
from redis.asyncio import Redis

from codes.errors import Missing, NotInPlan, Refused
from codes.named_records import MAX_NAME, NamedRecords
from codes.plans import presets
from codes.workspaces import ensure_workspace
from schemas import keys
from schemas.code import Folder

RECORDS = NamedRecords(Folder, keys.workspace_folders, limit="folders", noun="folder")


def folder(id: str, workspace: int, name: str = "a", created_at_ms: int = 1) -> Folder:
    return Folder(id, workspace, name, created_at_ms)


async def test_one_is_made_once_and_listed_by_age(redis: Redis) -> None:
    ours = (await ensure_workspace(redis, "ours")).number
    first = await RECORDS.create(redis, folder("b", ours), presets())
    assert await RECORDS.create(redis, folder("b", ours, "other", 9), presets()) == first
    second = await RECORDS.create(redis, folder("a", ours, created_at_ms=2), presets())
    assert await RECORDS.list_all(redis, ours) == [first, second]
    assert await RECORDS.get(redis, ours + 1, "b") is None
    assert await RECORDS.delete(redis, ours, "b") and not await RECORDS.delete(redis, ours, "b")
    assert await RECORDS.import_record(redis, first) and not await RECORDS.import_record(redis, first)


async def test_changes_at_once_are_all_kept(redis: Redis) -> None:
    ours = (await ensure_workspace(redis, "ours")).number
    await RECORDS.create(redis, folder("a", ours, ""), presets())

    def longer(one: Folder) -> Folder:
        return msgspec.structs.replace(one, name=one.name + "x")

    await asyncio.gather(*(RECORDS.change(redis, ours, "a", longer) for _ in range(20)))
    found = await RECORDS.get(redis, ours, "a")
    assert found is not None and found.name == "x" * 20
    assert await RECORDS.change(redis, ours, "a", lambda one: one) == found
    with pytest.raises(Missing):
        await RECORDS.change(redis, ours, "b", longer)


async def test_the_plan_bounds_how_many_there_are(redis: Redis) -> None:
    ours = (await ensure_workspace(redis, "ours")).number
    plans = {name: msgspec.structs.replace(plan, folders=2) for name, plan in presets().items()}
    for id in ("a", "b", "a"):
        await RECORDS.create(redis, folder(id, ours), plans)
    with pytest.raises(NotInPlan):
        await RECORDS.create(redis, folder("c", ours), plans)


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "a\nb", "x" * (MAX_NAME + 1)])
def test_a_name_is_one_line_of_bounded_length(name: str) -> None:
    with pytest.raises(Refused) as refused:
        RECORDS.checked_name(name)
    assert refused.value.field == "name"
    assert RECORDS.checked_name("x" * MAX_NAME)
