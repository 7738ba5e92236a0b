"""Aliases and slugs of several parts at a redirector: all lead where the code leads, and a scan says which was used."""

from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from codes.code_fields import Edit, NewCode
from codes.plans import presets
from codes.redis_client import connect
from codes.resolver import Resolver
from codes.service import Codes
from tests.redirect.scanner import Redirector, until

Start = Callable[..., Redirector]
HERE, THERE = "https://example.com/here", "https://example.com/there"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def codes(redis: Redis) -> Codes:
    return Codes(redis, resolver=Resolver(lambda host: ()), plans=presets())


async def test_every_edit_is_seen_at_every_slug_by_the_next_scan(start: Start, codes: Codes) -> None:
    server = start()
    until(server.trusted, "trust")
    code = await codes.create(1, NewCode(destination=HERE, slug="spring", aliases=("sale", "posters/spring")))
    paths = ("/spring", "/sale", "/posters/spring")
    for n in range(20):
        edited = await codes.edit(1, code.id, Edit(destination=f"{THERE}/{n}"))
        assert {server.get(path).location for path in paths} == {edited.destination}
    # From memory, once each was asked for.
    assert server.metric("waymark_redirect_lookups_total") == len(paths)
    await codes.edit(1, code.id, Edit(status="paused"))
    assert {server.get(path).location for path in paths} == {f"{server.settings.short_url}/-/paused"}
    await codes.edit(1, code.id, Edit(status="active", slug="summer", keep_old=True, aliases=("sale",)))
    statuses = [server.get(path).status for path in ("/summer", "/spring", "/sale", "/posters/spring")]
    assert statuses == [302, 302, 302, 404]
    await codes.delete(1, code.id)
    assert {server.get(path).status for path in ("/summer", *paths)} == {404}
    server.stop()
    counted = [event for event in server.events() if event.outcome == "redirect"]
    assert {event.code for event in counted} == {code.birth}
    assert [event.slug for event in counted[:3]] == ["spring", "sale", "posters/spring"]
    assert [event.slug for event in counted[-3:]] == ["summer", "spring", "sale"]


async def test_a_limit_counts_over_all_slugs(start: Start, codes: Codes) -> None:
    server = start()
    code = await codes.create(1, NewCode(destination=HERE, slug="ticket", aliases=("entry", "ticket/2"), scan_limit=4))
    answers = [server.get(path).status for path in ("/ticket", "/entry", "/ticket/2") * 2]
    assert answers == [302] * 4 + [410] * 2
    # And goes on under another slug.
    await codes.edit(1, code.id, Edit(slug="entry", scan_limit=5))
    assert [server.get(path).status for path in ("/entry", "/ticket/2")] == [302, 410]
    server.stop()
    led = [event.slug for event in server.events() if event.outcome == "redirect"]
    assert led == ["ticket", "entry", "ticket/2", "ticket", "entry"]


async def test_a_slug_of_several_parts_in_every_form_and_both_ways(start: Start, codes: Codes) -> None:
    server = start()
    until(server.trusted, "trust")
    await codes.create(1, NewCode(destination=HERE, slug="Docs/Intro.v2", keep_slug=True))
    await codes.create(1, NewCode(destination=THERE, slug="Docs", keep_slug=True))
    slug = "Docs/Intro.v2"
    # A path with an escape in it is the application's; the others are answered in the protocol.
    forms = [
        f"/{slug}",
        f"/q/{slug}/",
        f"/r/{slug}",
        f"/{slug}/",
        "/Docs%2FIntro.v2",
        "/%44ocs/Intro.v2",
        "/q/Docs%2fIntro.v2/",
    ]
    for form in forms * 2:
        assert server.get(form).location == HERE, form
        assert server.get(form, method="HEAD").location == HERE, form
    assert server.get("/Docs").location == server.get("/Docs/").location == THERE
    for path in ("/Docs//Intro.v2", "/Docs/Intro.v2//", "/Docs/./Intro.v2", "/Docs/x/../Intro.v2", "/Docs/Intro"):
        assert server.get(path).status == 404, path
    server.stop()
    assert {event.slug for event in server.events() if event.outcome == "redirect"} == {slug, "Docs"}
    assert len([event for event in server.events() if event.slug == slug]) == 4 * len(forms)
