"""/v1/branding, and that of a domain: stored, told to redirectors, refused, previewed."""

import asyncio

import pytest

from schemas import keys
from schemas.route import decode_change
from tests.api.service import Body, Service
from tests.pages.samples import picture

OPEN: Body = {
    **dict.fromkeys(("name", "message", "logo", "logo_path", "favicon", "favicon_path"), None),
    **dict.fromkeys(("background", "text", "accent", "imprint_url", "privacy_url"), None),
}
LOGO = picture(40, 20, (179, 56, 11), (232, 122, 62))


async def uploaded(api: Service, name: str = "logo.png", body: bytes = LOGO) -> Body:
    found: Body = (await api.client.post("/v1/files", files={"file": (name, body)})).json()
    return found


async def test_the_life_of_a_branding(api: Service) -> None:
    assert (await api.client.get("/v1/branding")).json() == OPEN
    file = await uploaded(api)
    sent = {"name": "Café Mirador", "logo": file["file_id"], "accent": "#B3380B", "privacy_url": "https://a.example/p"}
    async with api.redis.pubsub() as heard:
        await heard.subscribe(keys.ROUTES)
        await heard.get_message(timeout=5)
        put = (await api.client.put("/v1/branding", json=sent)).json()
        said = await heard.get_message(timeout=5)
    assert put == {**OPEN, **sent, "accent": "#b3380b", "logo_path": file["file_path"]}
    # Redirectors can read what they are told, and read brandings again.
    assert said is not None and decode_change(said["data"]).key == keys.DOMAINS
    # What was read can be sent back.
    assert (await api.client.put("/v1/branding", json=put)).json() == put
    assert (await api.client.get("/v1/branding")).json() == put
    stranger = await api.caller("theirs")
    assert (await stranger.get("/v1/branding")).json() == OPEN
    answer = await stranger.put("/v1/branding", json={"logo": file["file_id"]})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "logo")
    await stranger.aclose()
    assert (await api.client.put("/v1/branding", json={})).json() == OPEN
    assert not await api.redis.hlen(keys.BRANDINGS)


async def test_two_people_do_not_overwrite_each_other(api: Service) -> None:
    seen = (await api.client.get("/v1/branding")).headers["etag"]
    mine = await api.client.put("/v1/branding", json={"name": "Mine"}, headers={"If-Match": seen})
    theirs = await api.client.put("/v1/branding", json={"name": "Theirs"}, headers={"If-Match": seen})
    assert (mine.status_code, theirs.status_code, theirs.json()["error"]["field"]) == (200, 412, "If-Match")
    assert mine.headers["etag"] == (await api.client.get("/v1/branding")).headers["etag"] != seen
    # Of several at once exactly one is first; who says nothing of what was seen replaces it.
    both = [
        api.client.put("/v1/branding", json={"name": name}, headers={"If-Match": mine.headers["etag"]}) for name in "ab"
    ]
    assert sorted([one.status_code for one in await asyncio.gather(*both)]) == [200, 412]
    assert (await api.client.put("/v1/branding", json={})).headers["etag"] == seen


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x" * 81}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"message": "x" * 301}, "message"),
        ({"message": "a\u202eb"}, "message"),
        ({"accent": "red"}, "accent"),
        ({"accent": "#ffd400"}, "accent"),
        ({"background": "#333333", "text": "#555555"}, "text"),
        ({"accent": "#1d4e89;}*{display:none"}, "accent"),
        ({"logo": "../etc/passwd"}, "logo"),
        ({"imprint_url": "javascript:alert(1)"}, "imprint_url"),
        ({"font": "serif"}, "font"),
    ],
)
async def test_what_is_refused(api: Service, body: Body, field: str) -> None:
    answer = await api.client.put("/v1/branding", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    domain = (await api.client.post("/v1/domains", json={"domain": "go.example.com"})).json()
    answer = await api.client.patch(f"/v1/domains/{domain['id']}", json={"branding": body})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, f"branding.{field}")


async def test_a_domain_has_a_branding_of_its_own(api: Service) -> None:
    domain = (await api.client.post("/v1/domains", json={"domain": "go.example.com"})).json()
    path = f"/v1/domains/{domain['id']}"
    branded = (await api.client.patch(path, json={"branding": {"name": "Go"}})).json()
    assert branded == {**domain, "branding": {**OPEN, "name": "Go"}}
    assert (await api.client.patch(path, json={"root_text": "Hello"})).json()["branding"] == branded["branding"]
    assert (await api.client.patch(path, json=branded)).json() == {**branded, "root_text": None}
    assert (await api.client.patch(path, json={"branding": None})).json()["branding"] is None


async def test_a_preview_is_the_page_with_its_pictures_and_may_stand_in_a_frame_of_ours(api: Service) -> None:
    file = await uploaded(api)
    await api.client.put("/v1/branding", json={"message": "Until ten."})
    draft = {"page": "wrong", "language": "de", "mode": "dark", "name": "<b>&", "logo": file["file_id"]}
    answer = await api.client.get("/v1/branding/preview", params={**draft, "of_domain": "1"})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    assert "Passwort" in answer.text and "color-scheme:dark" in answer.text and "Until ten." in answer.text
    assert "&lt;b&gt;&amp;" in answer.text and "<b>" not in answer.text and 'src="data:image/png;base64,' in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "frame-ancestors 'self'" in policy and "sandbox" in policy
    assert "Until ten." not in (await api.client.get("/v1/branding/preview", params=draft)).text
    for wrong, field in (({"page": "home"}, "page"), ({"accent": "#ffff00"}, "accent")):
        answer = await api.client.get("/v1/branding/preview", params=wrong)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
