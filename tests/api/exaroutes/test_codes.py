"""Each promise of ExaRoutes' page about dynamic codes. The quoted lines are the page's own."""

import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from api.dialects.exaroutes import style_fields
from codes.code_fields import Edit
from tests.api.exaroutes.calls import CARD, CODES, PAYLOADS, URL, error, make, native_id
from tests.api.service import TARGET, Body, Service
from tests.servers.dns import name_server

SHAPE = [
    *("id", "type", "dataType", "destination", "redirectUrl"),
    *("status", "encrypted", "secure", "createdAt", "updatedAt"),
]


# Create a dynamic QR code


async def test_create(api: Service) -> None:
    """POST /api/qr/codes { "data": …, "dataType": "url", "returnType": "png" } → the documented object"""
    made = await make(api, dataType="url", returnType="png")
    assert list(made) == SHAPE
    assert re.fullmatch("[1-9A-HJ-NP-Za-km-z]{8}", made["id"])
    assert made == {
        "id": made["id"],
        "type": "dynamic",
        "dataType": "url",
        "destination": URL,
        "redirectUrl": f"https://s.example.net/r/{made['id']}",
        "status": "active",
        "encrypted": False,
        "secure": [],
        "createdAt": "2026-05-21T15:00:00.250Z",
        "updatedAt": "2026-05-21T15:00:00.250Z",
    }


async def test_data_is_required(api: Service) -> None:
    """data is required."""
    assert error(await api.client.post(CODES, json={"dataType": "url"})) == (400, "data")
    for wrong in (None, 7, [URL], True, "", "not an address", "javascript:alert(1)", {"address": URL}):
        assert error(await api.client.post(CODES, json={"data": wrong})) == (400, "data"), wrong
    assert error(await api.client.post(CODES, json={"data": "https://internal.example.com/"})) == (400, "data")
    assert error(await api.client.post(CODES, content=b"[]")) == (400, "body")


async def test_data_type_defaults_to_url(api: Service) -> None:
    """dataType defaults to url (other values: text, email, wifi, vcard, sms, phone, geo)."""
    assert (await make(api))["dataType"] == "url"
    for wrong in ("URL", "coupon", "website", "", None, 3):
        assert error(await api.client.post(CODES, json={"data": URL, "dataType": wrong})) == (400, "dataType")


@pytest.mark.parametrize(("data_type", "data", "payload"), PAYLOADS)
async def test_every_data_type(api: Service, data_type: str, data: Any, payload: str) -> None:
    """other values: text, email, wifi, vcard, sms, phone, geo"""
    made = await make(api, dataType=data_type, data=data)
    assert (made["dataType"], made["destination"]) == (data_type, payload)
    assert (await api.client.get(f"{CODES}/{made['id']}")).json() == made


@pytest.mark.parametrize(
    "data",
    [
        CARD,
        CARD.replace("\r\n", "\n"),
        {
            "first_name": "Ann",
            "last_name": "O;Neil",
            "company": "Ex, Ltd",
            "department": "Sales",
            "job_title": "Buyer",
            "phone": "+441",
            "work_phone": "+442",
            "fax": "+443",
            "email": "ann@example.com",
            "website": "https://example.com/",
            "street": "1 High St",
            "city": "Leeds",
            "zip": "LS1",
            "country": "UK",
            "note": "first\nsecond and a line that is folded",
        },
    ],
)
async def test_contacts(api: Service, data: Any) -> None:
    """other values: text, email, wifi, vcard, sms, phone, geo"""
    made = await make(api, dataType="vcard", data=data)
    lines = made["destination"].split("\r\n")
    assert lines[0] == "BEGIN:VCARD" and lines[-1] == "END:VCARD"
    assert {"N:O\\;Neil;Ann;;;", "ORG:Ex\\, Ltd;Sales", "TITLE:Buyer", "URL:https://example.com/"} <= set(lines)
    assert {"TEL;TYPE=CELL:+441", "TEL;TYPE=WORK:+442", "TEL;TYPE=FAX:+443"} <= set(lines)
    assert "NOTE:first\\nsecond and a line that is folded" in lines
    assert any(line.endswith(";;1 High St;Leeds;;LS1;UK") for line in lines)
    # What is read back can be sent again, and means the same.
    again = await make(api, dataType="vcard", data=made["destination"])
    assert again["destination"] == made["destination"]


@pytest.mark.parametrize(
    ("data_type", "data", "field"),
    [
        ("wifi", "a network", "data"),
        ("wifi", "WIFI:T:WPA;P:secret;;", "data.network_name"),
        ("wifi", "WIFI:T:WPA;S:Cafe;;", "data.password"),
        ("wifi", {"network_name": "x"}, "data.encryption"),
        ("wifi", {"network_name": 5, "encryption": "WPA"}, "data.network_name"),
        ("vcard", "Ann", "data"),
        ("vcard", {"first_name": "Ann"}, "data.last_name"),
        ("email", "nobody", "data.email"),
        ("phone", "call me", "data"),
        ("sms", {"number": "+441"}, "data.message"),
        ("geo", "somewhere", "data"),
        ("geo", "geo:99,0", "data.latitude"),
        ("geo", {"latitude": 1}, "data.longitude"),
        ("text", "", "data"),
        ("text", "bell\u0007", "data"),
        ("text", {"words": "x"}, "data"),
    ],
)
async def test_data_that_is_not_of_its_type(api: Service, data_type: str, data: Any, field: str) -> None:
    assert error(await api.client.post(CODES, json={"data": data, "dataType": data_type})) == (400, field)


async def test_return_type(api: Service) -> None:
    """returnType (png or svg) sets the format of the printable image."""
    for wrong in ("pdf", "PNG", "", None):
        assert error(await api.client.post(CODES, json={"data": URL, "returnType": wrong})) == (400, "returnType")
    assert (await make(api, returnType="svg"))["type"] == "dynamic"


async def test_styling_fields_are_optional(api: Service) -> None:
    """Styling fields (shape, margin, colours, logo, error correction) are optional."""
    styled = {"color": "#102030", "backgroundColor": "#fefefe", "margin": 6, "errorCorrection": "Q"}
    made = await make(api, **styled)
    native = (await api.client.get(f"/v1/dynamic/{await native_id(api, made)}")).json()
    assert native["style"] == {"color": "#102030", "background": "#fefefe", "margin": 6, "error_correction": "Q"}
    assert error(await api.client.post(CODES, json={"data": URL, "errorCorrection": "Z"})) == (400, "errorCorrection")
    # A style that no scanner could read is refused, with the reason.
    pale = {"data": URL, "color": "#fefefe", "background": "#ffffff"}
    assert (await api.client.post(CODES, json=pale)).status_code == 400


async def test_unknown_fields_are_refused_by_name(api: Service) -> None:
    """A misspelt one would do nothing, and what is printed would show it (decision 1304)."""
    made = await make(api)
    wifi = {"ssid": "Guests", "encryption": "WPA", "pasword": "welcome-in"}
    bodies: list[tuple[Body, str]] = [
        ({"data": URL, "colour": "#102030"}, "colour"),
        ({"data": URL, "name": "Spring"}, "name"),
        ({"data": {"url": URL, "utm": "x"}}, "data.utm"),
        ({"dataType": "wifi", "data": wifi}, "data.pasword"),
        ({"dataType": "wifi", "data": {"wifiContent": wifi}}, "data.pasword"),
        ({"dataType": "wifi", "data": {"wifiContent": {"ssid": "Guests"}, "more": 1}}, "data.more"),
        ({"dataType": "vcard", "data": {"firstName": "Ada", "surname": "Lovelace"}}, "data.surname"),
    ]
    for body, at in bodies:
        for path in (CODES, "/api/qr/static"):
            answer = await api.client.post(path, json=body)
            assert error(answer) == (400, at) and answer.json()["error"]["code"] == "unknown_field", (path, body)
    answer = await api.client.put(f"{CODES}/{made['id']}", json={"destination": URL, "name": "x"})
    assert error(answer) == (400, "name")
    # What was read can be sent back; what cannot be written of it is ignored.
    again = await make(api, **made)
    assert again["id"] != made["id"] and again["destination"] == made["destination"]
    put = await api.client.put(f"{CODES}/{made['id']}", json={**made, "destination": f"{URL}/2", "status": "inactive"})
    assert (put.status_code, put.json()["destination"], put.json()["status"]) == (200, f"{URL}/2", "active")


# What each field of a style may be, by its own schema.
STYLES: Body = {
    "shape": "dots",
    "finder": {"ring": "rounded", "eye": "circle", "ringColor": "#102030", "eyeColor": "#102030"},
    **dict.fromkeys(("color", "foregroundColor", "fgColor"), "#102030"),
    **dict.fromkeys(("background", "backgroundColor", "bgColor"), "transparent"),
    "gradient": {"type": "linear", "colors": ["#102030", "#203040"], "angle": 90},
    "margin": 2,
    **dict.fromkeys(("errorCorrection", "errorCorrectionLevel"), "Q"),
    "logo": {"image": "data:image/png;base64,AAAA", "size": 0.2, "margin": 1, "safeArea": "circle"},
    "frame": {"caption": "Menu", "color": "#102030", "textColor": "#ffffff", "position": "top", "corners": "square"},
}


async def test_the_document_has_the_types_of_styles_and_payloads(api: Service) -> None:
    properties = (await api.anonymous.get("/openapi.json")).json()["components"]["schemas"]["NewQrCode"]["properties"]
    assert set(style_fields.FIELDS) == set(STYLES) == properties.keys() - {"data", "dataType", "returnType"}
    for name, value in STYLES.items():
        jsonschema.validate(value, properties[name])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"nothing": "of this"}, properties[name])
        parts = [
            each["properties"]
            for each in (properties[name], *properties[name].get("anyOf", ()))
            if "properties" in each
        ]
        assert [set(each) for each in parts] == ([set(value)] if isinstance(value, dict) else [])
        # What it may be by the document is read (a logo as soon as it is a picture).
        if name != "logo":
            assert style_fields.style_of({name: value}) is not None
    (data,) = [each["properties"] for each in properties["data"]["anyOf"] if each["type"] == "object"]
    assert data["ssid"]["type"] == data["network_name"]["type"] == data["firstName"]["type"] == "string"
    assert data["lat"]["type"] == data["latitude"]["type"] == "number"


# List QR codes


async def test_list_shape(api: Service) -> None:
    """ "pagination": { "total": 42, "limit": 20, "cursor": "0", "nextCursor": "20" }"""
    assert (await api.client.get(CODES)).json() == {
        "data": [],
        "pagination": {"total": 0, "limit": 25, "cursor": "0", "nextCursor": None},
    }
    made = [await make(api, data=f"{URL}/{at}") for at in range(5)]
    first = (await api.client.get(f"{CODES}?limit=2")).json()
    assert first == {
        "data": [made[4], made[3]],
        "pagination": {"total": 5, "limit": 2, "cursor": "0", "nextCursor": "2"},
    }


async def test_next_cursor(api: Service) -> None:
    """Pass nextCursor back as cursor to fetch the next page. nextCursor is null on the last page."""
    made = [(await make(api))["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = (await api.client.get(f"{CODES}?limit=2&cursor={cursor}")).json()
        assert page["pagination"]["cursor"] == cursor
        seen += [code["id"] for code in page["data"]]
        cursor = page["pagination"]["nextCursor"]
    assert seen == made[::-1]
    past = (await api.client.get(f"{CODES}?cursor=5")).json()
    assert past == {"data": [], "pagination": {"total": 5, "limit": 25, "cursor": "5", "nextCursor": None}}
    for wrong in ("x", "-1", "1.5", "", "９"):
        assert error(await api.client.get(CODES, params={"cursor": wrong})) == (400, "cursor")


async def test_limit(api: Service) -> None:
    """limit (1-100, default 25)"""
    for given, used in (("0", 1), ("-3", 1), ("1", 1), ("100", 100), ("101", 100), ("9" * 30, 100)):
        assert (await api.client.get(f"{CODES}?limit={given}")).json()["pagination"]["limit"] == used
    assert error(await api.client.get(f"{CODES}?limit=ten")) == (400, "limit")


async def test_filters(api: Service) -> None:
    """type (filter by dataType), status (active or inactive)"""
    urls = [await make(api) for _ in range(3)]
    phone = await make(api, dataType="phone", data="+441234")
    paused = await api.client.patch(f"/v1/dynamic/{await native_id(api, urls[1])}", json={"status": "paused"})
    assert paused.status_code == 200

    async def found(query: str) -> tuple[list[str], int]:
        page = (await api.client.get(f"{CODES}?{query}")).json()
        return [code["id"] for code in page["data"]], page["pagination"]["total"]

    assert await found("type=phone") == ([phone["id"]], 1)
    assert await found("type=url") == ([code["id"] for code in urls[::-1]], 3)
    assert await found("status=inactive") == ([urls[1]["id"]], 1)
    assert await found("status=active") == ([phone["id"], urls[2]["id"], urls[0]["id"]], 3)
    assert await found("type=url&status=active&limit=1") == ([urls[2]["id"]], 2)
    assert await found("type=url&status=active&limit=1&cursor=1") == ([urls[0]["id"]], 2)
    assert await found("type=geo") == ([], 0)
    assert error(await api.client.get(f"{CODES}?type=website")) == (400, "type")
    assert error(await api.client.get(f"{CODES}?status=paused")) == (400, "status")
    shown = (await api.client.get(f"{CODES}/{urls[1]['id']}")).json()
    assert shown["status"] == "inactive"


# Get one QR code


async def test_get_one(api: Service) -> None:
    """Returns a single QR code object, the same shape as the create response."""
    made = await make(api)
    assert (await api.client.get(f"{CODES}/{made['id']}")).json() == made
    for nobodys in ("aaaaaaaa", "bulk", "x" * 300, "%2e%2e", "ä"):
        assert error(await api.client.get(f"{CODES}/{nobodys}")) == (404, None)
    stranger = await api.caller("theirs")
    for method, path in (("GET", ""), ("GET", "/image"), ("GET", "/analytics")):
        assert error(await stranger.request(method, f"{CODES}/{made['id']}{path}")) == (404, None)
    assert error(await stranger.put(f"{CODES}/{made['id']}", json={"destination": URL})) == (404, None)
    await stranger.aclose()


# Update a QR code's destination


async def test_update(api: Service) -> None:
    """The QR keeps its id and printed appearance. Only the redirect target changes."""
    made = await make(api, returnType="svg", color="#102030")
    image = (await api.client.get(f"{CODES}/{made['id']}/image")).content
    api.clock.pass_by(minutes=1)
    response = await api.client.put(f"{CODES}/{made['id']}", json={"destination": f"{URL}-v2"})
    assert response.status_code == 200
    assert response.json() == made | {"destination": f"{URL}-v2", "updatedAt": "2026-05-21T15:01:00.250Z"}
    assert (await api.client.get(f"{CODES}/{made['id']}/image")).content == image


async def test_update_takes_nothing_else(api: Service) -> None:
    """Only the redirect target changes."""
    made = await make(api)
    body = {"destination": f"{URL}-v2", "dataType": "text", "status": "inactive", "id": "mine", "color": "#ff0000"}
    changed = (await api.client.put(f"{CODES}/{made['id']}", json=body)).json()
    assert changed == made | {"destination": f"{URL}-v2"}
    for wrong in ({}, {"destination": None}, {"destination": 5}, {"destination": ""}, {"destination": "ftp://x.com"}):
        assert error(await api.client.put(f"{CODES}/{made['id']}", json=wrong)) == (400, "destination")
    assert error(await api.client.put(f"{CODES}/aaaaaaaa", json={"destination": URL})) == (404, None)


@pytest.mark.parametrize(
    ("data_type", "data", "new", "payload"),
    [
        ("phone", "+441", "tel:+442", "tel:+442"),
        ("text", "a", {"text": "b"}, "b"),
        ("wifi", "WIFI:T:WPA;S:a;P:12345678;;", {"network_name": "b", "encryption": "nopass"}, "WIFI:T:nopass;S:b;;"),
        ("geo", "1,2", "geo:3,4", "geo:3,4"),
    ],
)
async def test_update_of_a_page_takes_what_data_takes(
    api: Service, data_type: str, data: Any, new: Any, payload: str
) -> None:
    """{ "destination": … }, for a code with a payload"""
    made = await make(api, dataType=data_type, data=data)
    changed = (await api.client.put(f"{CODES}/{made['id']}", json={"destination": new})).json()
    assert changed == made | {"destination": payload}
    wrong = await api.client.put(f"{CODES}/{made['id']}", json={"destination": {"nothing": "known"}})
    assert wrong.status_code == 400 and wrong.json()["error"]["field"].startswith("destination")


async def test_secured_codes_cannot_be_updated(api: Service) -> None:
    """Encrypted, password-protected, and compliance-locked codes cannot be updated via the API (409)"""
    for fields, secure in (
        ({"password": "open sesame"}, ["password"]),
        ({"locked": True}, ["locked"]),
        ({"password": "open sesame", "locked": True}, ["password", "locked"]),
    ):
        native = await api.make(**fields)
        shown = (await api.client.get(f"{CODES}/{native['slug']}")).json()
        assert (shown["secure"], shown["encrypted"]) == (secure, False)
        assert error(await api.client.put(f"{CODES}/{native['slug']}", json={"destination": URL})) == (409, None)
        assert (await api.client.get(f"{CODES}/{native['slug']}")).json() == shown
        # Nothing but the destination is at stake: it is still read, drawn and counted.
        assert (await api.client.get(f"{CODES}/{native['slug']}/image")).status_code == 200
    freed = await api.client.patch(f"/v1/dynamic/{native['id']}", json={"locked": False})
    assert freed.status_code == 200
    opened = await api.client.patch(f"/v1/dynamic/{native['id']}", json={"password": None})
    assert opened.status_code == 200
    assert (await api.client.put(f"{CODES}/{native['slug']}", json={"destination": URL})).status_code == 200


# The same code in the other API


async def test_what_v1_makes_reads_right_here(api: Service) -> None:
    """The id used throughout is the QR code's shortId (the redirect slug)."""
    native = await api.make(slug="spring-sale", label="Kept", tags=["kept"])
    shown = (await api.client.get(f"{CODES}/spring-sale")).json()
    assert shown["id"] == "spring-sale"
    assert shown["redirectUrl"] == "https://s.example.net/r/spring-sale"
    assert (shown["dataType"], shown["destination"]) == ("url", native["destination"])
    changed = await api.client.put(f"{CODES}/spring-sale", json={"destination": URL})
    assert changed.status_code == 200
    after = (await api.client.get(f"/v1/dynamic/{native['id']}")).json()
    assert (after["destination"], after["label"], after["tags"]) == (URL, "Kept", ["kept"])


async def test_pages_of_other_types_read_as_url(api: Service) -> None:
    coupon = (
        await api.client.post(
            "/v1/dynamic", json={"type": "coupon", "content": {"couponContent": {"title": "Ten off"}}}
        )
    ).json()
    shown = (await api.client.get(f"{CODES}/{coupon['slug']}")).json()
    assert (shown["dataType"], shown["destination"]) == ("url", shown["redirectUrl"])
    at = f"{CODES}/{coupon['slug']}"
    assert error(await api.client.put(at, json={"destination": URL})) == (409, "destination")
    assert (await api.client.put(at, json={"destination": {"title": "Twenty off"}})).status_code == 200
    chat = {"type": "whatsapp", "content": {"whatsAppContent": {"number": "+441234"}}}
    slug = (await api.client.post("/v1/dynamic", json=chat)).json()["slug"]
    assert (await api.client.get(f"{CODES}/{slug}")).json()["destination"] == "https://wa.me/441234"
    plus = {"type": "vcard_plus", "content": {"vCardContent": {"first_name": "A", "last_name": "B"}}}
    slug = (await api.client.post("/v1/dynamic", json=plus)).json()["slug"]
    shown = (await api.client.get(f"{CODES}/{slug}")).json()
    assert shown["dataType"] == "vcard" and shown["destination"].startswith("BEGIN:VCARD")


async def test_what_is_made_here_reads_right_in_v1(api: Service) -> None:
    made = await make(api, dataType="wifi", data="WIFI:T:WPA;S:Cafe;P:12345678;;")
    native = (await api.client.get(f"/v1/dynamic/{await native_id(api, made)}")).json()
    assert native["slug"] == made["id"]
    assert native["short_url"] == native["destination"] == f"https://s.example.net/{made['id']}"
    wifi = {"network_name": "Cafe", "encryption": "WPA", "password": "12345678"}
    assert (native["type"], native["content"]) == ("wifi", {"wifiContent": wifi})
    link = await make(api)
    native = (await api.client.get(f"/v1/dynamic/{await native_id(api, link)}")).json()
    assert (native["type"], native["destination"], native["content"]) == ("website", URL, None)


async def test_other_fields_of_a_page_are_kept(api: Service) -> None:
    made = await make(api, dataType="text", data="a")
    id = await native_id(api, made)
    workspace = (await api.codes.by_slug("", made["id"])).workspace  # type: ignore[union-attr]
    await api.codes.edit(workspace, id, Edit(content={"text": "a", "footer": "kept"}))
    await api.client.put(f"{CODES}/{made['id']}", json={"destination": "b"})
    native = (await api.client.get(f"/v1/dynamic/{id}")).json()
    assert native["content"] == {"text": "b", "footer": "kept"}


# Every endpoint here is authenticated with a Bearer API key.


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", CODES), ("GET", CODES), ("GET", f"{CODES}/a"), ("PUT", f"{CODES}/a"), ("GET", f"{CODES}/a/analytics"),
        ("GET", f"{CODES}/a/image"), ("POST", f"{CODES}/bulk"), ("GET", f"{CODES}/bulk/a"),
        ("GET", f"{CODES}/bulk/a/result"), ("POST", "/api/qr/static"),
    ],
)  # fmt: skip
async def test_every_endpoint_needs_a_key(api: Service, method: str, path: str) -> None:
    """Every endpoint here is authenticated with a Bearer API key."""
    assert error(await api.anonymous.request(method, path, json={})) == (401, None)


async def test_writing_needs_more_than_a_reader(api: Service) -> None:
    reader = await api.caller(scope="read")
    made = await make(api)
    assert error(await reader.post(CODES, json={"data": URL})) == (403, None)
    assert error(await reader.put(f"{CODES}/{made['id']}", json={"destination": URL})) == (403, None)
    assert error(await reader.post(f"{CODES}/bulk", json=[{"data": URL}])) == (403, None)
    assert (await reader.get(f"{CODES}/{made['id']}")).status_code == 200
    assert (await reader.post("/api/qr/static", json={"data": URL})).status_code == 200
    await reader.aclose()


async def test_what_is_not_there_answers_in_this_shape(api: Service) -> None:
    assert error(await api.client.get("/api/qr/nothing")) == (404, None)
    response = await api.client.delete(f"{CODES}/a")
    assert error(response) == (405, None) and response.headers["allow"] == "GET, HEAD, PUT"


# More than the page promises


async def test_idempotency(api: Service) -> None:
    headers = {"Idempotency-Key": "spring-1"}
    first = await api.client.post(CODES, json={"data": URL}, headers=headers)
    again = await api.client.post(CODES, json={"data": URL}, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    bulk = [await api.client.post(f"{CODES}/bulk", json=[{"data": URL}], headers=headers) for _ in range(2)]
    assert bulk[0].json() == bulk[1].json()
    assert (await api.client.get(CODES)).json()["pagination"]["total"] == 1


async def test_conditional_updates(api: Service) -> None:
    made = await make(api)
    at = f"{CODES}/{made['id']}"
    tag = (await api.client.get(at)).headers["etag"]
    assert (await api.client.get(at, headers={"If-None-Match": tag})).status_code == 304
    changed = await api.client.put(at, json={"destination": f"{URL}/2"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert error(await api.client.put(at, json={"destination": URL}, headers={"If-Match": tag})) == (412, "If-Match")
    assert (await api.client.get(at)).json() == changed.json()


async def test_codes_on_a_domain_of_ones_own(api: Service) -> None:
    """The id used throughout is the QR code's shortId, wherever the code lives."""
    await api.client.get(CODES)
    workspace = (await api.codes.by_slug("", (await make(api))["id"])).workspace  # type: ignore[union-attr]
    async with name_server(api.name_socket) as names:
        domain = await api.domains.add(workspace, "go.example.com")
        names.say(f"_waymark.{domain.name}", "TXT", f'"{domain.token}"')
        names.say(domain.name, "CNAME", f"{TARGET}.")
        names.say(TARGET, "A", "203.0.113.10")
        _, checks = await api.domains.verify(workspace, domain.id)
    assert checks.ok
    native = await api.make(slug="spring", domain="go.example.com")
    shown = (await api.client.get(f"{CODES}/spring")).json()
    assert (shown["id"], shown["redirectUrl"]) == ("spring", "https://go.example.com/r/spring")
    assert (await api.client.get(CODES)).json()["data"][0] == shown
    assert (await api.client.put(f"{CODES}/spring", json={"destination": f"{URL}/2"})).status_code == 200
    assert (await api.client.get(f"/v1/dynamic/{native['id']}")).json()["destination"] == f"{URL}/2"
    # Of two with one slug the one on the default host is meant.
    await api.make(slug="spring", destination=f"{URL}/3")
    assert (await api.client.get(f"{CODES}/spring")).json()["destination"] == f"{URL}/3"


@pytest.mark.parametrize(
    ("type", "sent", "kept"),
    [
        ("wifi", {"ssid": "Guests", "encryption": "nopass"}, {"network_name": "Guests", "encryption": "nopass"}),
        ("geo", {"lat": 51.5, "lng": -2.5}, {"latitude": 51.5, "longitude": -2.5}),
        ("vcard", {"firstName": "Ada", "lastName": "L"}, {"first_name": "Ada", "last_name": "L"}),
        ("geo", {"lat": 1, "latitude": 2, "longitude": 3}, {"latitude": 2, "longitude": 3}),
    ],
)
async def test_other_names_of_what_a_payload_holds(api: Service, type: str, sent: Body, kept: Body) -> None:
    made = await api.client.post(CODES, json={"data": sent, "dataType": type})
    assert made.status_code == 201, made.text
    code = await api.codes.by_slug("", made.json()["id"])
    assert code is not None and code.content is not None
    assert list(code.content.values()) == [kept]


async def test_other_names_of_the_look(api: Service) -> None:
    look = {"fgColor": "#7b1e3a", "bgColor": "#fffff0", "errorCorrectionLevel": "H"}
    made = await api.client.post(CODES, json={"data": URL, **look})
    code = await api.codes.by_slug("", made.json()["id"])
    assert code is not None
    assert code.style == {"color": "#7b1e3a", "background": "#fffff0", "error_correction": "H"}
