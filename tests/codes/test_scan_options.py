"""codes: what a scan may do, as it is checked, kept, made known to redirectors, and carried elsewhere."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from argon2 import PasswordHasher
from redis.asyncio import Redis

from codes import export_import, passwords, workspaces
from codes.code_fields import Edit, NewCode
from codes.code_validator import LOOKUPS
from codes.errors import Conflict, Missing, Refused
from codes.plans import presets
from codes.resolver import Resolver
from codes.scan_options import NOT_ROUTED
from codes.service import Codes
from codes.variants import NewRule, NewVariant
from schemas import keys
from schemas.code import Code
from schemas.route import Route, decode_route
from schemas.scan_options import Apps, Content
from tests.codes.conftest import OWN_HOSTS
from tests.codes.every_field import CARD, EDITS, GB, HERE, PAGE, THERE, made, whole
from tests.codes.redirectors import redirector

SEVEN = "https://example.com/7"
ELSEWHERE = {"sole", "slug", "host", "aliases", "keep_old"}


async def route(redis: Redis, slug: str, host: str = "") -> Route:
    raw = await redis.get(keys.route(keys.link_key(host, slug)))
    assert isinstance(raw, bytes)
    return decode_route(raw)


def test_no_field_is_left_out() -> None:
    assert set(EDITS) | ELSEWHERE == set(Edit.__struct_fields__)
    assert set(Edit.__struct_fields__) - set(NewCode.__struct_fields__) == {"keep_old"}


async def test_a_code_made_with_everything_is_that_edited_to_it(codes: Codes) -> None:
    one = await whole(codes)
    other = await made(codes)
    for name, value in EDITS.items():
        if name not in PAGE:
            other = await codes.edit(1, other.id, Edit(**{name: value}))
    assert await codes.get(1, one.id) == one
    new = {"id", "number", "birth", "slug", "password", "variants", "rules", "created_at_ms", "updated_at_ms"}
    new |= {"destination_changes", "other_changes", "letters"}
    for name in set(Code.__struct_fields__) - new:
        assert getattr(one, name) == getattr(other, name), name
    assert [(v.url, v.label, v.active) for v in other.variants] == [(HERE, None, True), (THERE, "B", False)]
    assert other.destination_changes == 1


async def test_a_route_has_what_a_redirector_needs_and_no_more(codes: Codes, redis: Redis) -> None:
    code = await codes.create(
        1,
        NewCode(
            destination="https://bücher.example/ä",
            starts_at_ms=5,
            expires_at_ms=6,
            expired_destination="https://bücher.example/",
            scan_limit=7,
            query="override",
            variants=(
                NewVariant(url="https://example.com/ä", weight=3, label="A"),
                NewVariant(url=HERE, active=False),
                NewVariant(url=THERE, weight=0),
            ),
            rules=(NewRule(when=GB, to=HERE, active=False), NewRule(when=GB, to="https://bücher.example/r")),
            sticky="none",
            apps=Apps(ios="https://bücher.example/app"),
            utm={"utm_term": "ä"},
        ),
    )
    found = await route(redis, code.slug)
    assert found.destination == "https://xn--bcher-kva.example/%C3%A4"
    assert (found.starts_at_ms, found.expires_at_ms, found.scan_limit) == (5, 6, 7)
    assert found.expired_destination == "https://xn--bcher-kva.example/"
    assert [(v.key, v.url, v.weight) for v in found.variants] == [
        ("a", "https://example.com/%C3%A4", 3),
        ("c", THERE, 0),
    ]
    assert [(r.key, r.to, r.when) for r in found.rules] == [("e", "https://xn--bcher-kva.example/r", GB)]
    assert (found.query, found.sticky, found.utm) == ("override", "none", {"utm_term": "ä"})
    assert found.apps == Apps(ios="https://xn--bcher-kva.example/app")
    raw = await redis.get(keys.route(keys.link_key("", code.slug)))
    assert isinstance(raw, bytes)
    assert code.variants[0].id.encode() not in raw and b'"A"' not in raw


async def test_a_plain_code_s_route_is_as_short_as_it_was(codes: Codes, redis: Redis) -> None:
    code = await made(codes)
    raw = await redis.get(keys.route(keys.link_key("", code.slug)))
    assert isinstance(raw, bytes)
    assert set(msgspec.json.decode(raw)) == {"version", "birth", "workspace", "destination"}


@pytest.mark.parametrize("name", EDITS)
async def test_what_a_scanner_could_notice_is_known_everywhere_when_the_edit_returns(
    codes: Codes, redis: Redis, name: str
) -> None:
    code = await made(codes)
    if name in ("content", "page_design"):
        code = await codes.create(1, NewCode(type="text", content={"text": "x"}))
        value: Any = {"text": "y"} if name == "content" else EDITS[name]
    else:
        value = EDITS[name]
    more = {"content": CARD} if name == "type" else {}
    async with redirector(redis, "slow", 0.1) as slow:
        began = time.monotonic()
        edited = await codes.edit(1, code.id, Edit(**{name: value, **more}))
        took = time.monotonic() - began
        seen = keys.route(keys.link_key("", code.slug)) in slow.routes
    assert edited != code or name == "folder_id"
    assert seen == (name not in NOT_ROUTED)
    if seen:
        assert took >= 0.1
        assert slow.routes[keys.route(keys.link_key("", code.slug))] == await route(redis, code.slug)


async def test_every_part_of_a_code_that_its_route_has_is_seen(codes: Codes, redis: Redis) -> None:
    for name, value in EDITS.items():
        if name in PAGE:
            continue
        code = await made(codes)
        before = await route(redis, code.slug)
        await codes.edit(1, code.id, Edit(**{name: value}))
        after = await route(redis, code.slug)
        changed = msgspec.structs.replace(after, version=0) != msgspec.structs.replace(before, version=0)
        assert changed == (name not in NOT_ROUTED), name


async def test_a_locked_code_refuses_every_edit_but_that_of_the_lock(codes: Codes) -> None:
    code = await codes.create(1, NewCode(destination=HERE, locked=True, slug="locked"))
    for name, value in {**EDITS, "slug": "other"}.items():
        if name in ("locked", "folder_id"):
            continue
        more: dict[str, Any] = {"type": "vcard_plus", "content": CARD} if name in PAGE else {}
        for unlock in ({}, {"locked": False}):
            with pytest.raises(Conflict) as refused:
                await codes.edit(1, code.id, Edit(**{**more, name: value, **unlock}))
            assert (refused.value.field, refused.value.code) == ("locked", "locked"), name
    # What changes nothing is no edit.
    assert await codes.edit(1, code.id, Edit()) == code
    assert await codes.edit(1, code.id, Edit(destination=HERE, slug="locked", locked=True)) == code
    assert await codes.get(1, code.id) == code
    opened = await codes.edit(1, code.id, Edit(locked=False))
    assert not opened.locked
    assert (await codes.edit(1, code.id, Edit(label="x"))).label == "x"


async def test_a_locked_code_can_be_deleted(codes: Codes) -> None:
    code = await made(codes, locked=True)
    assert await codes.delete(1, code.id)


async def test_of_a_lock_and_edits_at_once_no_edit_comes_after_the_lock(codes: Codes, redis: Redis) -> None:
    code = await made(codes)
    outcomes = await asyncio.gather(
        *(codes.edit(1, code.id, Edit(destination=f"{HERE}/{n}")) for n in range(8)),
        codes.edit(1, code.id, Edit(locked=True)),
        *(codes.edit(1, code.id, Edit(destination=f"{THERE}/{n}")) for n in range(8)),
        return_exceptions=True,
    )
    assert all(isinstance(one, Code | Conflict) for one in outcomes)
    last = await codes.get(1, code.id)
    assert last is not None and last.locked
    assert last.destination_changes == sum(isinstance(one, Code) for one in outcomes) - 1
    assert (await route(redis, code.slug)).destination == last.destination


async def test_only_destinations_count_as_changes(codes: Codes) -> None:
    code = await made(codes)
    for name, value in EDITS.items():
        if name not in {*PAGE, "destination", "locked"}:
            code = await codes.edit(1, code.id, Edit(**{name: value}))
    assert code.destination_changes == 0
    assert (await codes.edit(1, code.id, Edit(destination=THERE))).destination_changes == 1


async def test_a_password_is_kept_as_a_hash_made_beside_the_loop(
    codes: Codes, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    real = passwords._hasher

    class Hasher:
        def hash(self, password: str) -> str:
            threads.append(threading.current_thread())
            return real.hash(password)

    monkeypatch.setattr(passwords, "_hasher", Hasher())
    made_ones = await asyncio.gather(*(made(codes, password="open sesame") for _ in range(8)))
    assert len(threads) == 8 and threading.main_thread() not in threads
    assert len({one.password for one in made_ones}) == 8
    for one in made_ones:
        assert one.password is not None and one.password.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert PasswordHasher().verify(one.password, "open sesame")
        assert (await route(redis, one.slug)).password == one.password
    for key in await redis.keys("*"):
        if await redis.type(key) == b"string":
            assert b"open sesame" not in (await redis.get(key) or b"")
    opened = await codes.edit(1, made_ones[0].id, Edit(password=None))
    assert opened.password is None
    assert (await route(redis, opened.slug)).password == ""


BAD_URLS = ["ftp://example.com/", "http://127.0.0.1/", "https://go.example.org/x", "https://exa mple.com", ""]


@pytest.mark.parametrize("url", BAD_URLS)
@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("expired_destination", lambda url: {"expired_destination": url}),
        ("variants[1].url", lambda url: {"variants": (NewVariant(url=HERE), NewVariant(url=url, active=False))}),
        ("rules[0].to", lambda url: {"rules": (NewRule(when=GB, to=url), NewRule(when=GB, to="also bad"))}),
    ],
)
async def test_every_place_that_scans_can_be_sent_to_is_checked(
    codes: Codes, redis: Redis, url: str, field: str, fields: Any
) -> None:
    code = await made(codes)
    before = await redis.dbsize()
    for call in (
        codes.create(1, NewCode(destination=HERE, **fields(url))),
        codes.edit(1, code.id, Edit(**fields(url))),
    ):
        with pytest.raises(Refused) as refused:
            await call
        assert refused.value.field == field
    assert await codes.get(1, code.id) == code
    assert await redis.dbsize() == before


async def test_all_names_are_looked_up_a_few_at_a_time(redis: Redis) -> None:
    at_once, most, seen = 0, 0, set()
    lock = threading.Lock()

    def slow(host: str) -> tuple[str, ...]:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
            seen.add(host)
        time.sleep(0.02)
        with lock:
            at_once -= 1
        return ("10.0.0.7",) if host == "h39.example.com" else ("8.8.8.8",)

    codes = Codes(redis, own_hosts=OWN_HOSTS, resolver=Resolver(slow), plans=presets())
    rules = [NewRule(when=GB, to=f"https://h{n}.example.com/") for n in range(40)]
    with pytest.raises(Refused) as refused:
        await codes.create(1, NewCode(destination=HERE, rules=tuple(rules)))
    assert refused.value.field == "rules[39].to"
    assert len(seen) == 41
    assert most <= LOOKUPS
    assert (await codes.create(1, NewCode(destination=HERE, rules=tuple(rules[:39])))).rules[38].key == "am"


@pytest.mark.parametrize(
    ("ios", "code"),
    [
        ("http://example.com/app", "app_link_not_https"),
        ("https://127.0.0.1/app", "destination_not_public"),
        ("myapp://open/7", "scheme_not_allowed"),
        ("javascript:alert(1)", "invalid_scheme"),
        ("JavaScript:alert(1)", "invalid_scheme"),
        ("data:text/html,x", "invalid_scheme"),
        ("myapp", "invalid_app_link"),
        ("//example.com", "invalid_scheme"),
        ("my app://x", "invalid_scheme"),
        ("myapp://a b", "invalid_app_link"),
        ("myapp://a\nb", "invalid_app_link"),
        ("myapp://%zz", "invalid_app_link"),
    ],
)
async def test_app_links_are_https_unless_the_workspace_says_otherwise(
    codes: Codes, redis: Redis, ios: str, code: str
) -> None:
    number = (await workspaces.ensure_workspace(redis, "default")).number
    if code != "scheme_not_allowed":
        await workspaces.allow_schemes(redis, number, ["myapp"])
    for apps in (Apps(ios=ios), Apps(android=ios)):
        with pytest.raises(Refused) as refused:
            await codes.create(number, NewCode(destination=HERE, apps=apps))
        assert (refused.value.field, refused.value.code) == ("apps.ios" if apps.ios else "apps.android", code)


async def test_schemes_are_allowed_by_name(codes: Codes, redis: Redis) -> None:
    number = (await workspaces.ensure_workspace(redis, "default")).number
    allowed = await workspaces.allow_schemes(redis, number, ["myapp", "Fb://", "myapp"])
    assert allowed.app_schemes == ("myapp", "fb")
    code = await codes.create(number, NewCode(destination=HERE, apps=Apps("MyApp://open/ä", "https://example.com/a")))
    assert code.apps == Apps("MyApp://open/ä", "https://example.com/a")
    assert (await route(redis, code.slug)).apps == Apps("MyApp://open/%C3%A4", "https://example.com/a")
    for scheme in ("https", "javascript", "data", "a b", "", "x" * 40):
        with pytest.raises(Refused):
            await workspaces.allow_schemes(redis, number, ["myapp", scheme])
    with pytest.raises(Missing):
        await workspaces.allow_schemes(redis, 99, ["myapp"])
    assert (await workspaces.allow_schemes(redis, number, [])).app_schemes == ()
    with pytest.raises(Refused):
        await codes.edit(number, code.id, Edit(apps=code.apps))
    # What was allowed once stays where it is.
    assert (await codes.edit(number, code.id, Edit(label="x"))).apps == code.apps


async def test_a_code_of_another_type_has_a_page_and_no_destination(codes: Codes, redis: Redis) -> None:
    code = await codes.create(1, NewCode(type="vcard_plus", content=CARD, page_design={"theme": "dark"}))
    assert (code.destination, code.content) == ("", CARD)
    found = await route(redis, code.slug)
    assert (found.destination, found.content) == ("", Content("vcard_plus", CARD, {"theme": "dark"}))
    for wrong in (Edit(destination=HERE), Edit(destination=HERE, type="text", content={"text": "x"})):
        with pytest.raises(Conflict) as conflict:
            await codes.edit(1, code.id, wrong)
        assert conflict.value.field == "destination"
    for other in ("website", "url"):
        with pytest.raises(Conflict) as conflict:
            await codes.edit(1, code.id, Edit(type=other, label="Ada"))
        assert conflict.value.field == "type"
    for edit, field in (
        (Edit(type="text"), "content.text"),
        (Edit(content={}), "content.vCardContent"),
        (Edit(content=None), "content.vCardContent"),
        (Edit(type="nonsense"), "type"),
        (Edit(variants=(NewVariant(url=HERE),)), "variants"),
    ):
        with pytest.raises(Refused) as refused:
            await codes.edit(1, code.id, edit)
        assert refused.value.field == field
    assert await codes.get(1, code.id) == code
    link = await codes.edit(1, code.id, Edit(type="website", destination=HERE))
    assert (link.destination, link.content) == (HERE, None)
    assert (await route(redis, code.slug)).content is None
    page = await codes.edit(1, code.id, Edit(type="text", content={"text": "x"}))
    assert (page.destination, (await route(redis, code.slug)).destination) == ("", "")
    for new, field in (
        (NewCode(), "destination"),
        (NewCode(destination=HERE, content={"url": HERE}), "content"),
        (NewCode(type="vcard_plus"), "content.vCardContent"),
    ):
        with pytest.raises(Refused) as refused:
            await codes.create(1, new)
        assert refused.value.field == field
    with pytest.raises(Conflict):
        await codes.create(1, NewCode(destination=HERE, type="text", content={"text": "x"}))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scan_limit": 0}, "scan_limit"),
        ({"scan_limit": 2**53}, "scan_limit"),
        ({"password": "abcde"}, "password"),
        ({"password": "a" * 129}, "password"),
        ({"password": "abc\ud800"}, "password"),
        ({"query": "keep"}, "query"),
        ({"sticky": "ever"}, "sticky"),
        ({"utm": {"utm_sauce": "x"}}, "utm.sauce"),
        ({"utm": {"utm_source": ""}}, "utm.source"),
        ({"utm": {"utm_source": "x" * 256}}, "utm.source"),
        ({"utm": {"utm_source": "a\r\nb"}}, "utm.source"),
        ({"page_design": {"x": "y" * 16400}}, "page_design"),
    ],
)
async def test_what_is_wrong_is_named(codes: Codes, redis: Redis, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        await codes.create(1, NewCode(destination=HERE, **fields))
    assert refused.value.field == field
    assert await redis.dbsize() == 0


async def test_a_code_goes_to_another_host_and_back(codes: Codes, redis: Redis) -> None:
    code = await made(codes, slug="menu")
    moved = await codes.edit(1, code.id, Edit(host="qr.example.net", label="x"))
    assert (moved.host, moved.slug, moved.label) == ("qr.example.net", "menu", "x")
    assert await codes.by_slug("qr.example.net", "menu") == moved == await codes.get(1, code.id)
    assert await codes.by_slug("", "menu") is None
    assert (await route(redis, "menu")).gone
    assert (await route(redis, "menu", "qr.example.net")).destination == HERE
    back = await codes.edit(1, code.id, Edit(host="", slug="carte"))
    assert await codes.by_slug("", "carte") == back
    assert (await route(redis, "menu", "qr.example.net")).gone
    other = await codes.create(2, NewCode(destination=HERE, slug="carte", host="qr.example.net"))
    with pytest.raises(Conflict):
        await codes.edit(1, code.id, Edit(host="qr.example.net"))
    assert await codes.by_slug("qr.example.net", "carte") == other
    assert await redis.hlen(keys.INTENTS) == 0
    with pytest.raises(Refused) as loop:
        await codes.edit(1, code.id, Edit(destination="https://QR.example.net./menu"))
    assert (loop.value.field, loop.value.code) == ("destination", "destination_loop")
    nowhere = Codes(redis, plans=presets())
    for call in (
        nowhere.edit(1, code.id, Edit(host="a.example")),
        nowhere.create(1, NewCode(destination=HERE, host="a")),
    ):
        with pytest.raises(Refused) as refused:
            await call
        assert refused.value.field == "domain"


async def test_codes_and_routes_of_before_are_read(codes: Codes, redis: Redis) -> None:
    id = "0b8f6c1e-3f0e-4b57-9a52-6f3f6a1f7f10"
    code = (
        b'{"code":{"id":"%s","number":1,"birth":9,"workspace":1,"slug":"old","destination":"https://example.com/here",'
        b'"created_at_ms":5,"updated_at_ms":5,"label":"Poster","tags":["x"]}}' % id.encode()
    )
    at = keys.link_key("", "old")
    await redis.set(keys.code(at), code)
    await redis.set(keys.route(at), b'{"version":5,"birth":9,"workspace":1,"destination":"https://example.com/here"}')
    await redis.set(keys.code_id(id), f"{at} mark")
    await redis.set(keys.workspace(1), b'{"number":1,"id":"x","name":"default","plan":"unlimited","created_at_ms":5}')
    found = await codes.get(1, id)
    assert found is not None
    assert (found.label, found.query, found.variants, found.locked, found.letters) == ("Poster", "drop", (), False, 0)
    edited = await codes.edit(1, id, Edit(variants=(NewVariant(url=HERE),), scan_limit=3))
    assert [one.key for one in edited.variants] == ["a"]
    assert (await route(redis, "old")).scan_limit == 3
    assert (await workspaces.allow_schemes(redis, 1, ["myapp"])).app_schemes == ("myapp",)


async def test_an_export_has_all_of_it(codes: Codes, redis: Redis, tmp_path: Path) -> None:
    number = (await workspaces.ensure_workspace(redis, "default")).number
    allowed = await workspaces.allow_schemes(redis, number, ["myapp"])
    made_ones = [await whole(codes), await codes.create(number, NewCode(type="vcard_plus", content=CARD))]
    made_ones[0] = await codes.edit(number, made_ones[0].id, Edit(locked=False))
    made_ones[0] = await codes.edit(number, made_ones[0].id, Edit(variants=(NewVariant(url=SEVEN),)))
    assert made_ones[0].former and made_ones[0].letters == 5
    await redis.set(keys.scans_used(made_ones[0].birth), 4)
    routes = [await route(redis, one.slug) for one in made_ones]
    path = tmp_path / "all.ndjson"
    with path.open("wb") as file:
        await export_import.export_all(redis, file.write)
    await redis.flushall()
    await export_import.import_file(redis, path, now_ms=lambda: 2_000_000_000_000)
    for one, before in zip(made_ones, routes, strict=True):
        assert await codes.get(number, one.id) == one
        assert msgspec.structs.replace(await route(redis, one.slug), version=before.version) == before
    assert await workspaces.get(redis, number) == allowed
    # A limit goes on where it was, and ends with its code.
    assert await redis.get(keys.scans_used(made_ones[0].birth)) == b"4"
    await codes.delete(number, made_ones[0].id)
    assert await redis.get(keys.scans_used(made_ones[0].birth)) is None
