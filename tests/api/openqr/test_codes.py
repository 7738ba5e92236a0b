"""Each promise of OpenQR's guide to codes. The quoted lines are the guide's own."""

import re
from uuid import UUID

import pytest

from api.dialects.openqr import pagination
from tests.api.service import SHORT, Service


async def test_every_call_needs_a_bearer_key(api: Service) -> None:
    """every call here needs a free key sent as Authorization: Bearer oqr_…"""
    id = (await api.make())["id"]
    calls = [
        ("POST", ""),
        ("GET", ""),
        ("GET", f"/{id}"),
        ("PATCH", f"/{id}"),
        ("DELETE", f"/{id}"),
        ("GET", f"/{id}/scans"),
    ]
    for method, path in calls:
        for headers in ({}, {"Authorization": "Bearer oqr_live_wrong"}, {"Authorization": "Basic eA=="}):
            response = await api.anonymous.request(method, f"/v1/dynamic{path}", headers=headers)
            assert response.status_code == 401
            assert response.json()["error"]["code"] == "unauthorized"
            assert response.headers["www-authenticate"].startswith("Bearer")
    assert (await api.key()).startswith("oqr_")


async def test_create(api: Service) -> None:
    """A successful call returns 201 with the new code's id, slug, short_url and destination."""
    sent = {"destination": "https://example.com/spring-launch", "label": "Spring poster — bus stops"}
    response = await api.client.post("/v1/dynamic", json=sent)
    assert response.status_code == 201
    code = response.json()
    assert str(UUID(code["id"])) == code["id"]
    assert re.fullmatch(r"[2-9A-HJ-NP-Za-km-z]{7}", code["slug"])
    assert code["short_url"] == f"{SHORT}/{code['slug']}"
    assert {name: code[name] for name in sent} == sent


async def test_only_the_destination_is_needed(api: Service) -> None:
    """POST /v1/dynamic with a JSON body of { destination, label? }."""
    assert (await api.make())["label"] is None
    response = await api.client.post("/v1/dynamic", json={"label": "a"})
    assert (response.status_code, response.json()["error"]["field"]) == (400, "destination")


@pytest.mark.parametrize(
    "destination",
    [
        "ftp://example.com/a", "javascript:alert(1)", "example.com", "https://", "", "http://localhost/a",
        "http://127.0.0.1", "http://0x7f.1", "http://2130706433", "http://[::1]/", "http://10.1.2.3/", "http://printer/",
        "http://169.254.169.254/latest", "https://internal.example.com/", f"{SHORT}/k7Pm2qR", "https://example.com/a b",
        "https://user@example.com/", "https://example.com/%zz", "https://example.com/\x00",
        "https://example.com/" + "a" * 2048,
    ],
)  # fmt: skip
async def test_destinations_are_public(api: Service, destination: str) -> None:
    """private or internal hosts and oqr.to self-loops are rejected as an abuse guard."""
    id = (await api.make())["id"]
    for response in (
        await api.client.post("/v1/dynamic", json={"destination": destination}),
        await api.client.patch(f"/v1/dynamic/{id}", json={"destination": destination}),
    ):
        assert (response.status_code, response.json()["error"]["field"]) == (400, "destination")


async def test_a_destination_is_kept_byte_for_byte(api: Service) -> None:
    """which looks up the current destination and issues a 302 to it."""
    for destination in (
        "HTTPS://Example.COM/%7Ea?b=c#d",
        "https://example.com/" + "a" * 2028,
        "https://bücher.example.com/ä",
    ):
        code = await api.make(destination=destination)
        assert code["destination"] == destination
        assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json()["destination"] == destination


async def test_edit_changes_what_is_sent_and_nothing_else(api: Service) -> None:
    """Send only the fields you want to change."""
    code = await api.make(label="a", tags=["x"], style={"shape": "dots"})
    api.clock.pass_by(seconds=90)
    for sent in (
        {"destination": "https://example.com/spring/live"},
        {"label": "b"},
        {"slug": "spring-sale"},
        {"tags": ["y"]},
        {"style": {"shape": "square", "more": [1, 2.5, None, {"é": True}]}},
        {"status": "paused"},
        {"folder_id": None},
    ):
        response = await api.client.patch(f"/v1/dynamic/{code['id']}", json=sent)
        code = {**code, **sent, "updated_at": "2026-05-21T15:01:30Z"}
        code["short_url"] = f"{SHORT}/{code['slug']}"
        assert (response.status_code, response.json()) == (200, code)
        assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json() == code
    api.clock.pass_by(seconds=90)
    response = await api.client.patch(f"/v1/dynamic/{code['id']}", json={})
    assert (response.status_code, response.json()) == (200, code)


async def test_the_label_can_be_cleared(api: Service) -> None:
    """Internal name. Send null to clear it."""
    code = await api.make(label="a")
    assert (await api.client.patch(f"/v1/dynamic/{code['id']}", json={"label": None})).json()["label"] is None


@pytest.mark.parametrize("slug", ["abc", "spring-sale", "1-2-3", "a" * 48])
async def test_custom_slugs(api: Service, slug: str) -> None:
    """Custom back-half, 3–48 chars [a-z0-9-], no leading/trailing or doubled hyphen."""
    code = await api.make()
    edited = (await api.client.patch(f"/v1/dynamic/{code['id']}", json={"slug": slug})).json()
    assert (edited["slug"], edited["short_url"], edited["id"]) == (slug, f"{SHORT}/{slug}", code["id"])
    assert (await api.client.patch(f"/v1/dynamic/{code['id']}", json={"slug": slug})).status_code == 200
    assert (await api.client.delete(f"/v1/dynamic/{code['id']}")).status_code == 200
    assert (await api.make(slug=slug))["slug"] == slug


@pytest.mark.parametrize(
    "slug",
    ["", "ab", "a" * 49, "-ab", "ab-", "a--b", "Abc", "a_b", "a b", "a/b", "ábc", "abc\n", "abc\x00", "a.b"],
)
async def test_other_slugs_are_refused(api: Service, slug: str) -> None:
    """3–48 chars [a-z0-9-], no leading/trailing or doubled hyphen"""
    id = (await api.make())["id"]
    for response in (
        await api.client.patch(f"/v1/dynamic/{id}", json={"slug": slug}),
        await api.client.post("/v1/dynamic", json={"destination": "https://example.com", "slug": slug}),
    ):
        assert (response.status_code, response.json()["error"]["field"]) == (400, "slug")


async def test_a_taken_slug_is_409(api: Service) -> None:
    """A 409 means that back-half is already taken."""
    await api.make(slug="spring-sale")
    id = (await api.make())["id"]
    theirs = await api.caller("theirs")
    sent = {"destination": "https://example.com", "slug": "spring-sale"}
    for response in (
        await api.client.patch(f"/v1/dynamic/{id}", json={"slug": "spring-sale"}),
        await api.client.post("/v1/dynamic", json=sent),
        await theirs.post("/v1/dynamic", json=sent),
        await api.client.post("/v1/dynamic", json={**sent, "slug": "bulk"}),
        await api.client.patch(f"/v1/dynamic/{id}", json={"slug": "custom-domains"}),
    ):
        assert (response.status_code, response.json()["error"]["field"]) == (409, "slug")


async def test_a_changed_slug_leaves_the_old_one(api: Service) -> None:
    """Repoints the short link — the OLD slug stops resolving."""
    code = await api.make(slug="before")
    await api.client.patch(f"/v1/dynamic/{code['id']}", json={"slug": "after"})
    assert await api.codes.by_slug("", "before") is None
    now = await api.codes.by_slug("", "after")
    assert now is not None and now.id == code["id"]
    theirs = await api.caller("theirs")
    sent = {"destination": "https://example.com", "slug": "before"}
    assert (await theirs.post("/v1/dynamic", json=sent)).status_code == 409
    assert (await api.client.post("/v1/dynamic", json=sent)).status_code == 201


async def test_tags(api: Service) -> None:
    """Deduped and lower-cased, max 10. Replaces the existing set."""
    code = await api.make(tags=["Poster", "poster", "SPRING"])
    assert code["tags"] == ["poster", "spring"]
    ten = [f"t{number}" for number in range(10)]
    edited = await api.client.patch(f"/v1/dynamic/{code['id']}", json={"tags": [*ten, "T9"]})
    assert edited.json()["tags"] == ten
    for tags in ([*ten, "t10"], ["a" * 51], [""]):
        response = await api.client.patch(f"/v1/dynamic/{code['id']}", json={"tags": tags})
        assert (response.status_code, response.json()["error"]["field"]) == (400, "tags")
    assert (await api.client.patch(f"/v1/dynamic/{code['id']}", json={"tags": []})).json()["tags"] == []


async def test_folders_can_be_left_and_unknown_ones_are_refused(api: Service) -> None:
    """File into a folder, or null to un-file."""
    code = await api.make(folder_id=None)
    assert (await api.client.patch(f"/v1/dynamic/{code['id']}", json={"folder_id": None})).json()["folder_id"] is None
    response = await api.client.patch(f"/v1/dynamic/{code['id']}", json={"folder_id": "f1"})
    assert (response.status_code, response.json()["error"]["field"]) == (400, "folder_id")


async def test_list(api: Service) -> None:
    """GET /v1/dynamic?limit= returns your codes newest-first (limit ≤ 500, default 200)."""
    ids = [(await api.make())["id"] for _ in range(203)][::-1]
    await (await api.caller("theirs")).post("/v1/dynamic", json={"destination": "https://example.com"})
    assert [code["id"] for code in (await api.client.get("/v1/dynamic")).json()["codes"]] == ids[:200]
    assert [code["id"] for code in (await api.client.get("/v1/dynamic?limit=50")).json()["codes"]] == ids[:50]
    for limit, shown in ((0, 1), (-3, 1), (1, 1), (500, 203), (501, 203), ("9" * 5000, 203)):
        page = (await api.client.get(f"/v1/dynamic?limit={limit}")).json()
        assert [code["id"] for code in page["codes"]] == ids[:shown]
    for limit in ("", "x", "1.5", "%ff"):
        response = await api.client.get(f"/v1/dynamic?limit={limit}")
        assert (response.status_code, response.json()["error"]["field"]) == (400, "limit")


async def test_a_list_goes_on_where_it_stopped(api: Service) -> None:
    ids = [(await api.make())["id"] for _ in range(7)][::-1]
    page = (await api.client.get("/v1/dynamic?limit=3")).json()
    # Neither new codes nor deleted ones move what follows.
    await api.make()
    await api.client.delete(f"/v1/dynamic/{ids[2]}")
    await api.client.delete(f"/v1/dynamic/{ids[3]}")
    seen = [code["id"] for code in page["codes"]]
    while page["next_cursor"] is not None:
        page = (await api.client.get("/v1/dynamic", params={"limit": 2, "cursor": page["next_cursor"]})).json()
        seen += [code["id"] for code in page["codes"]]
    assert seen == ids[:3] + ids[4:]
    assert len(page["codes"]) == 1
    for cursor in ("", "x", "-1", "0", "1.5", "9" * 40, "%00"):
        response = await api.client.get(f"/v1/dynamic?cursor={cursor}")
        assert (response.status_code, response.json()["error"]["field"]) == (400, "cursor")


async def test_a_list_of_a_tag(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [(await api.make(tags=["even" if n % 2 == 0 else "odd", f"n{n % 3}"]))["id"] for n in range(12)][::-1]
    page = (await api.client.get("/v1/dynamic?tag=Odd")).json()
    assert ([code["id"] for code in page["codes"]], page["next_cursor"]) == (ids[0::2], None)
    page = (await api.client.get("/v1/dynamic?tag=even&tag=n0")).json()
    assert [code["id"] for code in page["codes"]] == [ids[5], ids[11]]
    assert (await api.client.get("/v1/dynamic?tag=none")).json() == {"codes": [], "next_cursor": None}
    # However little is looked through for one page, nothing is shown twice or left out.
    monkeypatch.setattr(pagination, "MAX_READ", 4)
    monkeypatch.setattr(pagination, "READ_AT_ONCE", 4)
    for limit in (1, 2, 3, 5):
        seen: list[str] = []
        asked = {"tag": "odd", "limit": str(limit)}
        while "cursor" not in asked or asked["cursor"]:
            page = (await api.client.get("/v1/dynamic", params=asked)).json()
            seen += [code["id"] for code in page["codes"]]
            assert len(page["codes"]) <= limit
            asked["cursor"] = page["next_cursor"]
        assert seen == ids[0::2]


async def test_a_list_of_what_is_searched_for(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(query: str, **more: str) -> list[str]:
        page = (await api.client.get("/v1/dynamic", params={"q": query, **more})).json()
        return [code["slug"] for code in page["codes"]]

    await api.make(slug="tides", label="Harbour Wall", tags=["quay"])
    await api.make(slug="harbour-cafe", aliases=["the-old-pier"], destination="https://example.com/Menu")
    await api.make(slug="north", label="STRASSE", tags=["harbour"])
    assert await found("harbour") == ["north", "harbour-cafe", "tides"]
    assert await found("harbour", tag="quay") == await found(" WALL  harb ") == await found("quay") == ["tides"]
    assert await found("example.com/menu") == ["harbour-cafe"]
    assert await found("straße") == ["north"]
    assert await found("old-pier") == ["harbour-cafe"]
    assert await found("") == await found(" ") == await found("example.com")
    # No word is put together of the end of one field and the beginning of the next.
    assert await found("cafehttps") == await found("wall tides zz") == []
    monkeypatch.setattr(pagination, "MAX_READ", 1)
    monkeypatch.setattr(pagination, "READ_AT_ONCE", 1)
    page = (await api.client.get("/v1/dynamic?q=tides")).json()
    assert page["codes"] == [] and page["next_cursor"] is not None
    for query, at in (("x" * 201, "q"), ("a%00b", "q")):
        refused = await api.client.get(f"/v1/dynamic?q={query}")
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, at)


async def test_a_list_by_status_and_of_what_is_named(api: Service) -> None:
    async def found(**asked: str | list[str]) -> list[str]:
        page = (await api.client.get("/v1/dynamic", params=asked)).json()
        assert page["next_cursor"] is None
        return [code["slug"] for code in page["codes"]]

    first, second, third = [await api.make(slug=slug) for slug in ("one", "two", "three")]
    await api.client.patch(f"/v1/dynamic/{second['id']}", json={"status": "paused"})
    assert await found(status="paused") == ["two"]
    assert await found(status="active") == ["three", "one"]
    theirs = await api.caller("theirs")
    foreign = (await theirs.post("/v1/dynamic", json={"destination": "https://example.com/a"})).json()["id"]
    await theirs.aclose()
    assert await found(id=[second["id"], foreign, third["id"], "x", first["id"], second["id"]]) == [
        "two",
        "three",
        "one",
    ]
    assert await found(id=[second["id"], third["id"]], status="active") == ["three"]
    for query, at in (("status=on", "status"), ("&".join(f"id={n}" for n in range(101)), "id")):
        refused = await api.client.get(f"/v1/dynamic?{query}")
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, at)


async def test_tags_are_counted(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for tags in (["a", "b"], [], ["b"], ["c", "b"]):
        await api.make(tags=tags)
    counted = [{"tag": "b", "codes": 3}, {"tag": "a", "codes": 1}, {"tag": "c", "codes": 1}]
    assert (await api.client.get("/v1/tags")).json() == {"tags": counted, "next_cursor": None}
    other = await api.caller("theirs")
    assert (await other.get("/v1/tags")).json() == {"tags": [], "next_cursor": None}
    await other.aclose()
    monkeypatch.setattr("api.dialects.openqr.tags.MAX_READ", 2)
    monkeypatch.setattr("api.dialects.openqr.tags.READ_AT_ONCE", 2)
    first = (await api.client.get("/v1/tags")).json()
    assert first["tags"] == [{"tag": "b", "codes": 2}, {"tag": "c", "codes": 1}]
    then = (await api.client.get("/v1/tags", params={"cursor": first["next_cursor"]})).json()
    assert then["tags"] == [{"tag": "a", "codes": 1}, {"tag": "b", "codes": 1}]
    assert (await api.client.get("/v1/tags?cursor=x")).status_code == 400


async def test_what_a_list_shows_is_the_code(api: Service) -> None:
    """{ "codes": [ { "id", "slug", "short_url", "destination", "label", "status", "created_at" }, … ] }"""
    sent = {"label": "a", "slug": "spring-sale", "tags": ["x"], "status": "paused", "style": {"shape": "dots"}}
    code = await api.make(**sent)
    assert code == {
        "id": code["id"],
        "slug": "spring-sale",
        "aliases": [],
        "short_url": f"{SHORT}/spring-sale",
        "destination": "https://example.com/a",
        "label": "a",
        "status": "paused",
        "created_at": "2026-05-21T15:00:00Z",
        "updated_at": "2026-05-21T15:00:00Z",
        "tags": ["x"],
        "folder_id": None,
        "style": {"shape": "dots"},
        "domain": None,
        "type": "website",
        "content": None,
        "page_design": None,
        "starts_at": None,
        "expires_at": None,
        "expired_destination": None,
        "scan_limit": None,
        "has_password": False,
        "locked": False,
        "query": "drop",
        "variants": [],
        "rules": [],
        "sticky": "visitor",
        "apps": None,
        "utm": {},
    }
    assert (await api.client.get("/v1/dynamic")).json() == {"codes": [code], "next_cursor": None}
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json() == code
    assert (await api.client.patch(f"/v1/dynamic/{code['id']}", json=code)).json() == code


async def test_delete(api: Service) -> None:
    """DELETE /v1/dynamic/{id} removes one and returns { "deleted": true }; the slug immediately stops resolving."""
    code = await api.make(slug="spring-sale")
    response = await api.client.delete(f"/v1/dynamic/{code['id']}")
    assert (response.status_code, response.json()) == (200, {"deleted": True})
    assert await api.codes.by_slug("", "spring-sale") is None
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/scans")):
        response = await api.client.request(method, f"/v1/dynamic/{code['id']}{path}", json={})
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert (await api.client.get("/v1/dynamic")).json()["codes"] == []
