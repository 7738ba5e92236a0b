"""What a workspace keeps is counted as it is kept, and has a bound."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from codes import apikeys, quotas
from codes.code_fields import Edit, NewCode
from codes.errors import NotInPlan
from codes.file_stores import FolderStore
from codes.files import Files
from codes.plans import Plans, presets
from codes.resolver import Resolver
from codes.service import Codes
from codes.static_codes import NewStatic, StaticCodes, StaticEdit
from codes.sweep import sweep
from schemas import keys
from schemas.code import Code
from tests.codes.conftest import OwnPlan, no_names
from tests.codes.files import PNG, kept, pieces

HERE = "https://example.com/a"


async def refused(work: Any, code: str) -> NotInPlan:
    with pytest.raises(NotInPlan) as caught:
        await work
    assert caught.value.code == code
    return caught.value


async def total(redis: Redis, workspace: int, name: str = quotas.TOTAL) -> int:
    return int(await redis.hget(keys.workspace_sizes(workspace), name) or 0)


async def no_folder(workspace: int, id: str) -> None:
    raise AssertionError


async def sizes(codes: Codes, workspace: int) -> int:
    return sum(quotas.stored_size(code) for code in await codes.page(workspace, 100))


async def test_bytes_of_codes_are_those_that_are_kept(redis: Redis, codes: Codes) -> None:
    made = [await codes.create(1, NewCode(destination=HERE, label="x" * n)) for n in range(5)]
    assert await total(redis, 1) == await sizes(codes, 1)
    await codes.edit(1, made[0].id, Edit(label="longer" * 9))
    await codes.edit(1, made[1].id, Edit(destination=HERE + "/b", rules=()))
    await codes.edit(1, made[2].id, Edit(slug="by-another-name", tags=("a", "b")))
    await codes.edit(1, made[3].id, Edit(label=None))
    assert await total(redis, 1) == await sizes(codes, 1)
    statics = StaticCodes(redis, check_folder=no_folder, plans=presets())
    static = await statics.create(1, NewStatic(name="a", type="text", content={"text": "hello"}))
    assert await total(redis, 1) == await sizes(codes, 1) + quotas.stored_size(static)
    static = await statics.edit(1, static.id, StaticEdit(content={"text": "hello, longer"}))
    assert await total(redis, 1) == await sizes(codes, 1) + quotas.stored_size(static)
    for code in made:
        await codes.delete(1, code.id)
    await statics.delete(1, static.id)
    assert await total(redis, 1) == 0 and await redis.hlen(keys.workspace_sizes(1)) == 1


@pytest.mark.parametrize("step", ["written", "indexed"])
async def test_what_was_cut_short_counts_once(redis: Redis, codes: Codes, step: str) -> None:
    class Cut(Exception):
        pass

    async def cut(done: str) -> None:
        if done == step:
            raise Cut

    id = "5f0f3a0e-4d2f-4b3d-9a3b-6c1d6f1c2f11"
    with pytest.raises(Cut):
        await Codes(redis, resolver=Resolver(no_names), step=cut, plans=presets()).create(
            1, NewCode(destination=HERE, id=id)
        )
    await asyncio.gather(*(codes.create(1, NewCode(destination=HERE, id=id)) for _ in range(3)))
    await sweep(redis, older_than_ms=-1)
    assert await total(redis, 1) == await sizes(codes, 1) > 0


async def test_so_many_codes_and_so_many_bytes(redis: Redis, codes: Codes, own_plan: OwnPlan) -> None:
    workspace = await own_plan("codes = 3")
    made = await asyncio.gather(
        *(codes.create(workspace, NewCode(destination=HERE)) for _ in range(6)), return_exceptions=True
    )
    codes_made = [one for one in made if isinstance(one, Code)]
    assert len(codes_made) == 3
    statics = StaticCodes(redis, check_folder=no_folder, plans=codes.plans)
    await refused(statics.create(workspace, NewStatic(name="a", type="text", content={"text": "x"})), "codes")
    bytes_now = await total(redis, workspace)
    await own_plan(f"code_bytes = {bytes_now + 50}")
    error = await refused(codes.edit(workspace, codes_made[0].id, Edit(label="x" * 100)), "code_bytes")
    assert error.kind == "limit"
    await refused(codes.create(workspace, NewCode(destination=HERE)), "code_bytes")
    await refused(statics.create(workspace, NewStatic(name="a", type="text", content={"text": "x"})), "code_bytes")
    # What makes it smaller, or no larger, is always fine.
    assert (await codes.edit(workspace, codes_made[0].id, Edit(status="paused"))).status == "paused"
    assert await codes.create(workspace + 1, NewCode(destination=HERE))


async def test_what_leaves_a_trace_is_bounded_by_the_month(codes: Codes, own_plan: OwnPlan) -> None:
    workspace = await own_plan("made_per_month = 4")
    code = await codes.create(workspace, NewCode(destination=HERE))
    for n in range(3):
        code = await codes.edit(workspace, code.id, Edit(slug=f"name-{n}"))
    error = await refused(codes.edit(workspace, code.id, Edit(slug="another")), "made_per_month")
    assert error.kind == "rate" and error.retry_after_s
    await refused(codes.create(workspace, NewCode(destination=HERE)), "made_per_month")
    assert (await codes.edit(workspace, code.id, Edit(destination=HERE + "/b"))).slug == "name-2"


async def test_so_many_files_and_so_many_bytes(redis: Redis, tmp_path: Path, own_plan: OwnPlan, plans: Plans) -> None:
    workspace = await own_plan("files = 2")
    files = Files(redis, FolderStore(tmp_path / "files"), plans=plans)
    made = await asyncio.gather(
        *(files.put(workspace, "a.png", "", pieces(PNG)) for _ in range(5)), return_exceptions=True
    )
    there = [one for one in made if not isinstance(one, BaseException)]
    assert len(there) == 2 and all(isinstance(one, NotInPlan) for one in made if isinstance(one, BaseException))
    assert await total(redis, workspace, quotas.FILES) == 2 * len(PNG)
    # Nothing is left of those that were refused.
    assert len(kept(tmp_path / "files")) == 2 and await redis.hlen(keys.FILES_UNDER_WAY) == 0
    again = await files.put(workspace, "a.png", "", pieces(PNG), id=there[0].id)
    assert again.key == there[0].key and await total(redis, workspace, quotas.FILES) == 2 * len(PNG)
    await files.delete(workspace, there[1].id)
    assert await total(redis, workspace, quotas.FILES) == len(PNG)
    await own_plan(f"file_bytes = {2 * len(PNG) - 1}")
    await refused(files.put(workspace, "b.png", "", pieces(PNG)), "file_bytes")
    assert len(kept(tmp_path / "files")) == 1
    assert await files.put(workspace + 1, "b.png", "", pieces(PNG))


async def test_so_many_keys_and_those_that_work_no_longer_make_room(
    redis: Redis, own_plan: OwnPlan, plans: Plans
) -> None:
    workspace = await own_plan("keys = 3")
    now = round(datetime(2026, 5, 21, tzinfo=UTC).timestamp() * 1000)
    boot, _ = await apikeys.create_key(redis, workspace, apikeys.BOOTSTRAP, secret="of-somebody-" + "x" * 30)
    made = [(await apikeys.create_key(redis, workspace, str(n), now_ms=lambda: now))[0] for n in range(2)]
    await refused(apikeys.make_room(redis, workspace, plans=plans), "keys")
    await apikeys.revoke(redis, workspace, made[0].id)
    await apikeys.revoke(redis, workspace, boot.id)
    await apikeys.make_room(redis, workspace, plans=plans)
    assert {key.id for key in await apikeys.list_keys(redis, workspace)} == {boot.id, made[1].id}
    assert await redis.pttl(keys.api_key(made[0].digest)) > 0 and await redis.pttl(keys.api_key(boot.digest)) == -1
