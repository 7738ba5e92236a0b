"""codes: made, read, edited, deleted, listed."""

import asyncio
import re

import msgspec
import pytest
from redis.asyncio import Redis

from codes import numbers
from codes.code_fields import Edit, NewCode
from codes.errors import Conflict, Missing, Refused
from codes.plans import presets
from codes.service import Codes
from schemas import keys
from schemas.code import Code, Erasure
from schemas.route import Route, decode_change, decode_route

HERE = "https://example.com/here"
THERE = "https://example.com/there"


async def route(redis: Redis, slug: str) -> Route | None:
    raw = await redis.get(keys.route(keys.link_key("", slug)))
    return decode_route(raw) if isinstance(raw, bytes) else None


async def made(codes: Codes, slug: str | None = None, workspace: int = 1) -> Code:
    return await codes.create(workspace, NewCode(destination=HERE, slug=slug))


async def test_a_new_code_is_found_by_id_and_slug_and_has_a_route(codes: Codes, redis: Redis) -> None:
    code = await codes.create(7, NewCode(destination=HERE, label="Poster", tags=("A", "b", "a"), created_by="key"))
    assert (code.workspace, code.tags, code.created_by) == (7, ("a", "b"), "key")
    assert re.fullmatch(r"[2-9A-HJ-NP-Za-km-z]{7}", code.slug)
    assert await codes.get(7, code.id) == code
    assert await codes.by_slug("", code.slug) == code
    found = await route(redis, code.slug)
    assert found is not None
    assert (found.birth, found.workspace, found.destination) == (code.birth, 7, HERE)
    assert await redis.hlen(keys.INTENTS) == 0


async def test_numbers_only_go_up_and_are_never_behind_the_clock(redis: Redis) -> None:
    now = [1_764_000_000_000]
    codes = Codes(redis, now_ms=lambda: now[0], plans=presets())
    first, second = await made(codes), await made(codes)
    assert (first.number, second.number) == (now[0] * 1000, now[0] * 1000 + 1)
    await codes.delete(1, second.id)
    now[0] -= 60_000
    assert (await made(codes)).number == second.number + 1
    # A Redis that has forgotten how far it counted.
    await redis.delete(keys.NUMBERS)
    now[0] += 60_001
    assert (await made(codes)).number > second.number + 1
    # An import from where the clock is ahead.
    ahead = now[0] * 2000
    assert await numbers.raise_counter(redis, keys.NUMBERS, ahead) == ahead
    assert await numbers.raise_counter(redis, keys.NUMBERS, 3) == ahead
    assert (await made(codes)).number == ahead + 1


async def test_a_page_is_newest_first_and_goes_on_before_a_number(codes: Codes, redis: Redis) -> None:
    all_codes = [await made(codes) for _ in range(7)]
    await made(codes, workspace=2)
    await codes.delete(1, all_codes[4].id)
    # What a crash between two steps leaves in the list is not shown, and does not shorten a page.
    await redis.zadd(keys.workspace_codes(1), {"nobody": all_codes[5].number + 0.5})
    assert await codes.page(1, 3) == [all_codes[6], all_codes[5], all_codes[3]]
    assert await codes.page(1, 3, before=all_codes[3].number) == all_codes[2::-1]
    assert await codes.page(1, 3, before=all_codes[0].number) == []


async def test_an_edit_changes_what_it_names_and_counts_other_destinations(codes: Codes, redis: Redis) -> None:
    code = await codes.create(1, NewCode(destination=HERE, label="Poster", style={"shape": "dots"}))
    edited = await codes.edit(1, code.id, Edit(destination=THERE))
    assert edited == msgspec.structs.replace(
        code, destination=THERE, destination_changes=1, updated_at_ms=edited.updated_at_ms
    )
    assert await codes.edit(1, code.id, Edit(destination=THERE)) == edited
    cleared = await codes.edit(1, code.id, Edit(label=None, style=None, status="paused", tags=("x",)))
    assert (cleared.label, cleared.style, cleared.status, cleared.tags) == (None, None, "paused", ("x",))
    assert cleared.destination_changes == 1
    assert await codes.get(1, code.id) == cleared
    found = await route(redis, code.slug)
    assert found is not None
    assert (found.destination, found.status) == (THERE, "paused")


async def test_an_empty_edit_changes_nothing(codes: Codes, redis: Redis) -> None:
    code = await made(codes)
    before = await route(redis, code.slug)
    assert await codes.edit(1, code.id, Edit()) == code
    assert await codes.get(1, code.id) == code
    assert await route(redis, code.slug) == before


async def test_a_deleted_code_is_gone_and_its_rows_are_to_be_erased(codes: Codes, redis: Redis) -> None:
    code = await made(codes)
    before = await route(redis, code.slug)
    assert await codes.delete(1, code.id, keep_until_ms=99) is True
    assert await codes.get(1, code.id) is None
    assert await codes.by_slug("", code.slug) is None
    assert await codes.page(1, 10) == []
    after = await route(redis, code.slug)
    assert before and after and after.version > before.version
    assert (after.gone, after.birth, after.workspace, after.destination) == (True, code.birth, 1, "")
    raw = await redis.hget(keys.ERASURES, str(code.birth))
    assert isinstance(raw, bytes)
    erasure = msgspec.json.decode(raw, type=Erasure)
    assert (erasure.birth, erasure.id, erasure.workspace, erasure.keep_until_ms) == (code.birth, code.id, 1, 99)
    assert await codes.delete(1, code.id) is False
    with pytest.raises(Missing):
        await codes.edit(1, code.id, Edit(label="x"))
    assert await redis.hlen(keys.INTENTS) == 0


async def test_another_workspace_sees_nothing_of_a_code(codes: Codes) -> None:
    code = await made(codes)
    assert await codes.get(2, code.id) is None
    assert await codes.page(2, 10) == []
    assert await codes.delete(2, code.id) is False
    with pytest.raises(Missing):
        await codes.edit(2, code.id, Edit(label="mine"))
    assert await codes.get(1, code.id) == code


@pytest.mark.parametrize("id", ["", "x", "../1", "{", "b1c2…", "a b", "\x00", "1" * 5000, "\udcff"])
async def test_an_id_of_a_wrong_form_is_just_unknown(codes: Codes, id: str) -> None:
    assert await codes.get(1, id) is None
    assert await codes.delete(1, id) is False
    with pytest.raises(Missing):
        await codes.edit(1, id, Edit())


async def test_a_slug_is_taken_once(codes: Codes) -> None:
    code = await made(codes, "spring-sale")
    for workspace in (1, 2):
        with pytest.raises(Conflict):
            await made(codes, "spring-sale", workspace)
    assert await codes.by_slug("", "spring-sale") == code


async def test_of_two_creators_of_one_slug_one_wins(codes: Codes, redis: Redis) -> None:
    outcomes = await asyncio.gather(
        *(made(codes, "wanted", workspace) for workspace in range(1, 21)), return_exceptions=True
    )
    winners = [outcome for outcome in outcomes if isinstance(outcome, Code)]
    assert len(winners) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 19
    assert await codes.by_slug("", "wanted") == winners[0]
    listed = [len(await codes.page(workspace, 10)) for workspace in range(1, 21)]
    assert sum(listed) == 1
    assert await redis.hlen(keys.INTENTS) == 0


async def test_a_given_up_slug_can_be_taken_again_by_its_workspace_only(codes: Codes, redis: Redis) -> None:
    code = await made(codes, "summer")
    await codes.delete(1, code.id)
    with pytest.raises(Conflict):
        await made(codes, "summer", workspace=2)
    before = await route(redis, "summer")
    again = await made(codes, "summer")
    after = await route(redis, "summer")
    assert before and after and after.version > before.version
    assert after.birth == again.birth != code.birth
    assert again.number > code.number


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewCode(destination="ftp://example.com/"), "destination"),
        (NewCode(destination="https://GO.example.org./x"), "destination"),
        (NewCode(destination=HERE, label="x" * 256), "label"),
        (NewCode(destination=HERE, label="\ud800"), "label"),
        (NewCode(destination=HERE, slug="Up"), "slug"),
        (NewCode(destination=HERE, slug="-ab"), "slug"),
        (NewCode(destination=HERE, tags=tuple(map(str, range(11)))), "tags"),
        (NewCode(destination=HERE, tags=("x" * 51,)), "tags"),
        (NewCode(destination=HERE, tags=("ok", "  ")), "tags"),
        (NewCode(destination=HERE, style={"x": "y" * 16400}), "style"),
        (NewCode(destination=HERE, style={"x": "\udfff"}), "style"),
        (NewCode(destination=HERE, folder_id="none"), "folder_id"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_written(
    codes: Codes, redis: Redis, new: NewCode, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        await codes.create(1, new)
    assert refused.value.field == field
    assert await redis.dbsize() == 0


async def test_reserved_slugs_are_conflicts_and_imports_keep_theirs(codes: Codes) -> None:
    for slug in ("bulk", "custom-domains", "healthz"):
        with pytest.raises(Conflict):
            await made(codes, slug)
    kept = await codes.create(1, NewCode(destination=HERE, slug="Old_Poster.~1", keep_slug=True))
    assert await codes.by_slug("", "Old_Poster.~1") == kept
    with pytest.raises(Conflict):
        await codes.create(1, NewCode(destination=HERE, slug=".well-known", keep_slug=True))


async def test_the_same_slug_on_another_host_is_another_place(codes: Codes) -> None:
    one = await made(codes, "menu")
    other = await codes.create(2, NewCode(destination=THERE, slug="menu", host="qr.example.net"))
    assert await codes.by_slug("", "menu") == one
    assert await codes.by_slug("qr.example.net", "menu") == other


async def test_fifty_edits_at_once_all_take_effect_and_versions_only_grow(codes: Codes, redis: Redis) -> None:
    code = await made(codes)
    seen: list[Route] = []
    told = int(await redis.get(keys.CHANGES) or 0)
    pubsub = redis.pubsub()
    await pubsub.subscribe(keys.ROUTES)
    edited = await asyncio.gather(
        *(codes.edit(1, code.id, Edit(destination=f"https://example.com/{n}")) for n in range(50))
    )
    while (message := await pubsub.get_message(timeout=0.2)) is not None:
        if message["type"] == "message":
            seen.append(decode_change(message["data"]).route)
    await pubsub.aclose()  # type: ignore[no-untyped-call]
    versions = [one.version for one in seen]
    assert len(versions) == 50
    # Each was counted where it was published, so that whoever misses one can tell.
    assert int(await redis.get(keys.CHANGES) or 0) == told + 50
    assert versions == sorted(set(versions))
    last = await codes.get(1, code.id)
    assert last is not None
    assert last.destination_changes == 50
    assert sorted(one.destination_changes for one in edited) == list(range(1, 51))
    final = await route(redis, code.slug)
    assert final and final.version == versions[-1] and final.destination == last.destination


async def test_an_edit_while_deleting_either_happened_or_is_missing(codes: Codes, redis: Redis) -> None:
    for n in range(20):
        code = await made(codes, f"race-{n}")
        outcomes = await asyncio.gather(
            codes.edit(1, code.id, Edit(destination=THERE)),
            codes.delete(1, code.id),
            codes.edit(1, code.id, Edit(slug=f"moved-{n}")),
            return_exceptions=True,
        )
        assert outcomes[1] is True
        assert all(isinstance(one, Code | Missing) for one in (outcomes[0], outcomes[2]))
        assert await codes.get(1, code.id) is None
        for slug in (f"race-{n}", f"moved-{n}"):
            assert await codes.by_slug("", slug) is None
            left = await route(redis, slug)
            assert left is None or left.gone
        assert await redis.hexists(keys.ERASURES, str(code.birth))
    assert await redis.hlen(keys.INTENTS) == 0


async def test_a_slug_change_repoints_the_link_and_keeps_the_rest(codes: Codes, redis: Redis) -> None:
    code = await made(codes)
    moved = await codes.edit(1, code.id, Edit(slug="spring", destination=THERE))
    assert (moved.id, moved.number, moved.slug, moved.destination) == (code.id, code.number, "spring", THERE)
    assert await codes.get(1, code.id) == moved
    assert await codes.by_slug("", code.slug) is None
    assert [one.slug for one in await codes.page(1, 5)] == ["spring"]
    old, new = await route(redis, code.slug), await route(redis, "spring")
    assert old and old.gone and old.birth == code.birth
    assert new and not new.gone and new.destination == THERE
    # And to its own slug, and back again.
    assert await codes.edit(1, code.id, Edit(slug="spring")) == moved
    assert (await codes.edit(1, code.id, Edit(slug="summer"))).slug == "summer"
    assert (await codes.edit(1, code.id, Edit(slug="spring"))).slug == "spring"
    assert await redis.hlen(keys.INTENTS) == 0


async def test_a_code_may_be_sent_its_own_drawn_slug(codes: Codes) -> None:
    code = await made(codes)
    assert await codes.edit(1, code.id, Edit(slug=code.slug)) == code


async def test_a_slug_change_to_a_taken_slug_changes_nothing(codes: Codes, redis: Redis) -> None:
    code, other = await made(codes, "mine"), await made(codes, "theirs", workspace=2)
    with pytest.raises(Conflict):
        await codes.edit(1, code.id, Edit(slug="theirs", destination=THERE))
    assert await codes.get(1, code.id) == code
    assert await codes.by_slug("", "theirs") == other
    assert await redis.hlen(keys.INTENTS) == 0


async def test_many_changes_of_slug_at_once_leave_one_living_slug(codes: Codes, redis: Redis) -> None:
    code = await made(codes, "start")
    outcomes = await asyncio.gather(
        *(codes.edit(1, code.id, Edit(slug=f"to-{n % 4}", label=str(n))) for n in range(24)), return_exceptions=True
    )
    assert [one for one in outcomes if not isinstance(one, Code | Conflict)] == []
    last = await codes.get(1, code.id)
    assert last is not None
    for slug in ["start", *(f"to-{n}" for n in range(4))]:
        left = await route(redis, slug)
        living = await codes.by_slug("", slug)
        assert (living == last) == (slug == last.slug)
        assert left is None or left.gone == (slug != last.slug)
    assert await redis.hlen(keys.INTENTS) == 0


async def test_a_code_whose_slug_changes_is_found_at_every_moment(codes: Codes, redis: Redis) -> None:
    code = await made(codes, "one")
    done = asyncio.Event()
    found: list[Code | None] = []

    async def look() -> None:
        while not done.is_set():
            found.append(await codes.get(1, code.id))
            found.extend(await codes.page(1, 5))

    looking = [asyncio.create_task(look()) for _ in range(4)]
    for n in range(30):
        await codes.edit(1, code.id, Edit(slug="two" if n % 2 == 0 else "one"))
    done.set()
    await asyncio.gather(*looking)
    assert len(found) > 30
    assert {one and one.id for one in found} == {code.id}


async def test_versions_grow_while_the_clock_stands_still_or_goes_back_and_are_never_behind_it(
    codes: Codes, redis: Redis
) -> None:
    now = [5000]
    timed = Codes(redis, now_ms=lambda: now[0], plans=presets())
    code = await timed.create(1, NewCode(destination=HERE, slug="timed"))
    seen: list[int] = []
    for now[0] in (5000, 5000, 4000, 9000, 9000):
        await timed.edit(1, code.id, Edit(destination=f"{THERE}/{len(seen)}"))
        found = await route(redis, "timed")
        assert found
        seen.append(found.version)
    assert seen == [5001, 5002, 5003, 9000, 9001]
    await timed.delete(1, code.id)
    await timed.create(1, NewCode(destination=HERE, slug="timed"))
    found = await route(redis, "timed")
    assert found and found.version == 9003
