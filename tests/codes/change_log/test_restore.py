"""A Redis that is restored from its change log is the one that was lost."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from codes import apikeys, history, shared_views, workspaces
from codes.change_log import compaction, records
from codes.change_log.derived import Derived
from codes.change_log.file import FileLog, path_in, read_records
from codes.change_log.keeper import ChangeLogKeeper
from codes.change_log.recorder import Recorder
from codes.change_log.records import Record, UnreadableRecord
from codes.change_log.restore import CannotRestore, restore, span_of
from codes.code_fields import Edit, NewCode
from codes.errors import Conflict
from codes.plans import presets
from codes.redis_client import record_writes
from codes.service import Codes
from schemas import keys
from tests.codes.conftest import anywhere
from tests.codes.whole_redis import HERE, NOW, SHARED, contents, filled

WAS, IS = "https://was.example.com/", "https://is.example.com/"
# What a restore makes new: exports are looked at at once.
NEW = {keys.EXPORTS_DUE.encode(), keys.RESTORING.encode()}


@pytest.fixture
async def recorder(redis: Redis, tmp_path: Path) -> AsyncIterator[Recorder]:
    """Records what is written from now on."""
    made = Recorder(redis, FileLog(tmp_path / "changes"))
    record_writes(redis, made)
    yield made
    await made.close()


async def restored(redis: Redis, path: Path, at_ms: int | None = None, now_ms: int = NOW) -> Counter[str]:
    """Lose everything, and restore it."""
    await redis.flushall()
    return await restore(redis, path, span_of(path, at_ms), at_ms=at_ms, now_ms=now_ms)


async def test_everything_is_as_it_was(redis: Redis, recorder: Recorder, tmp_path: Path) -> None:
    await filled(redis, 5)
    before = await contents(redis)
    counts = await restored(redis, path_in(tmp_path / "changes"))
    assert counts == {
        "workspace": 2,
        "key": 2,
        "folder": 1,
        "report": 1,
        "style": 1,
        "shared view": 1,
        "export": 1,
        "branding": 1,
        "code": 6,
        "static": 1,
        "erasure": 1,
    }
    after = await contents(redis)
    assert {at: after.get(at) for at in before if at not in NEW} == {at: before[at] for at in before if at not in NEW}
    assert after.keys() - NEW == before.keys() - NEW
    assert await apikeys.authenticate(redis, "oqr_live_yourkey")
    assert await shared_views.find(redis, SHARED)
    # It goes on from there: with numbers above all that were given out, and with a slug that is taken.
    codes = Codes(redis, plans=presets())
    latest = max(code.number for code in await codes.page(1, 200))
    assert (await codes.create(1, NewCode(destination=HERE))).number > latest
    with pytest.raises(Conflict):
        await codes.create(1, NewCode(destination=HERE, slug="old"))
    # And one that is in use is left as it is.
    with pytest.raises(CannotRestore, match="in use"):
        await restore(redis, path_in(tmp_path / "changes"), span_of(path_in(tmp_path / "changes"), None), now_ms=NOW)


async def test_a_snapshot_takes_up_what_was_there_before_the_log(redis: Redis, tmp_path: Path) -> None:
    await filled(redis, 5)
    before = await contents(redis)
    recorder = Recorder(redis, FileLog(tmp_path / "changes"))
    keeper = ChangeLogKeeper(recorder, kept_ms=0)
    # What is older than the snapshot does not count.
    await recorder.append_notes(Record(1, f"string {keys.workspace(9)}", '{"not": "read"}'))
    await keeper.round()
    assert keeper.metrics()["waymark_change_log_complete"] == 1
    size = path_in(tmp_path / "changes").stat().st_size
    await keeper.round()
    assert path_in(tmp_path / "changes").stat().st_size == size
    await recorder.close()
    await restored(redis, path_in(tmp_path / "changes"))
    after = await contents(redis)
    assert {at: after.get(at) for at in before if at not in NEW} == {at: before[at] for at in before if at not in NEW}


async def test_edits_and_deletions_are_restored_as_of_a_moment(
    redis: Redis, recorder: Recorder, tmp_path: Path
) -> None:
    codes = Codes(redis, usable=anywhere, plans=presets())
    number = (await workspaces.ensure_workspace(redis, "default")).number
    code = await codes.create(number, NewCode(destination=WAS, slug="edited", aliases=("other",)))
    gone = await codes.create(number, NewCode(destination=WAS, slug="gone"))
    at_ms = recorder.now_ms()
    while recorder.now_ms() == at_ms:
        pass
    for n in range(12):
        await codes.edit(number, code.id, Edit(destination=f"{IS}{n}"))
    await codes.edit(number, code.id, Edit(slug="moved", aliases=("other", "edited")))
    await codes.delete(number, gone.id)
    edited = await codes.get(number, code.id)
    assert edited is not None
    entries = await history.read(redis, edited, 100)
    path = path_in(tmp_path / "changes")

    await restored(redis, path)
    assert await codes.get(number, code.id) == edited and await codes.get(number, gone.id) is None
    assert [one.entry for one in await history.read(redis, edited, 100)] == [one.entry for one in entries]
    assert not await codes.is_free(number, "", "edited", id=gone.id)

    await restored(redis, path, at_ms)
    assert await codes.get(number, code.id) == code and await codes.get(number, gone.id) == gone
    assert await codes.is_free(number, "", "moved", id=gone.id)
    # Numbers of what was made later are not given out again.
    assert (await codes.create(number, NewCode(destination=WAS))).number > max(code.number, gone.number)
    with pytest.raises(CannotRestore, match="goes back to"):
        span_of(path, 1)


async def test_a_write_that_is_recorded_in_part_is_finished_or_taken_back(
    redis: Redis, recorder: Recorder, tmp_path: Path
) -> None:
    """A power cut takes the end of the last append: the move of a code to another slug."""
    codes = Codes(redis, plans=presets())
    number = (await workspaces.ensure_workspace(redis, "default")).number
    code = await codes.create(number, NewCode(destination=WAS, slug="before", aliases=("kept", "dropped")))
    path = path_in(tmp_path / "changes")
    size = path.stat().st_size
    moved = await codes.edit(number, code.id, Edit(slug="after", aliases=("kept", "added")))
    whole = path.read_bytes()
    torn = whole[size:].splitlines(keepends=True)
    assert len(torn) == 5
    for lines in range(1, len(torn)):
        path.write_bytes(whole[:size] + b"".join(torn[:lines]) + torn[lines][:20])
        counts = await restored(redis, path)
        stored = await codes.get(number, code.id)
        assert stored in (code, moved) and counts["code"] == 1
        assert stored is not None
        links = {
            slug
            for slug in ("before", "after", "kept", "dropped", "added")
            if await redis.exists(keys.code(f"/{slug}"))
        }
        assert links == {stored.slug, *stored.aliases}
        sizes = await redis.hgetall(keys.workspace_sizes(number))
        assert sizes[b"total"] == sizes[code.id.encode()]


async def test_a_restore_that_was_interrupted_is_repeated_from_the_beginning(
    redis: Redis, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = Codes(redis, plans=presets())
    number = (await workspaces.ensure_workspace(redis, "default")).number
    early = await codes.create(number, NewCode(destination=WAS))
    at_ms = recorder.now_ms()
    while recorder.now_ms() == at_ms:
        pass
    late = await codes.create(number, NewCode(destination=WAS))
    path = path_in(tmp_path / "changes")

    async def killed(_: Derived) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Derived, "derive_shared", killed)
        with pytest.raises(KeyboardInterrupt):
            await restored(redis, path)
    # Nothing would start on it.
    assert not await workspaces.any_exist(redis)
    await restore(redis, path, span_of(path, at_ms), at_ms=at_ms, now_ms=NOW)
    assert await codes.page(number, 10) == [early] and await codes.get(number, late.id) is None
    assert not await redis.exists(keys.RESTORING)


async def test_compaction_keeps_what_counts_and_the_last_days(redis: Redis, recorder: Recorder, tmp_path: Path) -> None:
    codes = Codes(redis, plans=presets())
    number = (await workspaces.ensure_workspace(redis, "default")).number
    code = await codes.create(number, NewCode(destination=WAS))
    gone = await codes.create(number, NewCode(destination=WAS))
    await codes.delete(number, gone.id)
    for n in range(20):
        await codes.edit(number, code.id, Edit(destination=f"{IS}{n}"))
    folder = tmp_path / "changes"
    path = path_in(folder)
    everything = [record for _, record in read_records(path)]
    compaction.compact(folder, everything[0].at_ms)
    assert [record for _, record in read_records(path)][1:] == everything
    compaction.compact(folder, recorder.now_ms() + 1)
    kept = [record for _, record in read_records(path)][1:]
    assert len({record.element for record in kept}) == len(kept) < len(everything) - 20
    # Who had it open writes on, into the new one.
    await codes.edit(number, code.id, Edit(destination=WAS))
    with pytest.raises(CannotRestore, match="goes back to"):
        span_of(path, everything[3].at_ms)
    await restored(redis, path)
    found = await codes.get(number, code.id)
    assert found is not None and found.destination == WAS and found.number < recorder.now_ms() * 1000
    assert await codes.get(number, gone.id) is None
    assert path.stat().st_mode & 0o777 == 0o600 and folder.stat().st_mode & 0o777 == 0o700


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    line = records.encode(Record(1, f"string {keys.workspace(1)}", "{}"))
    path = tmp_path / "changes.log"
    path.write_bytes(line + line.replace(b"{}", b"[]") + line)
    with pytest.raises(UnreadableRecord, match="check sum"):
        span_of(path, None)
