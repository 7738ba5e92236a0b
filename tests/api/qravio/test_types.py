"""Qravio: the content of each type, and static codes. The quoted lines are the document's own."""

from tests.api.qravio.calls import (
    CONTENTS,
    DYNAMIC,
    HERE,
    NOBODY,
    PATH,
    STATIC,
    edited,
    made,
    page,
    read,
    refused,
    sent,
    static,
)
from tests.api.service import Body, Service

# Type, the field that it reads, and what is needed in it: the document's table.
NEEDED = [
    ("email", "emailContent", ["email"]),
    ("sms", "smsContent", ["number", "message"]),
    ("whatsapp", "whatsAppContent", ["number"]),
    ("wifi", "wifiContent", ["network_name", "encryption"]),
    ("bitcoin", "bitcoinContent", ["address", "amount"]),
    ("paypal", "paypalContent", ["username", "amount"]),
    ("vcard", "vCardContent", ["first_name", "last_name"]),
    ("vcard_plus", "vCardContent", ["first_name", "last_name"]),
    ("business", "businessContent", ["business_name"]),
    ("social_media", "socialMediaContent", ["profileName"]),
    ("coupon", "couponContent", ["title"]),
    ("apps", "appContent", ["appName"]),
    ("landing_page", "landingPageContent", ["title"]),
    *((type, "fileContent", ["file_id", "file_path", "file_name", "content_type", "size_bytes"])
      for type in ("pdf", "video", "mp3")),
    ("list_links", "listOfLinkContent", ["profile_name"]),
]  # fmt: skip
MORE: dict[str, Body] = {
    "email": {"subject": "Hi", "body": "Hello\nthere"},
    "whatsapp": {"message": "hi"},
    "wifi": {"password": "secret", "hidden": True},
    "bitcoin": {"label": "Ada", "message": "thanks"},
    "paypal": {"note": "thanks"},
    "vcard": {"phone": "+44123456", "email": "ada@example.com", "company": "Engines"},
    "business": {"phone": "+44123456", "email": "a@example.com", "address": "1 Road", "business_hours": {"mon": "9-5"},
                 "theme": "dark"},
    "social_media": {"instagram": "ada", "facebook": "ada", "twitter": "@ada", "linkedin": "in/ada",
                     "youtube": "https://youtube.com/@ada", "website": "https://example.com"},
    "event": {"event_name": "Talk", "start_date": "2026-06-22T18:00:00Z", "location": "Hall", "rsvp_url": HERE},
    "coupon": {"discountType": "percent", "discountValue": 50, "code": "HALF", "terms": "One each"},
    "apps": {"appStoreUrl": "https://apps.apple.com/x", "playStoreUrl": "https://play.google.com/x"},
    "landing_page": {"subtitle": "World", "buttonText": "Go", "buttonUrl": HERE, "theme": "ocean"},
    "list_links": {"bio": "me"},
}  # fmt: skip


def of(type: str, content: Body) -> Body:
    return static(type, content=content) if type in STATIC else page(type, content=content)


async def test_what_each_type_needs(api: Service) -> None:
    """Each type reads from one field below (* = required)."""
    for type, field, needed in NEEDED:
        whole = CONTENTS[type][field]
        assert set(whole) >= set(needed)
        assert (await made(api, of(type, {field: whole})))["content"] == {field: whole}
        for name in needed:
            part = {key: value for key, value in whole.items() if key != name}
            assert refused(await api.client.post(PATH, json=of(type, {field: part}))).startswith(
                f"content.{field}.{name}"
            )
        wrongs: list[Body] = [{}, {field: None}, {"url": HERE}]
        for wrong in wrongs:
            assert refused(await api.client.post(PATH, json=of(type, wrong))).startswith(f"content.{field}")
        for broken in (5, "x", [5]):
            assert refused(await api.client.post(PATH, json=of(type, {field: broken}))).startswith(f"content.{field}")


async def test_what_else_a_type_may_say(api: Service) -> None:
    """The content object shape depends on type — see QR types."""
    for type in sorted(MORE):
        [(field, needed)] = CONTENTS[type].items()
        content = {field: {**needed, **MORE[type], "kept": "too"}}
        assert (await made(api, of(type, content)))["content"] == content


async def test_a_list_of_links(api: Service) -> None:
    """listOfLinkContent profile_name*, bio, links[] (id*, title*, url*)"""
    for name in ("id", "title", "url"):
        link = {"id": "1", "title": "T", "url": HERE}
        del link[name]
        content = {"listOfLinkContent": {"profile_name": "ada", "links": [link]}}
        detail = refused(await api.client.post(PATH, json=page("list_links", content=content)))
        assert detail.startswith(f"content.listOfLinkContent.links[0].{name}")


async def test_images_are_an_array(api: Service) -> None:
    """images content.imagesContent array of file objects"""
    wrongs: list[object] = [[], {}, [{"file_id": NOBODY}], [{**CONTENTS["pdf"]["fileContent"]}]]
    for wrong in wrongs:
        response = await api.client.post(PATH, json=page("images", content={"imagesContent": wrong}))
        assert refused(response).startswith("content.imagesContent")


async def test_a_file_is_of_its_type(api: Service) -> None:
    """pdf / video / mp3 content.fileContent"""
    for type in ["video", "mp3", "pdf"]:
        file = {**CONTENTS[type]["fileContent"], "content_type": "image/png"}
        assert refused(await api.client.post(PATH, json=page(type, content={"fileContent": file}))).startswith(
            "content.fileContent.content_type"
        )


async def test_all_thirteen_dynamic_types(api: Service) -> None:
    """all 13: website, pdf, images, vcard_plus, video, list_links, mp3, business, social_media, event, coupon, apps,"""
    for type in DYNAMIC:
        code = await made(api, sent() if type == "website" else page(type))
        assert (code["type"], code["category"]) == (type, "dynamic")
        assert code["short_code"]


async def test_content_can_be_updated(api: Service) -> None:
    """Updated type-specific content."""
    code = await made(api, page("business"))
    content = {"businessContent": {"business_name": "Bar", "phone": "+44123"}}
    assert (await edited(api, code["id"], content=content))["content"] == content
    wrongs: list[object] = [{}, {"businessContent": {}}, {"url": HERE}, 5, None]
    for wrong in wrongs:
        response = await api.client.patch(f"{PATH}/{code['id']}", json={"content": wrong})
        assert refused(response).startswith("content")
    assert (await read(api, code["id"]))["content"] == content


async def test_static_types(api: Service) -> None:
    """Static types (available on all plans): url, text, vcard, email, sms, whatsapp, wifi, bitcoin, paypal."""
    for type in STATIC:
        code = await made(api, static(type))
        assert code == {
            **code,
            "type": type,
            "category": "static",
            "short_code": None,
            "custom_domain_id": None,
            "destinations": [],
            "content": CONTENTS[type],
            "total_scans": 0,
            "status": "active",
            "ab_enabled": False,
            "is_password_protected": False,
        }


async def test_other_types_are_not_static(api: Service) -> None:
    """Static types (available on all plans): url, text, vcard, email, sms, whatsapp, wifi, bitcoin, paypal."""
    for type in [*sorted(set(DYNAMIC)), "phone", "teapot"]:
        body = {**static(), "type": type, "content": CONTENTS.get(type, {"phone": "+44123"})}
        assert refused(await api.client.post(PATH, json=body)).startswith("type")


async def test_a_static_code_can_be_edited(api: Service) -> None:
    """Partially updates a QR code. Send only the fields you want to change."""
    code = await made(api, static("wifi", design={"dots": "dots"}))
    assert code["design"] == {"dots": "dots"}
    api.clock.pass_by(minutes=1)
    content = {"wifiContent": {"network_name": "Bar", "encryption": "nopass"}}
    found = await edited(api, code["id"], name="New", status="inactive", content=content, design=None)
    assert (found["name"], found["status"], found["content"], found["design"]) == ("New", "inactive", content, None)
    assert (found["created_at"], found["updated_at"]) == (code["created_at"], "2026-05-21T15:01:00Z")
    for wrong, field in (
        ({"content": {}}, "content.wifiContent"),
        ({"name": None}, "name"),
        ({"password": "secret"}, "password"),
        ({"custom_domain_id": NOBODY}, "custom_domain_id"),
    ):
        assert refused(await api.client.patch(f"{PATH}/{code['id']}", json=wrong)).startswith(field)
    assert await read(api, code["id"]) == found


async def test_a_static_code_has_no_short_link(api: Service) -> None:
    """short_code string | null"""
    for field in ["custom_domain_id", "password"]:
        assert refused(await api.client.post(PATH, json=static(**{field: NOBODY}))).startswith(field)


async def test_static_codes_are_shown_only_here(api: Service) -> None:
    """ "dynamic" (editable destination) or "static"."""
    code = await made(api, static())
    assert (await api.client.get("/v1/dynamic")).json()["codes"] == []
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).status_code == 404
