"""codes: static ones, which are records and nothing else."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from codes import folders, workspaces
from codes.code_fields import NewCode
from codes.errors import Missing, Refused, Stale
from codes.etags import etag_of
from codes.plans import presets
from codes.service import Codes
from codes.static_codes import TYPES, NewStatic, StaticCodes, StaticEdit
from schemas import keys
from schemas.code import StaticCode

FOLDER = "0b8f6c1e-3f0e-4b57-9a52-6f3f6a1f7f10"
WIFI = {"wifiContent": {"network_name": "Café", "encryption": "WPA"}}
TEXT = {"text": "hello"}


async def check_folder(workspace: int, id: str) -> None:
    if (workspace, id) != (1, FOLDER):
        raise Refused("folder_id", "unknown_folder", "there is no such folder")


class Clock:
    ms = 1_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def statics(redis: Redis) -> StaticCodes:
    return StaticCodes(redis, check_folder=check_folder, now_ms=Clock(), plans=presets())


def new(**fields: Any) -> NewStatic:
    return NewStatic(**{"name": "N", "type": "text", "content": TEXT, **fields})


async def test_one_from_start_to_end(statics: StaticCodes, redis: Redis) -> None:
    made = await statics.create(1, new(type="wifi", content=WIFI, folder_id=FOLDER, design={"dots": 1}, created_by="k"))
    assert await statics.get(1, made.id) == made
    assert (made.name, made.type, made.content, made.folder_id, made.created_by) == ("N", "wifi", WIFI, FOLDER, "k")
    assert (made.status, made.design, made.created_at_ms, made.updated_at_ms) == ("active", {"dots": 1}, 1_000, 1_000)
    statics._now_ms.ms = 2_000  # type: ignore[attr-defined]
    edited = await statics.edit(1, made.id, StaticEdit(name="M", folder_id=None, status="paused"))
    assert (edited.name, edited.folder_id, edited.status, edited.updated_at_ms) == ("M", None, "paused", 2_000)
    assert (edited.id, edited.number, edited.content, edited.created_at_ms) == (made.id, made.number, WIFI, 1_000)
    assert await statics.edit(1, made.id, StaticEdit(name="M")) == edited
    assert await statics.delete(1, made.id)
    assert not await statics.delete(1, made.id)
    assert await statics.get(1, made.id) is None
    assert await redis.keys("*statics*") == await redis.keys("*static-numbers*") == []


async def test_another_workspace_sees_none_of_it(statics: StaticCodes) -> None:
    made = await statics.create(1, new())
    assert await statics.get(2, made.id) is None
    assert await statics.page(2, 10) == []
    assert not await statics.delete(2, made.id)
    with pytest.raises(Missing):
        await statics.edit(2, made.id, StaticEdit(name="mine"))


async def test_numbers_are_those_of_codes_and_lists_are_newest_first(statics: StaticCodes, codes: Codes) -> None:
    made: list[StaticCode] = []
    for n in range(7):
        made.append(await statics.create(1, new(name=str(n))))
        code = await codes.create(1, NewCode(destination="https://example.com/"))
        assert code.number > made[-1].number
    assert await statics.page(1, 100) == made[::-1]
    assert await statics.page(1, 3) == made[:3:-1]
    assert await statics.page(1, 3, made[4].number) == made[3:0:-1]
    assert await statics.page(1, 3, made[0].number) == []


async def test_a_page_is_full_while_there_are_more(statics: StaticCodes, redis: Redis) -> None:
    made = [await statics.create(1, new(name=str(n))) for n in range(5)]
    # As if deleted between the two reads of a page.
    await redis.hdel(keys.workspace_statics(1), made[4].id, made[3].id)
    assert await statics.page(1, 2) == [made[2], made[1]]


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"type": "website", "content": {"url": "https://example.com"}}, "type"),
        ({"type": "vcard_plus"}, "type"),
        ({"type": ""}, "type"),
        ({"content": {}}, "content.text"),
        ({"content": {"text": 5}}, "content.text"),
        ({"type": "wifi", "content": {"wifiContent": {"network_name": "x"}}}, "content.wifiContent.encryption"),
        ({"type": "url", "content": {"url": "javascript:alert(1)"}}, "content.url"),
        ({"type": "url", "content": {"url": "https://exa mple.com"}}, "content.url"),
        ({"name": "x" * 256}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"design": {"x": "y" * 17_000}}, "design"),
        ({"page_design": {"x": "y" * 17_000}}, "page_design"),
        ({"folder_id": "nowhere"}, "folder_id"),
    ],
)
async def test_what_is_wrong_is_named(statics: StaticCodes, fields: dict[str, Any], at: str) -> None:
    with pytest.raises(Refused) as refused:
        await statics.create(1, new(**fields))
    assert refused.value.field == at
    assert await statics.page(1, 10) == []
    if "type" not in fields:
        made = await statics.create(1, new())
        with pytest.raises(Refused) as refused:
            await statics.edit(1, made.id, StaticEdit(**fields))
        assert refused.value.field == at
        assert await statics.get(1, made.id) == made


async def test_an_internal_address_is_its_scanner_s_own_affair(statics: StaticCodes) -> None:
    made = await statics.create(1, new(type="url", content={"url": "http://intranet/wiki"}))
    assert made.content == {"url": "http://intranet/wiki"}


async def test_every_static_type_can_be_made(statics: StaticCodes) -> None:
    contents: dict[str, dict[str, Any]] = {
        "url": {"url": "https://example.com"},
        "text": TEXT,
        "vcard": {"vCardContent": {"first_name": "Ada", "last_name": "L"}},
        "email": {"emailContent": {"email": "a@example.com"}},
        "sms": {"smsContent": {"number": "+44123", "message": "hi"}},
        "whatsapp": {"whatsAppContent": {"number": "+44123"}},
        "wifi": WIFI,
        "bitcoin": {"bitcoinContent": {"address": "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "amount": 0.5}},
        "paypal": {"paypalContent": {"username": "ada", "amount": "5"}},
    }
    assert set(contents) == set(TYPES)
    for type, content in contents.items():
        assert (await statics.create(1, new(type=type, content=content))).content == content


async def test_under_one_id_it_is_made_once(statics: StaticCodes) -> None:
    first = await statics.create(1, new(id=FOLDER))
    assert first.id == FOLDER
    assert await statics.create(1, new(id=FOLDER, name="again")) == first
    both = await asyncio.gather(*(statics.create(1, new(id=FOLDER[:-1] + "1")) for _ in range(5)))
    assert len({one.number for one in both}) == 1
    assert len(await statics.page(1, 10)) == 2


async def test_a_change_can_depend_on_what_was_seen(statics: StaticCodes) -> None:
    made = await statics.create(1, new())
    seen = {etag_of(made)}
    edited = await statics.edit(1, made.id, StaticEdit(name="M"), match=seen)
    with pytest.raises(Stale):
        await statics.edit(1, made.id, StaticEdit(name="L"), match=seen)
    with pytest.raises(Stale):
        await statics.delete(1, made.id, match=seen)
    assert await statics.get(1, made.id) == edited
    assert await statics.delete(1, made.id, match={etag_of(edited)})


async def test_a_deleted_folder_holds_none_of_them(redis: Redis, codes: Codes) -> None:
    there = True

    async def check(workspace: int, id: str) -> None:
        if not there:
            raise Refused("folder_id", "unknown_folder", "there is no such folder")

    workspace = (await workspaces.ensure_workspace(redis, "default")).number
    folder = await folders.create(redis, workspace, "Posters", plans=presets())
    statics = StaticCodes(redis, check_folder=check, plans=presets())
    filed = await statics.create(workspace, new(folder_id=folder.id))
    other = await statics.create(workspace, new())
    await folders.delete(redis, workspace, folder.id)
    found = {one.id: one.folder_id for one in await statics.page(workspace, 10)}
    assert found == {filed.id: None, other.id: None}

    # One that is being filed while the folder goes.
    async def check_once(workspace: int, id: str) -> None:
        nonlocal there
        await check(workspace, id)
        there = False

    late = await StaticCodes(redis, check_folder=check_once, plans=presets()).create(
        workspace, new(folder_id=folder.id)
    )
    assert late.folder_id is None
    assert await statics.get(workspace, late.id) == late


async def test_edits_at_once_all_hold(statics: StaticCodes) -> None:
    made = await statics.create(1, new())
    edits = [
        StaticEdit(name="M"),
        StaticEdit(status="paused"),
        StaticEdit(design={"a": 1}),
        StaticEdit(content={"text": "y"}),
    ]
    await asyncio.gather(*(statics.edit(1, made.id, edit) for edit in edits))
    found = await statics.get(1, made.id)
    assert found is not None
    assert (found.name, found.status, found.design, found.content) == ("M", "paused", {"a": 1}, {"text": "y"})
