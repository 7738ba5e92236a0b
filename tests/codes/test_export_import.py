"""codes: everything out of one Redis and into another."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from codes import apikeys, export_import, folders, reports, scheduled_exports, shared_views, styles, workspaces
from codes.code_fields import Edit, NewCode
from codes.errors import Conflict
from codes.plans import presets
from codes.redis_client import connect
from codes.service import Codes
from codes.static_codes import NewStatic, StaticCodes
from infra.schedule import Schedule
from schemas import keys
from schemas.route import decode_route
from tests.codes.conftest import anywhere
from tests.codes.crashing import KilledHere, crashing
from tests.servers.redis import running

HERE = "https://example.com/here"
NOW = 2_000_000_000_000
SHARED = "3kD8vQxT7mWbYcHs2nLrEaZpJ4gFuK9V"


async def contents(redis: Redis) -> dict[bytes, object]:
    """Everything in a Redis, but for the versions of routes and the marks of pointers, which are new, and how many
    changes it has told; and what has been done in this month, which stays where it was done."""
    found: dict[bytes, object] = {}
    async for at in redis.scan_iter("*"):
        if at == keys.CHANGES.encode() or b":quota:" in at:
            continue
        match await redis.type(at):
            case b"string":
                raw = await redis.get(at)
                assert isinstance(raw, bytes)
                if at.endswith(b":route"):
                    found[at] = msgspec.structs.replace(decode_route(raw), version=0)
                else:
                    found[at] = raw.split()[0] if at.startswith(b"{wm}:id:") else raw
            case b"hash":
                found[at] = await redis.hgetall(at)
            case b"zset":
                found[at] = await redis.zrange(at, 0, -1, withscores=True)
            case b"stream" if at.endswith(b":history"):
                found[at] = [fields for _, fields in await redis.xrange(at) or []]
    return found


async def no_folder(workspace: int, id: str) -> None:
    """The static codes of this test are in none."""


async def filled(redis: Redis) -> Codes:
    codes = Codes(redis, usable=anywhere, plans=presets())
    one = await workspaces.ensure_workspace(redis, "default")
    two = await workspaces.ensure_workspace(redis, "shop")
    await apikeys.create_key(redis, one.number, "a", secret="oqr_live_yourkey")
    revoked, _ = await apikeys.create_key(redis, two.number, "b")
    await apikeys.revoke(redis, two.number, revoked.id)
    await asyncio.gather(
        *(codes.create(one.number, NewCode(destination=f"{HERE}/{n}", label=str(n), tags=("x",))) for n in range(130))
    )
    folder = await folders.create(redis, two.number, "Spring", plans=presets())
    nightly = Schedule("day", 3, timezone="Europe/Berlin")
    await scheduled_exports.create(redis, two.number, "Nightly", "csv", nightly, plans=presets())
    await reports.create(redis, two.number, "Spring", {"metrics": ["scans"], "date_range": "7d"}, plans=presets())
    await shared_views.create(
        redis, two.number, "Spring", plans=presets(), created_by=revoked.id, report_id="any", token=SHARED
    )
    style = {"a": [1, {}]}
    await styles.create(redis, two.number, "House", style, plans=presets())
    moved = await codes.create(two.number, NewCode(destination=HERE, slug="old", style=style, folder_id=folder.id))
    await codes.edit(two.number, moved.id, Edit(slug="new"))
    deleted = await codes.create(two.number, NewCode(destination=HERE, slug="deleted", host="qr.example.net"))
    await codes.delete(two.number, deleted.id, keep_until_ms=2 * NOW)
    await StaticCodes(redis, check_folder=no_folder, plans=presets()).create(
        two.number, NewStatic(name="S", type="text", content={"text": "x"})
    )
    return codes


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
