"""Every write is in the change log once it has returned."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from codes import workspaces
from codes.change_log import records
from codes.change_log.file import FileLog, path_in, read_records
from codes.change_log.keeper import ChangeLogKeeper
from codes.change_log.recorder import Recorder
from codes.change_log.records import Record
from codes.code_fields import Edit, NewCode
from codes.errors import Unavailable
from codes.plans import presets
from codes.redis_client import connect, record_writes
from codes.service import Codes
from schemas import keys

WAS, IS = "https://was.example.com/", "https://is.example.com/"


@pytest.fixture
async def recorder(redis: Redis, tmp_path: Path) -> AsyncIterator[Recorder]:
    made = Recorder(redis, FileLog(tmp_path / "changes"))
    record_writes(redis, made)
    yield made
    await made.close()


def last_of(folder: Path) -> dict[str, Record]:
    return {record.element: record for _, record in read_records(path_in(folder))}


async def are(redis: Redis, folder: Path) -> None:
    """The log's last record of each element is what stands in Redis."""
    last = {name: record for name, record in last_of(folder).items() if not records.is_note(record)}
    now = {record.element: record for record in await records.read(redis, list(last), 0)}
    assert [name for name in last if not last[name].says_the_same(now[name])] == []


async def test_concurrent_edits_of_several_processes_are_recorded_in_their_order(
    redis: Redis, redis_url: str, recorder: Recorder, tmp_path: Path
) -> None:
    number = (await workspaces.ensure_workspace(redis, "default")).number
    other_redis = connect(redis_url)
    other = Recorder(other_redis, FileLog(tmp_path / "changes"))
    record_writes(other_redis, other)
    both = [Codes(redis, plans=presets()), Codes(other_redis, plans=presets())]
    made = [await both[0].create(number, NewCode(destination=WAS)) for _ in range(2)]
    edits = [both[n % 2].edit(number, made[n % 4 // 2].id, Edit(destination=f"{IS}{n}")) for n in range(40)]
    await asyncio.gather(*edits)
    await are(redis, tmp_path / "changes")
    await other.close()
    await recorder.close()
    assert await redis.hlen(keys.UNRECORDED) == 0
    # Edits at the same time share an append, and each is recorded.
    await asyncio.gather(*(both[0].create(number, NewCode(destination=WAS)) for _ in range(20)))
    await are(redis, tmp_path / "changes")
    await other_redis.aclose()


async def test_a_write_that_cannot_be_recorded_is_not_acknowledged_and_recorded_later(
    redis: Redis, recorder: Recorder, tmp_path: Path
) -> None:
    codes = Codes(redis, plans=presets())
    number = (await workspaces.ensure_workspace(redis, "default")).number
    code = await codes.create(number, NewCode(destination=WAS))
    await recorder.close()
    folder, away = tmp_path / "changes", tmp_path / "away"
    folder.rename(away)
    folder.write_text("in the way")
    with pytest.raises(Unavailable, match="change log cannot be opened"):
        await codes.edit(number, code.id, Edit(destination=IS))
    assert recorder.failures == 1
    folder.unlink()
    away.rename(folder)
    link = f"link /{code.slug}"
    assert WAS in (last_of(folder)[link].value or "")
    keeper = ChangeLogKeeper(recorder, kept_ms=0)
    assert await keeper.append_marked(60_000) == 1
    assert WAS in (last_of(folder)[link].value or "")
    assert await keeper.append_marked(0) == 0
    assert IS in (last_of(folder)[link].value or "")
    assert await redis.hlen(keys.UNRECORDED) == 0


async def test_what_a_killed_process_had_written_and_not_recorded_is_found_by_its_mark(
    redis: Redis, recorder: Recorder, tmp_path: Path
) -> None:
    codes = Codes(redis, plans=presets())
    number = (await workspaces.ensure_workspace(redis, "default")).number
    code = await codes.create(number, NewCode(destination=WAS))
    await recorder.mark([f"link /{code.slug}"])
    stored = await redis.get(keys.code(f"/{code.slug}"))
    assert isinstance(stored, bytes)
    await redis.set(keys.code(f"/{code.slug}"), stored.replace(WAS.encode(), IS.encode()))
    await ChangeLogKeeper(recorder, kept_ms=0).append_marked(0)
    assert IS in (last_of(tmp_path / "changes")[f"link /{code.slug}"].value or "")


async def test_scans_of_limited_codes_are_taken_in(redis: Redis, recorder: Recorder, tmp_path: Path) -> None:
    codes = Codes(redis, plans=presets())
    number = (await workspaces.ensure_workspace(redis, "default")).number
    code = await codes.create(number, NewCode(destination=WAS, scan_limit=9))
    await redis.set(keys.scans_used(code.birth), 5)
    await ChangeLogKeeper(recorder, kept_ms=0).round()
    assert last_of(tmp_path / "changes")[f"string {keys.scans_used(code.birth)}"].value == "5"


async def test_a_log_that_was_taken_away_is_made_anew(redis: Redis, recorder: Recorder, tmp_path: Path) -> None:
    codes = Codes(redis, plans=presets())
    number = (await workspaces.ensure_workspace(redis, "default")).number
    code = await codes.create(number, NewCode(destination=WAS))
    keeper = ChangeLogKeeper(recorder, kept_ms=0)
    await keeper.round()
    path_in(tmp_path / "changes").unlink()
    await keeper.round()
    assert WAS in (last_of(tmp_path / "changes")[f"link /{code.slug}"].value or "")


def test_which_writes_are_recorded() -> None:
    script = ("EVALSHA", "sha", 2)
    assert records.written((*script, keys.workspace_files(1), keys.workspace_sizes(1), "id", "file")) == [
        f"field {keys.workspace_files(1)} id"
    ]
    assert records.written((*script, keys.code("/a"), keys.route("/a"), "")) == ["link /a"]
    assert records.written(("HDEL", keys.workspace_folders(1), "a", b"b")) == [
        f"field {keys.workspace_folders(1)} {id}" for id in ("a", "b")
    ]
    assert records.written(("SET", keys.api_key("0a"), b"{}", "NX")) == [f"string {keys.api_key('0a')}"]
    for words in (("GET", keys.code("/a")), ("SET", keys.session("0a"), ""), ("INCR", keys.NUMBERS)):
        assert records.written(words) == []
