"""codes: everything out of one Redis and into another."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from codes import apikeys, export_import, shared_views, workspaces
from codes.code_fields import Edit, NewCode
from codes.errors import Conflict
from codes.plans import presets
from codes.redis_client import connect
from codes.service import Codes
from schemas import keys
from schemas.route import decode_route
from tests.codes.crashing import KilledHere, crashing
from tests.codes.whole_redis import HERE, NOW, SHARED, contents, filled
from tests.servers.redis import running


async def exported(redis: Redis, path: Path) -> Path:
    with path.open("wb") as file:
        await export_import.export_all(redis, file.write)
    return path


async def test_what_was_exported_is_there_after_an_import(redis: Redis, tmp_path: Path, short_folder: Path) -> None:
    await filled(redis)
    steps: list[tuple[int, int]] = []
    lines: list[bytes] = []
    kinds = await export_import.export_all(redis, lines.append, lambda done, of: steps.append((done, of)))
    count = kinds.total()
    assert count == len(lines) - 1
    assert kinds["code"] == sum(b'"is":"code"' in line for line in lines) > 0
    assert steps[-1] == (count, count) and len(steps) > 1
    path = tmp_path / "all.ndjson"
    path.write_bytes(b"".join(lines))
    with running(short_folder) as server:
        other = connect(server.url)
        try:
            # As `waymark up` begins: with a workspace of its own, and a key to it.
            await workspaces.ensure_workspace(other, "default")
            steps.clear()
            counts = await export_import.import_file(
                other, path, now_ms=lambda: NOW, progress=lambda done, of: steps.append((done, of))
            )
            new = {
                "workspace": 2,
                "key": 2,
                "folder": 1,
                "report": 1,
                "style": 1,
                "shared view": 1,
                "export": 1,
                "branding": 1,
                "code": 131,
                "static": 1,
                "tombstone": 2,
                "erasure": 1,
                "remains": 1,
            }
            assert counts == new
            assert steps[-1] == (count, count)
            assert await contents(other) == await contents(redis)
            assert any(at.endswith(b":history") for at in await contents(other))
            # Again: nothing is new, and nothing changes.
            again = await export_import.import_file(other, path, now_ms=lambda: NOW)
            assert set(again) == {f"{kind} there" for kind in counts}
            assert await contents(other) == await contents(redis)
            # And it goes on from there.
            codes = Codes(other, plans=presets())
            latest = max(code.number for code in await Codes(redis, plans=presets()).page(1, 200))
            assert (await codes.create(1, NewCode(destination=HERE))).number > latest
            with pytest.raises(Conflict):
                await codes.create(1, NewCode(destination=HERE, slug="old"))
            assert await apikeys.authenticate(other, "oqr_live_yourkey")
            assert await shared_views.find(other, SHARED) == await shared_views.find(redis, SHARED) is not None
            raw = await other.get(keys.route("/new"))
            assert isinstance(raw, bytes)
            assert decode_route(raw).version == NOW
        finally:
            await other.aclose()


async def test_what_has_changed_since_the_export_stays_as_it_is(redis: Redis, tmp_path: Path) -> None:
    codes = await filled(redis)
    path = await exported(redis, tmp_path / "all.ndjson")
    newest, older, *_ = await codes.page(1, 9)
    await codes.edit(1, newest.id, Edit(slug="moved-since", label="since"))
    await codes.delete(1, older.id)
    before = await contents(redis)
    counts = await export_import.import_file(redis, path, now_ms=lambda: NOW)
    assert not {"code", "tombstone", "key", "workspace", "erasure"} & set(counts)
    assert await contents(redis) == before


async def test_a_file_that_is_cut_anywhere_is_refused_before_anything_is_written(redis: Redis, tmp_path: Path) -> None:
    await filled(redis)
    whole = (await exported(redis, tmp_path / "all.ndjson")).read_bytes()
    await redis.flushall()
    lines = whole.splitlines(keepends=True)
    broken = {
        "empty": b"",
        "without its end": b"".join(lines[:-1]),
        "in the middle of a line": whole[: len(whole) // 2],
        "without its beginning": b"".join(lines[1:]),
        "a line short": b"".join([*lines[:5], *lines[6:]]),
        "with more after its end": whole + lines[3],
        "of another format": whole.replace(b'"format":2', b'"format":9', 1),
        "not JSON": b"hello\n" + whole,
        "with a slug that is none": whole.replace(b'"slug":"new"', b'"slug":"{new}"'),
        "with an id that is none": whole.replace(b'"id":"', b'"id":"x', 200),
    }
    for how, data in broken.items():
        path = tmp_path / "broken.ndjson"
        path.write_bytes(data)
        with pytest.raises(export_import.UnreadableExport):
            await export_import.import_file(redis, path, now_ms=lambda: NOW)
        assert await redis.dbsize() == 0, how


async def test_what_is_in_the_way_is_named_with_its_line(redis: Redis, tmp_path: Path) -> None:
    codes = await filled(redis)
    path = await exported(redis, tmp_path / "all.ndjson")
    await redis.flushall()
    await workspaces.ensure_workspace(redis, "shop")
    with pytest.raises(export_import.UnreadableExport, match="line 2: another workspace has the number 1"):
        await export_import.import_file(redis, path, now_ms=lambda: NOW)
    await redis.flushall()
    await codes.create(9, NewCode(destination=HERE, slug="new"))
    with pytest.raises(export_import.UnreadableExport, match=r"line \d+: the slug 'new' is taken"):
        await export_import.import_file(redis, path, now_ms=lambda: NOW)


async def test_a_code_deleted_while_the_export_runs_does_not_live_on(redis: Redis, tmp_path: Path) -> None:
    codes = Codes(redis, plans=presets())
    await workspaces.ensure_workspace(redis, "default")
    made = [await codes.create(1, NewCode(destination=HERE, slug=slug)) for slug in ("first", "second")]
    lines: list[bytes] = []
    await export_import.export_all(redis, lines.append)
    # As if the first were read before it was deleted, and the rest after; the second's deletion is cut short.
    await codes.delete(1, made[0].id)
    with pytest.raises(KilledHere):
        await crashing(redis, "gone").delete(1, made[1].id)
    later: list[bytes] = []
    await export_import.export_all(redis, later.append)
    first = next(line for line in lines if b'"first"' in line)
    end = later[-1].replace(f'"lines":{len(later) - 1}'.encode(), f'"lines":{len(later)}'.encode())
    path = tmp_path / "all.ndjson"
    path.write_bytes(b"".join([*later[:2], first, *later[2:-1], end]))
    await redis.flushall()
    counts = await export_import.import_file(redis, path, now_ms=lambda: NOW)
    assert counts == {"workspace": 1, "tombstone": 2, "tombstone there": 1, "erasure": 2}
    assert await codes.page(1, 9) == []
    with pytest.raises(Conflict):
        await codes.create(2, NewCode(destination=HERE, slug="first"))


async def test_an_older_export_mixes_nothing_up_with_what_was_made_since(redis: Redis, tmp_path: Path) -> None:
    codes = Codes(redis, plans=presets())
    await workspaces.ensure_workspace(redis, "default")
    kept, lost = [await codes.create(1, NewCode(destination=HERE, slug=slug)) for slug in ("kept", "lost")]
    export = await exported(redis, tmp_path / "all.ndjson")
    # A backup that knows neither code nor counter; the clock of the new machine is behind.
    await redis.flushall()
    behind = Codes(redis, now_ms=lambda: kept.created_at_ms - 1_000_000, plans=presets())
    other = await behind.create(1, NewCode(destination=HERE, slug="other"))
    assert (await export_import.import_file(redis, export, now_ms=lambda: NOW))["code"] == 2
    births = {code.slug: code.birth for code in await codes.page(1, 9)}
    assert births == {"kept": kept.birth, "lost": lost.birth, "other": other.birth}
    assert len(set(births.values())) == 3


async def test_another_codes_number_is_refused(redis: Redis, tmp_path: Path) -> None:
    codes = Codes(redis, plans=presets())
    await workspaces.ensure_workspace(redis, "default")
    code = await codes.create(1, NewCode(destination=HERE, slug="new"))
    export = await exported(redis, tmp_path / "all.ndjson")
    await redis.flushall()
    numbered = Codes(redis, now_ms=lambda: code.number // 1000, plans=presets())
    other = await numbered.create(1, NewCode(destination=HERE, slug="other"))
    assert other.number == code.number
    with pytest.raises(
        export_import.UnreadableExport, match=rf"line \d+: the number {code.number} is another code's here"
    ):
        await export_import.import_file(redis, export, now_ms=lambda: NOW)
    assert [one.id for one in await codes.page(1, 9)] == [other.id]


async def test_a_living_code_is_not_erased_by_an_import(redis: Redis, tmp_path: Path) -> None:
    codes = Codes(redis, plans=presets())
    await workspaces.ensure_workspace(redis, "default")
    code = await codes.create(1, NewCode(destination=HERE, slug="menu"))
    before = await exported(redis, tmp_path / "before.ndjson")
    await codes.delete(1, code.id)
    after = await exported(redis, tmp_path / "after.ndjson")
    await redis.flushall()
    await export_import.import_file(redis, before, now_ms=lambda: NOW)
    with pytest.raises(export_import.UnreadableExport, match=f"the code {code.id} was deleted there and lives here"):
        await export_import.import_file(redis, after, now_ms=lambda: NOW)
    assert await redis.hlen(keys.ERASURES) == 0 and await codes.get(1, code.id) == code
