"""codes: further slugs of one code, in one step with it."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from codes import code_store, export_import, quotas, workspaces
from codes.aliases import MAX_ALIASES
from codes.code_fields import Edit, NewCode
from codes.errors import Conflict, NotInPlan, Refused, SlugTaken, Stale
from codes.etags import etag_of
from codes.plans import presets
from codes.redis_client import connect
from codes.resolver import Resolver
from codes.service import Codes
from schemas import keys
from schemas.code import Code
from schemas.route import Route, decode_route
from tests.codes.conftest import OwnPlan, anybodys
from tests.codes.redirectors import redirector
from tests.servers.redis import running

HERE = "https://example.com/here"
THERE = "https://example.com/there"
HOST = "qr.example.net"


async def route(redis: Redis, slug: str, host: str = "") -> Route:
    raw = await redis.get(keys.route(keys.link_key(host, slug)))
    assert isinstance(raw, bytes)
    return decode_route(raw)


async def leads_to(redis: Redis, slug: str, host: str = "") -> str | None:
    """Where a scanner of the slug ends; None where nobody has it, or had it."""
    raw = await redis.get(keys.route(keys.link_key(host, slug)))
    found = decode_route(raw) if isinstance(raw, bytes) else None
    return found.destination if found and not found.gone else None


async def made(codes: Codes, *aliases: str, slug: str = "spring", workspace: int = 1, host: str = "") -> Code:
    return await codes.create(workspace, NewCode(destination=HERE, slug=slug, aliases=aliases, host=host))


async def test_a_code_is_made_with_its_aliases_and_edited_at_all_of_them(codes: Codes, redis: Redis) -> None:
    code = await made(codes, "spring-sale", "posters/spring", "spring-sale")
    assert code.aliases == ("spring-sale", "posters/spring")
    assert await codes.get(1, code.id) == code
    edited = await codes.edit(
        1, code.id, Edit(destination=THERE, status="paused", scan_limit=9, password="open sesame")
    )
    found = [await route(redis, slug) for slug in code_store.slugs_of(edited)]
    assert found == [found[0]] * 3
    assert (found[0].destination, found[0].status, found[0].scan_limit) == (THERE, "paused", 9)
    # An alias is not how an API names a code.
    assert await codes.by_slug("", "spring-sale") is None
    assert [one.id for one in await codes.page(1, 9)] == [code.id]
    assert await redis.hlen(keys.INTENTS) == 0


async def test_the_list_is_written_whole_and_what_is_given_up_stays_the_workspaces(codes: Codes, redis: Redis) -> None:
    code = await made(codes, "one", "two")
    before = await route(redis, "one")
    assert (await codes.edit(1, code.id, Edit(aliases=("two", "three")))).aliases == ("two", "three")
    assert [await leads_to(redis, slug) for slug in ("one", "two", "three")] == [None, HERE, HERE]
    after = await route(redis, "one")
    assert after.gone and after.birth == code.birth and after.version > before.version
    with pytest.raises(Conflict):
        await made(codes, slug="one", workspace=2)
    assert (await made(codes, slug="one")).slug == "one"
    assert (await codes.edit(1, code.id, Edit(aliases=()))).aliases == ()
    assert [await leads_to(redis, slug) for slug in ("spring", "two", "three")] == [HERE, None, None]
    await codes.delete(1, code.id)
    with pytest.raises(Conflict):
        await made(codes, "two", workspace=2, slug="other")


async def test_a_deleted_code_is_gone_at_all_of_them(codes: Codes, redis: Redis) -> None:
    code = await made(codes, "one", "docs/two")
    assert await codes.delete(1, code.id)
    assert [await leads_to(redis, slug) for slug in ("spring", "one", "docs/two")] == [None] * 3
    assert {key async for key in redis.scan_iter(keys.code("*"))} == set()
    again = await made(codes, "spring", slug="one")
    assert (await route(redis, "spring")).birth == again.birth != code.birth


async def test_a_taken_slug_is_no_alias_and_a_taken_alias_no_slug(codes: Codes, redis: Redis) -> None:
    code, other = await made(codes, "one"), await made(codes, "theirs-too", slug="theirs", workspace=2)
    for taken in ("theirs", "theirs-too"):
        for change in (
            Edit(aliases=("free", taken)),
            Edit(slug=taken, keep_old=True),
            Edit(slug="x-y", aliases=(taken,)),
        ):
            with pytest.raises(SlugTaken) as refused:
                await codes.edit(1, code.id, change)
            assert refused.value.slug == taken
        for new in (NewCode(destination=HERE, slug=taken), NewCode(destination=HERE, aliases=("free", taken))):
            with pytest.raises(SlugTaken):
                await codes.create(1, new)
        assert not await codes.is_free(1, "", taken, id="another")
    # Nothing of it is written: not what was free either.
    assert await codes.get(1, code.id) == code and await codes.get(2, other.id) == other
    assert not await redis.exists(keys.route("/free"), keys.route("/x-y"))
    assert await codes.is_free(1, "", "free", id="another")
    assert await redis.hlen(keys.INTENTS) == 0


async def test_of_many_who_want_the_same_alias_one_has_it(codes: Codes, redis: Redis) -> None:
    outcomes = await asyncio.gather(
        *(made(codes, "wanted", f"own-{n}", slug=f"slug-{n}", workspace=n) for n in range(1, 13)),
        return_exceptions=True,
    )
    winners = [one for one in outcomes if isinstance(one, Code)]
    assert len(winners) == 1
    assert sum(isinstance(one, SlugTaken) for one in outcomes) == 11
    assert (await route(redis, "wanted")).birth == winners[0].birth
    assert len([key async for key in redis.scan_iter(keys.route("*"))]) == 3


async def test_a_new_slug_keeps_the_old_one_where_it_is_asked_to(codes: Codes, redis: Redis) -> None:
    code = await codes.create(1, NewCode(destination=HERE, aliases=("one",)))
    moved = await codes.edit(1, code.id, Edit(slug="summer", keep_old=True, destination=THERE))
    # (A drawn slug, whose form nobody could have chosen.)
    assert (moved.slug, moved.aliases) == ("summer", ("one", code.slug))
    assert [await leads_to(redis, slug) for slug in code_store.slugs_of(moved)] == [THERE] * 3
    # Again, as whoever got no answer sends it.
    assert await codes.edit(1, code.id, Edit(slug="summer", keep_old=True, destination=THERE)) == moved
    # An alias becomes the slug, and is no alias any more; without keep_old the slug is given up.
    back = await codes.edit(1, code.id, Edit(slug=code.slug))
    assert (back.slug, back.aliases) == (code.slug, ("one",))
    assert await leads_to(redis, "summer") is None
    assert await codes.by_slug("", code.slug) == back
    changed = await codes.edit(1, code.id, Edit(slug="one", keep_old=True))
    assert (changed.slug, changed.aliases) == ("one", (code.slug,))
    assert [(one.slug, one.aliases) for one in await codes.page(1, 9)] == [("one", (code.slug,))]


@pytest.mark.parametrize(
    ("edit", "field", "code"),
    [
        (Edit(aliases=("fine", "Up")), "aliases[1]", "invalid_slug"),
        (Edit(aliases=("a/-b",)), "aliases[0]", "invalid_slug"),
        (Edit(aliases=("spring",)), "aliases[0]", "own_slug"),
        (Edit(aliases=("fine", "summer"), slug="summer"), "aliases[1]", "own_slug"),
        (Edit(aliases=("bulk",)), "aliases[0]", "slug_reserved"),
        (Edit(aliases=("api/x",)), "aliases[0]", "slug_reserved"),
        (Edit(aliases=tuple(f"alias-{n}" for n in range(MAX_ALIASES + 1))), "aliases", "too_many_aliases"),
    ],
)
async def test_what_is_wrong_is_named(codes: Codes, edit: Edit, field: str, code: str) -> None:
    made_code = await made(codes)
    with pytest.raises((Refused, Conflict)) as refused:
        await codes.edit(1, made_code.id, edit)
    error = refused.value
    assert isinstance(error, Refused | Conflict)
    assert (error.field, error.code) == (field, code)
    assert await codes.get(1, made_code.id) == made_code


async def test_twenty_and_no_more(codes: Codes, redis: Redis) -> None:
    twenty = tuple(f"alias-{n}" for n in range(MAX_ALIASES))
    code = await made(codes, *twenty)
    with pytest.raises(Refused, match="at most 20 aliases"):
        await codes.edit(1, code.id, Edit(slug="summer", keep_old=True))
    assert (await codes.edit(1, code.id, Edit(slug="alias-3", keep_old=True))).slug == "alias-3"
    await codes.edit(1, code.id, Edit(destination=THERE))
    assert {await leads_to(redis, slug) for slug in ("spring", *twenty)} == {THERE}


async def test_aliases_go_along_to_another_domain(codes: Codes, redis: Redis) -> None:
    code = await made(codes, "one", "docs/two")
    moved = await codes.edit(1, code.id, Edit(host=HOST))
    assert (moved.host, moved.slug, moved.aliases) == (HOST, "spring", ("one", "docs/two"))
    for slug in code_store.slugs_of(moved):
        assert await leads_to(redis, slug) is None
        assert await leads_to(redis, slug, HOST) == HERE
    assert await codes.get(1, code.id) == moved


async def test_a_workspace_that_lost_the_domain_makes_room_at_its_aliases_too(redis: Redis) -> None:
    owner = {1}

    async def usable(workspace: int, host: str) -> bool:
        return host == HOST and workspace in owner

    codes = Codes(redis, usable=usable, is_short=anybodys, resolver=Resolver(lambda host: ()), plans=presets())
    one = await made(codes, "menu", host=HOST)
    two = await made(codes, "other", slug="card", host=HOST)
    owner.clear()
    owner.add(2)
    new = await made(codes, "spring", "other", slug="menu", workspace=2, host=HOST)
    assert {(await route(redis, slug, HOST)).birth for slug in code_store.slugs_of(new)} == {new.birth}
    for code in (one, two):
        gone = await codes.get(1, code.id)
        assert gone is not None
        assert (gone.host, gone.aliases) == ("", ())
        assert await leads_to(redis, gone.slug) == HERE


async def test_an_edit_is_known_at_all_of_them_when_it_returns(redis: Redis) -> None:
    codes = Codes(redis, resolver=Resolver(lambda host: ()), longest_wait_s=30, plans=presets())
    async with redirector(redis, "quick") as quick, redirector(redis, "slow", 0.02) as slow:
        code = await made(codes, "one", "two")
        edited = await codes.edit(1, code.id, Edit(destination=THERE, aliases=("two", "three")))
        for one in (quick, slow):
            assert {one.leads_to(slug) for slug in code_store.slugs_of(edited)} == {THERE}
            assert one.routes[keys.route("/one")].gone
        # Told again to who repeats it.
        for one in (quick, slow):
            one.routes.clear()
        assert await codes.edit(1, code.id, Edit(destination=THERE)) == edited
        for one in (quick, slow):
            assert {one.leads_to(slug) for slug in code_store.slugs_of(edited)} == {THERE}
        await codes.delete(1, code.id)
        for one in (quick, slow):
            assert all(one.routes[keys.route(f"/{slug}")].gone for slug in code_store.slugs_of(edited))
    assert [key async for key in redis.scan_iter(keys.ack("*"))] == []


async def test_what_no_scanner_would_notice_leaves_the_routes_alone(codes: Codes, redis: Redis) -> None:
    code = await made(codes, "one")
    before = await route(redis, "one")
    edited = await codes.edit(1, code.id, Edit(label="Poster"))
    assert edited.aliases == ("one",)
    assert await route(redis, "one") == await route(redis, "spring") == before


async def test_imported_codes_keep_aliases_of_any_imported_form(codes: Codes, redis: Redis) -> None:
    new = NewCode(destination=HERE, slug="Bit_1", aliases=("Docs/Intro.~2", "x"), keep_slug=True, id=None)
    code = await codes.create(1, new)
    assert await leads_to(redis, "Docs/Intro.~2") == HERE
    # What it has it may keep, whoever writes the list; new ones have the form that everybody's have.
    assert (await codes.edit(1, code.id, Edit(aliases=("x", "Docs/Intro.~2", "new/one")))).aliases[-1] == "new/one"
    with pytest.raises(Refused):
        await codes.edit(1, code.id, Edit(aliases=("x", "Y_1")))
    with pytest.raises(Refused):
        await codes.create(1, msgspec.structs.replace(new, slug="Bit_2", aliases=("a/../b",)))


async def test_aliases_are_in_the_tag_of_a_code(codes: Codes) -> None:
    code = await made(codes)
    edited = await codes.edit(1, code.id, Edit(aliases=("one",)), match=[etag_of(code)])
    with pytest.raises(Stale):
        await codes.edit(1, code.id, Edit(aliases=("two",)), match=[etag_of(code)])
    assert etag_of(edited) != etag_of(code)


async def test_each_slug_that_is_taken_counts_in_the_plan(own_plan: OwnPlan, codes: Codes, redis: Redis) -> None:
    workspace = await own_plan("made_per_month = 4")
    code = await made(codes, "one", "two", workspace=workspace)
    # Writing what is there takes nothing, nor does an alias that becomes the slug.
    await codes.edit(workspace, code.id, Edit(aliases=("two", "one")))
    await codes.edit(workspace, code.id, Edit(slug="one", keep_old=True))
    edited = await codes.edit(workspace, code.id, Edit(aliases=("two", "three")))
    with pytest.raises(NotInPlan):
        await codes.edit(workspace, code.id, Edit(aliases=("two", "three", "four")))
    sizes = await redis.hgetall(keys.workspace_sizes(workspace))
    assert int(sizes[b"total"]) == int(sizes[code.id.encode()]) == quotas.stored_size(edited)
    assert quotas.stored_size(edited) == 3 * len(msgspec.json.encode(edited))


async def test_aliases_are_exported_and_imported(
    codes: Codes, redis: Redis, tmp_path: Path, short_folder: Path
) -> None:
    await workspaces.ensure_workspace(redis, "default")
    code = await made(codes, "one", "docs/two", host=HOST)
    gone = await made(codes, "gone-too", slug="gone")
    lines: list[bytes] = []
    await export_import.export_all(redis, lines.append)
    await codes.delete(1, gone.id)
    later: list[bytes] = []
    await export_import.export_all(redis, later.append)
    # As if `gone` was deleted while the export ran, after its own line and before its tombstones were looked for.
    ran = [line for line in lines[:-1] if b'"erasure"' not in line]
    ran += [line for line in later if b'"is":"erasure"' in line]
    path = tmp_path / "all.ndjson"
    path.write_bytes(b"".join([*ran, lines[-1].replace(b'"lines":%d' % (len(lines) - 1), b'"lines":%d' % len(ran))]))
    with running(short_folder) as server:
        other = connect(server.url)
        try:
            counts = await export_import.import_file(other, path, now_ms=lambda: 2_000_000_000_000)
            assert (counts["code"], counts["tombstone"]) == (1, 2)
            assert await Codes(other, plans=presets()).get(1, code.id) == code
            assert {await leads_to(other, slug, HOST) for slug in code_store.slugs_of(code)} == {HERE}
            assert (await route(other, "gone-too")).gone
            again = await export_import.import_file(other, path, now_ms=lambda: 2_000_000_000_000)
            assert (again["code there"], again["code"]) == (1, 0)
            # Another code has one of them.
            await other.flushall()
            await Codes(other, usable=codes._usable, plans=presets()).create(
                9, NewCode(destination=HERE, slug="one", host=HOST)
            )
            with pytest.raises(export_import.UnreadableExport, match=r"line \d+: the slug 'one' is taken"):
                await export_import.import_file(other, path, now_ms=lambda: 2_000_000_000_000)
            path.write_bytes(path.read_bytes().replace(b'"docs/two"', b'"docs/{two}"'))
            with pytest.raises(export_import.UnreadableExport, match="are not a host and a slug"):
                await export_import.import_file(other, path, now_ms=lambda: 2_000_000_000_000)
        finally:
            await other.aclose()
