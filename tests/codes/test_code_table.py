"""The table of a workspace's codes that questions use: every change that was answered is in the next one."""

import asyncio

import pytest
from redis.asyncio import Redis

from codes import code_store, code_table, folders
from codes.code_fields import Edit, NewCode
from codes.code_table import CodeRow, CodeTable, CodeTables, TooManyCodes, row_of
from codes.errors import Unavailable
from codes.plans import presets
from codes.redis_client import command, connect
from codes.service import Codes
from codes.sweep import sweep
from schemas import keys
from tests.codes.crashing import KilledHere, crashing

HERE = "https://example.com/a"


async def all_rows(codes: Codes, workspace: int = 1) -> dict[int, CodeRow]:
    return {code.birth: row_of(code) for code in await codes.page(workspace, 10_000)}


@pytest.fixture
def tables(redis: Redis) -> CodeTables:
    return CodeTables(redis)


async def test_each_change_is_in_the_next_table(redis: Redis, codes: Codes, tables: CodeTables) -> None:
    folder = await folders.create(redis, 1, "Spring", plans=presets())
    first = await codes.create(1, NewCode(destination=HERE, label="one", tags=("a", "b"), folder_id=folder.id))
    await codes.create(2, NewCode(destination=HERE, tags=("a",)))
    assert dict((await tables.table(1)).rows) == {first.birth: row_of(first)}
    second = await codes.create(1, NewCode(destination=HERE, slug="second"))
    edits = (
        Edit(label="two"),
        Edit(tags=("c",)),
        Edit(destination="https://example.com/b"),
        Edit(slug="moved"),
        Edit(slug="moved-again", keep_old=True),
        Edit(folder_id=folder.id),
    )
    for edit in edits:
        edited = await codes.edit(1, second.id, edit)
        table = await tables.table(1)
        assert table.rows[second.birth] == row_of(edited)
        assert table.by_id[second.id] == second.birth
    await folders.delete(redis, 1, folder.id)
    assert {row.folder_id for row in (await tables.table(1)).rows.values()} == {""}
    await codes.delete(1, first.id)
    table = await tables.table(1)
    assert set(table.rows) == {second.birth} and first.id not in table.by_id
    assert dict(table.rows) == await all_rows(codes)


async def test_a_table_that_was_given_out_stays_as_it_was(codes: Codes, tables: CodeTables) -> None:
    code = await codes.create(1, NewCode(destination=HERE, label="one"))
    before = await tables.table(1)
    await codes.edit(1, code.id, Edit(label="two"))
    after = await tables.table(1)
    assert (before.rows[code.birth].label, after.rows[code.birth].label) == ("one", "two")


async def test_what_has_not_changed_is_not_read_again(
    codes: Codes, tables: CodeTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    await codes.create(1, NewCode(destination=HERE))
    table = await tables.table(1)
    monkeypatch.setattr(code_table, "read_rows", None)
    assert await tables.table(1) is table


async def test_codes_that_move_while_they_are_read(codes: Codes, tables: CodeTables) -> None:
    made = [await codes.create(1, NewCode(destination=HERE)) for _ in range(5)]

    async def moving(n: int) -> None:
        for step in range(10):
            await codes.edit(1, made[n].id, Edit(slug=f"moved-{n}-{step}"))

    moves = [asyncio.create_task(moving(n)) for n in range(len(made))]
    while not all(move.done() for move in moves):
        assert set((await tables.table(1)).rows) == {code.birth for code in made}
    assert dict((await tables.table(1)).rows) == await all_rows(codes)


async def test_a_code_that_was_being_made_in_a_crash(redis: Redis, tables: CodeTables) -> None:
    """It can be found once the sweep has finished it, and from then on it is in the table."""
    await tables.table(1)
    with pytest.raises(KilledHere):
        await crashing(redis, "written").create(1, NewCode(destination=HERE, slug="half-made"))
    assert len(await tables.table(1)) == 0
    await sweep(redis, older_than_ms=-1)
    assert [row.slug for row in (await tables.table(1)).rows.values()] == ["half-made"]


async def test_changes_that_are_no_longer_known(
    redis: Redis, codes: Codes, tables: CodeTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_store, "CHANGES_KEPT", 100)
    monkeypatch.setattr(code_table, "CHANGES_KEPT", 100)
    await tables.table(1)
    for round in range(2):
        made = [await codes.create(1, NewCode(destination=HERE)) for _ in range(150)]
        await codes.delete(1, made[0].id)
        table = await tables.table(1)
        assert dict(table.rows) == await all_rows(codes) and len(table) == 149 * (round + 1)
    assert await command(redis, "XLEN", keys.workspace_changes(1)) < 300


async def test_a_redis_that_was_restored(redis: Redis, codes: Codes, tables: CodeTables) -> None:
    """An older copy does not hold the last change that the table knows."""
    code = await codes.create(1, NewCode(destination=HERE, label="before"))
    at = keys.code(keys.link_key("", code.slug))
    record, changes = await redis.get(at), await redis.dump(keys.workspace_changes(1))
    assert isinstance(record, bytes) and changes is not None
    await codes.edit(1, code.id, Edit(label="after"))
    assert (await tables.table(1)).rows[code.birth].label == "after"
    await redis.set(at, record)
    await redis.restore(keys.workspace_changes(1), 0, changes, replace=True)
    assert (await tables.table(1)).rows[code.birth].label == "before"
    await redis.flushall()
    assert len(await tables.table(1)) == 0


async def test_groups_of_codes(codes: Codes, tables: CodeTables) -> None:
    both = await codes.create(1, NewCode(destination=HERE, tags=("poster", "spring"), host="qr.example.net"))
    one = await codes.create(1, NewCode(destination=HERE, tags=("poster",)))
    none = await codes.create(1, NewCode(destination="https://example.com/b"))
    table = await tables.table(1)
    by_tag = {tag: set(numbers) for tag, numbers in table.groups("tags").items()}
    assert by_tag == {"poster": {both.birth, one.birth}, "spring": {both.birth}, "": {none.birth}}
    assert {host: len(numbers) for host, numbers in table.groups("host").items()} == {"qr.example.net": 1, "": 2}
    assert {url: len(numbers) for url, numbers in table.groups("destination").items()} == {
        HERE: 2,
        "https://example.com/b": 1,
    }


async def test_bounds_of_memory(redis: Redis, codes: Codes) -> None:
    for workspace in (1, 2, 3):
        for _ in range(3):
            await codes.create(workspace, NewCode(destination=HERE))
    tables = CodeTables(redis, max_codes=3, max_all=7)
    kept: dict[int, CodeTable] = {workspace: await tables.table(workspace) for workspace in (1, 2, 3)}
    # 1 gave way to 3.
    assert await tables.table(2) is kept[2] and await tables.table(3) is kept[3]
    assert await tables.table(1) is not kept[1]
    await codes.create(1, NewCode(destination=HERE))
    for _ in range(2):
        with pytest.raises(TooManyCodes):
            await tables.table(1)
    assert len(await tables.table(3)) == 3


async def test_redis_that_is_away() -> None:
    away = connect("unix:///nowhere/redis.sock")
    with pytest.raises(Unavailable):
        await CodeTables(away).table(1)
    await away.aclose()
