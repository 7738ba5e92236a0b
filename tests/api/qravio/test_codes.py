"""Each promise of Qravio's document on QR codes. The quoted lines are the document's own."""

import re
from typing import Any
from uuid import UUID

from codes import folders
from codes.workspaces import ensure_workspace
from tests.api.qravio.calls import (
    CONTENTS,
    ELSEWHERE,
    HERE,
    NOBODY,
    PATH,
    THERE,
    edited,
    made,
    page,
    read,
    refused,
    sent,
    static,
    verified_domain,
)
from tests.api.service import NOW, SHORT, Body, Service

FIELDS = (
    *("id", "workspace_id", "name", "type", "category", "short_code", "status", "folder_id", "custom_domain_id"),
    *("ab_enabled", "is_password_protected", "destinations", "design", "content", "total_scans", "created_by"),
    *("created_at", "updated_at"),
)


async def test_the_qr_code_object(api: Service) -> None:
    """Unique identifier for the QR code. … The workspace that owns this QR code. … Last update timestamp."""
    code = await made(api, sent(destinations=[{"target_url": HERE, "label": "Landing"}]))
    workspace = await ensure_workspace(api.redis, "ours")
    assert set(FIELDS) <= code.keys()
    assert str(UUID(code["id"])) == code["id"]
    assert str(UUID(code["destinations"][0].pop("id")))
    assert re.fullmatch("[2-9A-HJ-NP-Za-km-z]{6}", code["short_code"])
    key = code["created_by"]
    assert code == {
        "id": code["id"],
        "workspace_id": workspace.id,
        "name": "Spring campaign",
        "type": "website",
        "category": "dynamic",
        "short_code": code["short_code"],
        "status": "active",
        "folder_id": None,
        "custom_domain_id": None,
        "ab_enabled": False,
        "is_password_protected": False,
        "destinations": [
            {
                "target_url": HERE,
                "weight": 100,
                "is_active": True,
                "label": "Landing",
                "variant_key": "a",
                "rules": None,
            }
        ],
        "design": None,
        "page_design": None,
        "content": {"url": HERE},
        "total_scans": 0,
        "created_by": key,
        "created_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
        "updated_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
    }
    assert str(UUID(key)) == key


async def test_the_short_code_is_used_in_the_scan_url(api: Service) -> None:
    """6-char short code used in the scan URL."""
    code = await made(api)
    native = (await api.client.get(f"/v1/dynamic/{code['id']}")).json()
    assert native["short_url"] == f"{SHORT}/{code['short_code']}"


async def test_what_is_required(api: Service) -> None:
    """name string Required … type … category … content … destinations Required for dynamic QRs"""
    for name in ["name", "type", "category", "content", "destinations"]:
        body = sent()
        del body[name]
        assert refused(await api.client.post(PATH, json=body)).startswith(name)


_WHAT_FAILS_VALIDATION: list[tuple[Body, str]] = [
    ({"name": 5}, "name"),
    ({"name": "  "}, "name"),
    ({"name": "x" * 256}, "name"),
    ({"type": "teapot"}, "type"),
    ({"type": None}, "type"),
    ({"category": "neither"}, "category"),
    ({"content": []}, "content"),
    ({"content": {}}, "content.url"),
    ({"content": {"url": 5}}, "content.url"),
    ({"content": {"url": ""}}, "content.url"),
    ({"destinations": []}, "destinations"),
    ({"destinations": None}, "destinations"),
    ({"destinations": {}}, "destinations"),
    ({"destinations": [HERE]}, "destinations"),
    ({"destinations": [{}]}, "destinations[0].target_url"),
    ({"destinations": [{"target_url": HERE}, {"target_url": "nowhere"}]}, "destinations[1].target_url"),
    ({"destinations": [{"target_url": "http://127.0.0.1/"}]}, "destinations[0].target_url"),
    ({"destinations": [{"target_url": "https://example.com/a b"}]}, "destinations[0].target_url"),
    ({"destinations": [{"target_url": f"{SHORT}/abc"}]}, "destinations[0].target_url"),
    ({"status": "paused"}, "status"),
    ({"folder_id": NOBODY}, "folder_id"),
    ({"folder_id": 7}, "folder_id"),
    ({"custom_domain_id": NOBODY}, "custom_domain_id"),
    ({"custom_domain_id": "x"}, "custom_domain_id"),
    ({"design": "red"}, "design"),
    ({"design": {"a": "x" * 17_000}}, "design"),
    ({"page_design": {"a": "x" * 17_000}}, "page_design"),
    ({"password": "abcde"}, "password"),
]


async def test_what_fails_validation(api: Service) -> None:
    """422 Unprocessable Entity Request payload failed validation. … Errors return a JSON body with a single detail"""
    for fields, field in _WHAT_FAILS_VALIDATION:
        assert refused(await api.client.post(PATH, json=sent(**fields))).startswith(field)
        assert (await api.client.get(PATH)).json() == []


_A_BODY_THAT_IS_NO_OBJECT: list[bytes] = [b"", b"{", b"[]", b"5", b'{"name": NaN}', b'{"name": 1, "name": 2}', b"\xff"]


async def test_a_body_that_is_no_object(api: Service) -> None:
    """422 Unprocessable Entity Request payload failed validation."""
    for body in _A_BODY_THAT_IS_NO_OBJECT:
        refused(await api.client.post(PATH, content=body))


async def test_unknown_fields_are_ignored(api: Service) -> None:
    """Body parameters"""
    code = await made(api, sent(colour="red", destinations=[{"target_url": HERE, "colour": "red"}]))
    assert "colour" not in code and "colour" not in code["destinations"][0]
    assert await edited(api, code["id"], colour="red", id=NOBODY, total_scans=7, type="pdf") == code


async def test_retrieve(api: Service) -> None:
    """Fetches a single QR code by id."""
    for code in (await made(api), await made(api, static()), await made(api, page("vcard_plus"))):
        assert await read(api, code["id"]) == code


async def test_no_such_code(api: Service) -> None:
    """404 Not Found No such QR code in your workspace."""
    for id in [NOBODY, "x", NOBODY.upper(), "1", "%00", "a" * 2000]:
        for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/analytics")):
            refused(await api.client.request(method, f"{PATH}/{id}{path}", json={} if method == "PATCH" else None), 404)


async def test_a_code_belongs_to_its_workspace(api: Service) -> None:
    """The QR code id. Must belong to your API key’s workspace."""
    theirs = await api.caller("theirs")
    for code in (await made(api), await made(api, static())):
        for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/analytics")):
            body = {"name": "mine"} if method == "PATCH" else None
            refused(await theirs.request(method, f"{PATH}/{code['id']}{path}", json=body), 404)
        assert await read(api, code["id"]) == code
    assert (await theirs.get(PATH)).json() == []
    await theirs.aclose()


async def test_update(api: Service) -> None:
    """Partially updates a QR code. Send only the fields you want to change."""
    code = await made(api)
    api.clock.pass_by(hours=1)
    found = await edited(api, code["id"], name="Summer campaign", status="active")
    later = "2026-05-21T16:00:00Z"
    assert found == {**code, "name": "Summer campaign", "updated_at": later}
    api.clock.pass_by(hours=1)
    assert await edited(api, code["id"]) == found


async def test_a_code_can_be_switched_off(api: Service) -> None:
    """ "active" or "inactive"."""
    code = await made(api)
    assert (await edited(api, code["id"], status="inactive"))["status"] == "inactive"
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json()["status"] == "paused"
    assert (await edited(api, code["id"], status="active"))["status"] == "active"
    assert (await made(api, sent(status="inactive")))["status"] == "inactive"


async def test_a_code_that_is_read_can_be_sent_back(api: Service) -> None:
    """Send only the fields you want to change."""
    body = sent(
        design={"dots": "rounded"},
        destinations=[
            {"target_url": HERE, "weight": 30, "label": "A"},
            {"target_url": THERE, "weight": 70},
            {"target_url": ELSEWHERE, "rules": {"country": ["GB"]}},
        ],
    )
    for one in (body, static("wifi"), page("business"), sent()):
        code = await made(api, one)
        assert await edited(api, code["id"], **code) == code


_AN_UPDATE_THAT_FAILS_VALIDATION: list[tuple[Body, str]] = [
    ({"name": None}, "name"),
    ({"status": None}, "status"),
    ({"status": "paused"}, "status"),
    ({"content": None}, "content"),
    ({"content": {}}, "content.url"),
    ({"destinations": None}, "destinations"),
    ({"destinations": []}, "destinations"),
    ({"destinations": [{"target_url": "ftp://example.com"}]}, "destinations[0].target_url"),
    ({"folder_id": NOBODY}, "folder_id"),
    ({"password": None}, "password"),
    ({"password": ""}, "password"),
    ({"remove_password": "yes"}, "remove_password"),
    ({"password": "secret", "remove_password": True}, "remove_password"),
]


async def test_an_update_that_fails_validation(api: Service) -> None:
    """422 Unprocessable Entity Request payload failed validation."""
    for fields, field in _AN_UPDATE_THAT_FAILS_VALIDATION:
        code = await made(api)
        assert refused(await api.client.patch(f"{PATH}/{code['id']}", json=fields)).startswith(field)
        assert await read(api, code["id"]) == code


async def test_the_password_gate(api: Service) -> None:
    """Enable a visitor password gate. … Set true to disable the password gate."""
    code = await made(api)
    assert (await edited(api, code["id"], password="open sesame"))["is_password_protected"] is True
    assert "open sesame" not in (await api.client.get(f"{PATH}/{code['id']}")).text
    assert (await edited(api, code["id"], remove_password=False))["is_password_protected"] is True
    assert (await edited(api, code["id"], remove_password=True))["is_password_protected"] is False
    assert (await edited(api, code["id"], remove_password=True))["is_password_protected"] is False


async def test_folders(api: Service) -> None:
    """Organize into a folder. … Move to a folder, or null to remove."""
    workspace = await ensure_workspace(api.redis, "ours")
    theirs = await ensure_workspace(api.redis, "theirs")
    folder = await folders.create(api.redis, workspace.number, "Posters", plans=api.plans)
    other = await folders.create(api.redis, theirs.number, "Theirs", plans=api.plans)
    for body in (sent(folder_id=folder.id), static(folder_id=folder.id)):
        code = await made(api, body)
        assert code["folder_id"] == folder.id
        assert (await edited(api, code["id"], folder_id=None))["folder_id"] is None
        assert (await edited(api, code["id"], folder_id=folder.id))["folder_id"] == folder.id
        response = await api.client.patch(f"{PATH}/{code['id']}", json={"folder_id": other.id})
        assert refused(response).startswith("folder_id")
        assert refused(await api.client.post(PATH, json={**body, "folder_id": other.id})).startswith("folder_id")
    await folders.delete(api.redis, workspace.number, folder.id)
    assert [code["folder_id"] for code in (await api.client.get(PATH)).json()] == [None, None]


async def test_custom_domains(api: Service) -> None:
    """Verified custom domain used for the short link."""
    id = await verified_domain(api, "go.example.com")
    workspace = await ensure_workspace(api.redis, "ours")
    claimed = (await api.domains.add(workspace.number, "claimed.example.com")).id
    theirs = await verified_domain(api, "theirs.example.com", "theirs")
    code = await made(api, sent(custom_domain_id=id))
    assert code["custom_domain_id"] == id
    native = (await api.client.get(f"/v1/dynamic/{code['id']}")).json()
    assert native["short_url"] == f"https://go.example.com/{code['short_code']}"
    for wrong in (claimed, theirs):
        detail = refused(await api.client.post(PATH, json=sent(custom_domain_id=wrong)))
        assert detail.startswith("custom_domain_id")
    assert [one["custom_domain_id"] for one in (await api.client.get(PATH)).json()] == [id]
    # More than the document says: a code can be moved.
    assert (await edited(api, code["id"], custom_domain_id=None))["custom_domain_id"] is None
    assert (await edited(api, code["id"], custom_domain_id=id))["custom_domain_id"] == id


async def test_designs_are_returned_as_sent(api: Service) -> None:
    """Visual design (dots, colors, logo, frame, output)."""
    design = {"dots": {"type": "rounded"}, "colors": {"foreground": "#112233"}, "mine": [1, None, {"é": 2.5}]}
    code = await made(api, sent(design=design))
    assert code["design"] == design
    native = (await api.client.get(f"/v1/dynamic/{code['id']}")).json()
    assert native["style"] == {"shape": "rounded", "color": "#112233"}
    assert (await edited(api, code["id"], design={"dots": "dots"}))["design"] == {"dots": "dots"}
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json()["style"] == {"shape": "dots"}
    assert (await edited(api, code["id"], design=None))["design"] is None
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json()["style"] is None


async def test_the_last_look_that_was_written_is_drawn(api: Service) -> None:
    """Visual design settings (dots, colors, logo, frame, output)."""
    code = await made(api, sent(design={"dots": "dots"}))
    await api.client.patch(f"/v1/dynamic/{code['id']}", json={"style": {"shape": "diamond"}})
    assert (await read(api, code["id"]))["design"] == {"dots": "dots"}
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json()["style"] == {"shape": "diamond"}
    plain = await made(api)
    await api.client.patch(f"/v1/dynamic/{plain['id']}", json={"style": {"shape": "diamond"}})
    # Null that comes back as it was read says nothing of the look.
    await edited(api, plain["id"], design=None)
    assert (await api.client.get(f"/v1/dynamic/{plain['id']}")).json()["style"] == {"shape": "diamond"}


async def test_a_page_design(api: Service) -> None:
    """Landing-page theme for page-type QRs."""
    code = await made(api, page("landing_page", page_design={"theme": "ocean"}))
    assert code["page_design"] == {"theme": "ocean"}
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json()["page_design"] == {"theme": "ocean"}
    assert (await edited(api, code["id"], page_design={"theme": "rose"}))["page_design"] == {"theme": "rose"}


async def test_delete(api: Service) -> None:
    """Permanently deletes a QR code. … 204 No Content Deleted. No response body."""
    for body in (sent(), static(), page("pdf")):
        code = await made(api, body)
        response = await api.client.delete(f"{PATH}/{code['id']}")
        assert (response.status_code, response.content) == (204, b"")
        assert "content-length" not in response.headers
        refused(await api.client.get(f"{PATH}/{code['id']}"), 404)
        refused(await api.client.delete(f"{PATH}/{code['id']}"), 404)
        refused(await api.client.get(f"{PATH}/{code['id']}/analytics"), 404)
    assert (await api.client.get(PATH)).json() == []


async def test_a_locked_code_stays_as_it_is(api: Service) -> None:
    """Partially updates a QR code."""
    code = await made(api)
    await api.client.patch(f"/v1/dynamic/{code['id']}", json={"locked": True})
    refused(await api.client.patch(f"{PATH}/{code['id']}", json={"name": "x"}), 409)
    assert await read(api, code["id"]) == code


async def test_an_idempotency_key_is_honoured(api: Service) -> None:
    """Creates a QR code in your workspace."""
    headers = {"Idempotency-Key": "once"}
    for body in (sent(), static()):
        headers = {"Idempotency-Key": f"once-{body['category']}"}
        first = await api.client.post(PATH, json=body, headers=headers)
        again = await api.client.post(PATH, json=body, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        response = await api.client.post(PATH, json={**body, "name": "other"}, headers=headers)
        refused(response, response.status_code)
        assert response.status_code in (409, 422)
    assert len((await api.client.get(PATH)).json()) == 2


async def test_conditional_updates(api: Service) -> None:
    """Partially updates a QR code."""
    code = await made(api)
    tag = (await api.client.get(f"{PATH}/{code['id']}")).headers["etag"]
    seen = {"If-None-Match": tag}
    assert (await api.client.get(f"{PATH}/{code['id']}", headers=seen)).status_code == 304
    # A scan is no change of the code, and is seen.
    await api.scanned(code["id"], {})
    assert (await api.client.get(f"{PATH}/{code['id']}", headers=seen)).json()["total_scans"] == 1
    at = f"{PATH}/{code['id']}"
    done = await api.client.patch(at, json={"name": "x"}, headers={"If-Match": tag})
    assert done.status_code == 200
    refused(await api.client.patch(at, json={"name": "y"}, headers={"If-Match": tag}), 412)
    assert (await read(api, code["id"]))["name"] == "x"


async def test_every_type_is_the_same_wherever_it_is_answered(api: Service) -> None:
    """When creating a QR code, the content object’s shape depends on the type."""
    for type in sorted(CONTENTS):
        code = await made(api, sent() if type in ("website", "url") else page(type))
        assert code["type"] == ("website" if type == "url" else type)
        assert code["content"] == CONTENTS[type]
        assert await read(api, code["id"]) == code == (await api.client.get(PATH)).json()[0]


def _lists(*codes: Any) -> list[str]:
    return [code["id"] for code in codes]


async def test_list(api: Service) -> None:
    """Returns every QR code in the API key’s workspace, newest first. … An array of QR Code objects."""
    assert (await api.client.get(PATH)).json() == []
    codes = [
        await made(api),
        await made(api, static()),
        {"id": (await api.make())["id"]},
        await made(api, page("event")),
        await made(api, static("wifi")),
    ]
    found = (await api.client.get(PATH)).json()
    assert _lists(*found) == _lists(*reversed(codes))
    assert all(set(FIELDS) <= code.keys() for code in found)
    for code in found:
        assert await read(api, code["id"]) == code
