"""Qravio and `/v1` show the same codes: what is written in one reads right in the other."""

from tests.api.qravio.calls import (
    CONTENTS,
    ELSEWHERE,
    HERE,
    PATH,
    THERE,
    edited,
    made,
    native,
    page,
    read,
    refused,
    sent,
    variants,
    verified_domain,
)
from tests.api.service import SHORT, Body, Service


async def patched(api: Service, id: str, /, **fields: object) -> Body:
    response = await api.client.patch(f"/v1/dynamic/{id}", json=fields)
    assert response.status_code == 200, response.text
    found: Body = response.json()
    return found


async def test_made_there_read_here(api: Service) -> None:
    domain = await verified_domain(api, "go.example.com")
    code = await api.make(
        destination=HERE,
        label=None,
        slug="spring-sale",
        domain="go.example.com",
        status="paused",
        password="open sesame",
        tags=["poster"],
        variants=[{"url": THERE, "weight": 5_000, "label": "B"}, {"url": ELSEWHERE, "active": False, "weight": 7}],
        rules=[{"if": {"country": "GB"}, "to": HERE, "label": "UK", "active": False}],
    )
    found = await read(api, code["id"])
    keys = {one["key"]: one["id"] for one in (*code["variants"], *code["rules"])}
    assert found == {
        **found,
        "id": code["id"],
        "name": "",
        "type": "website",
        "category": "dynamic",
        "short_code": "spring-sale",
        "status": "inactive",
        "custom_domain_id": domain,
        "ab_enabled": False,
        "is_password_protected": True,
        "content": {"url": THERE},
        "created_at": code["created_at"],
        "destinations": [
            {"id": keys["a"], "target_url": THERE, "weight": 5_000, "is_active": True, "label": "B",
             "variant_key": "a", "rules": None},
            {"id": keys["b"], "target_url": ELSEWHERE, "weight": 7, "is_active": False, "label": None,
             "variant_key": "b", "rules": None},
            {"id": keys["c"], "target_url": HERE, "weight": None, "is_active": False, "label": "UK",
             "variant_key": "c", "rules": {"country": ["GB"]}},
        ],
    }  # fmt: skip


async def test_what_is_not_shown_here_is_not_touched_by_a_write_here(api: Service) -> None:
    code = await api.make(
        destination=HERE,
        tags=["poster"],
        starts_at="2026-01-01T00:00:00Z",
        expires_at="2027-01-01T00:00:00Z",
        expired_destination=THERE,
        scan_limit=5,
        query="append",
        sticky="cookie",
        utm={"source": "poster"},
        apps={"ios": "https://example.com/app"},
    )
    await edited(api, code["id"], name="New", status="inactive", destinations=[{"target_url": ELSEWHERE}])
    found = await native(api, code["id"])
    assert found == {**code, "label": "New", "status": "paused", "destination": ELSEWHERE}


async def test_made_here_read_there(api: Service) -> None:
    code = await made(
        api, sent(name="Poster", status="inactive", design={"dots": "dots"}, page_design={"theme": "dark"})
    )
    found = await native(api, code["id"])
    assert found["slug"] == code["short_code"]
    assert found["short_url"] == f"{SHORT}/{code['short_code']}"
    assert found["destination"] == HERE
    assert (found["label"], found["status"], found["type"], found["content"]) == ("Poster", "paused", "website", None)
    assert (found["style"], found["page_design"]) == ({"shape": "dots"}, {"theme": "dark"})
    assert (found["variants"], found["rules"], found["has_password"]) == ([], [], False)


async def test_pages(api: Service) -> None:
    """Codes whose type is not website show a page; their destination reads as their short link (dialects.md 10)."""
    for type in ["vcard_plus", "wifi", "pdf", "text", "list_links"]:
        code = await made(api, page(type))
        found = await native(api, code["id"])
        assert (found["type"], found["content"], found["destination"]) == (type, CONTENTS[type], found["short_url"])
        assert code["destinations"][0]["target_url"] == found["short_url"]
        there = (await api.client.post("/v1/dynamic", json={"type": type, "content": CONTENTS[type]})).json()
        here = await read(api, there["id"])
        assert (here["type"], here["content"], here["category"]) == (type, CONTENTS[type], "dynamic")


async def test_a_slug_change_shows_at_once(api: Service) -> None:
    """A slug change shows in short_code at once (dialects.md 3)."""
    code = await made(api)
    await patched(api, code["id"], slug="moved-here")
    assert (await read(api, code["id"]))["short_code"] == "moved-here"
    assert (await api.client.get(PATH)).json()[0]["short_code"] == "moved-here"


async def test_variants_that_are_emptied_there(api: Service) -> None:
    """While there are variants, destination is only the fallback (dialects.md 12)."""
    code = await made(api, sent(destinations=[{"target_url": HERE}, {"target_url": THERE}]))
    await patched(api, code["id"], destination=ELSEWHERE)
    assert (await read(api, code["id"]))["content"] == {"url": HERE}
    await patched(api, code["id"], variants=[])
    found = await read(api, code["id"])
    assert variants(found) == [("a", ELSEWHERE, 100)]
    assert (found["content"], found["ab_enabled"]) == ({"url": ELSEWHERE}, False)
    assert (await edited(api, code["id"], destinations=found["destinations"]))["content"] == {"url": ELSEWHERE}


async def test_changes_of_the_destination_count_through_any_api(api: Service) -> None:
    """destination_changes_count counts changes to another URL, through any dialect (dialects.md 9)."""
    code = await made(api)
    await edited(api, code["id"], destinations=[{"target_url": HERE, "label": "same"}])
    await edited(api, code["id"], content={"url": THERE})
    await edited(api, code["id"], destinations=[{"target_url": HERE}, {"target_url": THERE}])
    await edited(api, code["id"], destinations=[{"target_url": HERE, "weight": 3}, {"target_url": ELSEWHERE}])
    kept = await api.codes.by_slug("", code["short_code"])
    assert kept is not None and kept.destination_changes == 2


async def test_deleted_here_is_gone_there(api: Service) -> None:
    """A deleted code is 404 in every API (dialects.md 25)."""
    code, other = await made(api), await made(api)
    await api.client.delete(f"{PATH}/{code['id']}")
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).status_code == 404
    await api.client.delete(f"/v1/dynamic/{other['id']}")
    refused(await api.client.get(f"{PATH}/{other['id']}"), 404)


async def test_a_tag_of_one_api_is_good_in_the_other(api: Service) -> None:
    code = await made(api)
    there = await api.client.get(f"/v1/dynamic/{code['id']}")
    here = await api.client.get(f"{PATH}/{code['id']}")
    assert here.headers["etag"].startswith(there.headers["etag"].removesuffix('"') + ".")
    for path in (f"{PATH}/{code['id']}", f"/v1/dynamic/{code['id']}"):
        for tag in (here.headers["etag"], there.headers["etag"]):
            assert (await api.client.patch(path, json={}, headers={"If-Match": tag})).status_code == 200
    await patched(api, code["id"], label="changed")
    stale = {"If-Match": here.headers["etag"]}
    refused(await api.client.patch(f"{PATH}/{code['id']}", json={"name": "x"}, headers=stale), 412)
    refused(await api.client.delete(f"{PATH}/{code['id']}", headers=stale), 412)
