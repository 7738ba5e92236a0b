"""Aliases: `/v1` writes and shows them, every other API keeps them."""

from typing import Any

import pytest

from codes.aliases import MAX_ALIASES
from schemas import keys
from schemas.route import decode_route
from tests.api.service import SHORT, Body, Service

NEXT = "https://example.com/next"
ALIASES = ["spring-sale", "posters/spring"]


async def leads_to(api: Service, slug: str) -> str | None:
    raw = await api.redis.get(keys.route(keys.link_key("", slug)))
    route = decode_route(raw) if isinstance(raw, bytes) else None
    return route.destination if route and not route.gone else None


async def test_they_are_made_shown_edited_and_found(api: Service) -> None:
    code = await api.make(aliases=ALIASES)
    at = f"/v1/dynamic/{code['id']}"
    assert code["aliases"] == ALIASES
    assert (await api.client.get(at)).json() == code
    assert (await api.client.get("/v1/dynamic?q=posters")).json()["codes"] == [code]
    edited = (await api.client.patch(at, json={"aliases": ["posters/spring", "menu"], "destination": NEXT})).json()
    assert edited["aliases"] == ["posters/spring", "menu"]
    slugs = (code["slug"], "posters/spring", "menu", "spring-sale")
    assert [await leads_to(api, slug) for slug in slugs] == [NEXT, NEXT, NEXT, None]
    assert (await api.client.delete(at)).status_code == 200
    assert [await leads_to(api, slug) for slug in slugs] == [None] * 4


async def test_an_old_slug_is_kept_where_it_is_asked_to(api: Service) -> None:
    code = await api.make(slug="spring")
    at = f"/v1/dynamic/{code['id']}"
    edited = (await api.client.patch(at, json={"slug": "summer", "keep_old": True})).json()
    assert (edited["slug"], edited["aliases"]) == ("summer", ["spring"])
    again = (await api.client.patch(at, json={"slug": "autumn", "keep_old": False})).json()
    assert (again["slug"], again["aliases"]) == ("autumn", ["spring"])
    assert [await leads_to(api, slug) is not None for slug in ("spring", "summer", "autumn")] == [True, False, True]
    # A new code has no old slug.
    refused = await api.client.post("/v1/dynamic", json={"destination": NEXT, "keep_old": True})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "keep_old")


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"aliases": ["fine", "No"]}, 400, "aliases[1]"),
        ({"aliases": ["a//b"]}, 400, "aliases[0]"),
        ({"aliases": ["../x"]}, 400, "aliases[0]"),
        ({"aliases": ["fine", 5]}, 400, "aliases"),
        ({"aliases": "fine"}, 400, "aliases"),
        ({"aliases": None}, 400, "aliases"),
        ({"aliases": ["mine"]}, 400, "aliases[0]"),
        ({"aliases": [f"alias-{n}" for n in range(MAX_ALIASES + 1)]}, 400, "aliases"),
        ({"aliases": ["healthz"]}, 409, "aliases[0]"),
        ({"aliases": ["q/abc"]}, 409, "aliases[0]"),
        ({"aliases": ["theirs"]}, 409, "aliases"),
        ({"aliases": ["theirs-too"]}, 409, "aliases"),
        ({"slug": "theirs-too"}, 409, "slug"),
        # The document's own field keeps to the document's form.
        ({"slug": "docs/intro"}, 400, "slug"),
        ({"keep_old": "yes"}, 400, "keep_old"),
    ],
)
async def test_what_is_wrong_is_named(api: Service, sent: Body, status: int, field: str) -> None:
    other = await api.caller("theirs")
    theirs = {"destination": NEXT, "slug": "theirs", "aliases": ["theirs-too"]}
    assert (await other.post("/v1/dynamic", json=theirs)).status_code == 201
    await other.aclose()
    code = await api.make(slug="mine")
    refused = await api.client.patch(f"/v1/dynamic/{code['id']}", json=sent)
    assert (refused.status_code, refused.json()["error"]["field"]) == (status, field)
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json() == code


async def test_many_at_once(api: Service) -> None:
    items: list[Any] = [
        {"destination": NEXT, "aliases": ["one", "docs/two"]},
        {"destination": NEXT, "aliases": ["Three"]},
        {"destination": NEXT, "slug": "own", "aliases": ["own"]},
    ]
    answer = (await api.client.post("/v1/dynamic/bulk", json={"items": items})).json()
    assert answer["results"][0]["code"]["aliases"] == ["one", "docs/two"]
    assert [one["error"]["field"] for one in answer["results"][1:]] == ["aliases[0]", "aliases[0]"]
    assert await leads_to(api, "docs/two") == NEXT


async def test_every_other_api_keeps_them_and_edits_reach_them(api: Service) -> None:
    code = await api.make(aliases=ALIASES)
    slug, id = code["slug"], code["id"]
    edits: list[tuple[str, str, Body]] = [
        ("PATCH", f"/api/v1/dynamic/{slug}/", {"destination_url": f"{NEXT}/1", "name": "Spring"}),
        ("PUT", f"/api/qr/codes/{slug}", {"destination": f"{NEXT}/2"}),
        ("PATCH", f"/api/public/v1/qrcodes/{id}", {"destinations": [{"target_url": f"{NEXT}/3"}], "name": "x"}),
    ]
    for at, (method, path, body) in enumerate(edits, 1):
        answer = await api.client.request(method, path, json=body)
        assert answer.status_code == 200, answer.text
        assert "aliases" not in answer.json()
        assert (await api.client.get(f"/v1/dynamic/{id}")).json()["aliases"] == ALIASES
        assert {await leads_to(api, one) for one in (slug, *ALIASES)} == {f"{NEXT}/{at}"}
    # Nobody names a code by an alias.
    for path in ("/api/v1/dynamic/spring-sale/", "/api/qr/codes/spring-sale"):
        assert (await api.client.get(path)).status_code == 404
    assert (await api.client.delete(f"/api/v1/dynamic/{slug}/")).is_success
    assert [await leads_to(api, one) for one in (slug, *ALIASES)] == [None] * 3


async def test_a_slug_of_several_parts_names_its_code_in_a_path_by_an_escaped_slash(api: Service) -> None:
    code = await api.make(aliases=["docs/intro"])
    moved = (await api.client.patch(f"/v1/dynamic/{code['id']}", json={"slug": "docs/intro"})).json()
    assert (moved["slug"], moved["aliases"]) == ("docs/intro", [])
    for escaped in ("docs%2Fintro", "docs%2fintro"):
        exa = await api.client.get(f"/api/qr/codes/{escaped}")
        assert (exa.status_code, exa.json()["id"], exa.json()["redirectUrl"]) == (
            200,
            "docs/intro",
            f"{SHORT}/r/docs/intro",
        )
        theirs = await api.client.get(f"/api/v1/dynamic/{escaped}/")
        assert (theirs.status_code, theirs.json()["short_id"]) == (200, "docs/intro")
        assert (await api.client.get(f"/api/qr/codes/{escaped}/analytics")).json()["id"] == "docs/intro"
    edited = await api.client.patch("/api/v1/dynamic/docs%2Fintro/", json={"destination_url": NEXT})
    assert edited.status_code == 200
    assert await leads_to(api, "docs/intro") == NEXT
    for path in ("/api/qr/codes/docs/intro", "/api/qr/codes/docs%2Fother", "/v1/dynamic/a%2Fb"):
        assert (await api.client.get(path)).status_code == 404, path
