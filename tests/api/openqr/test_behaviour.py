"""What a scan may do, by the fields of `/v1`: written, read back the same everywhere, refused by their places."""

import re
from typing import Any

import pytest

from tests.api.service import SHORT, Service

U = [f"https://example.com/{n}" for n in range(4)]
CARD = {"vCardContent": {"first_name": "Ada", "last_name": "Lovelace"}}
# Sent, and how it then reads where that is not the same.
SENT: dict[str, Any] = {
    "status": "paused",
    "starts_at": "2026-06-01T09:00:00+01:00",
    "expires_at": "2020-01-01T00:00:00.250Z",
    "expired_destination": "https://example.com/över",
    "scan_limit": 1,
    "query": "override",
    "variants": [
        {"url": U[0], "weight": 3, "label": "A"},
        {"url": U[1], "active": False},
    ],
    "rules": [
        {"if": {"country": "gb", "hours": [9], "query": {"vip": True, "t": ["1", "2"]}}, "to": U[2], "label": "R"}
    ],
    "sticky": "none",
    "apps": {"android": U[3]},
    "utm": {"utm_source": "poster", "medium": "print"},
    "page_design": {"theme": "dark"},
    "style": {"shape": "dots"},
    "password": "open sesame",
    "locked": False,
}
READ: dict[str, Any] = {
    "starts_at": "2026-06-01T08:00:00Z",
    "expires_at": "2020-01-01T00:00:00.250Z",
    "variants": [
        {"url": U[0], "weight": 3, "label": "A", "key": "a", "active": True},
        {"url": U[1], "weight": 100, "label": None, "key": "b", "active": False},
    ],
    "rules": [
        {
            "if": {"country": ["GB"], "hours": ["09:00-10:00"], "query": {"vip": True, "t": ["1", "2"]}},
            "to": U[2],
            "label": "R",
            "key": "c",
            "active": True,
        }
    ],
    "apps": {"ios": None, "android": U[3]},
    "utm": {"source": "poster", "medium": "print"},
}
CLEARED: dict[str, Any] = {
    "label": None,
    "starts_at": None,
    "expires_at": None,
    "expired_destination": None,
    "scan_limit": None,
    "apps": None,
    "page_design": None,
    "variants": [],
    "rules": [],
    "utm": {},
}


def without_ids(code: dict[str, Any]) -> dict[str, Any]:
    entries = {
        name: [{k: v for k, v in one.items() if k != "id"} for one in code[name]] for name in ("variants", "rules")
    }
    return {**code, **entries}


async def test_a_code_is_the_same_on_create_read_list_and_edit(api: Service) -> None:
    code = await api.make(**SENT)
    assert (code["has_password"], "password" in code) == (True, False)
    shown = {**SENT, **READ}
    del shown["password"]
    assert shown.items() <= without_ids(code).items()
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json() == code
    assert (await api.client.get("/v1/dynamic")).json()["codes"] == [code]
    plain = await api.make()
    for name, value in SENT.items():
        edited = await api.client.patch(f"/v1/dynamic/{plain['id']}", json={name: value})
        assert edited.status_code == 200, edited.text
    same = set(code) - {"id", "slug", "short_url", "variants", "rules"}
    assert {name: edited.json()[name] for name in same} == {name: code[name] for name in same}
    # What is read can be written.
    assert (await api.client.patch(f"/v1/dynamic/{code['id']}", json=code)).json() == code


async def test_null_clears_what_can_be_empty(api: Service) -> None:
    code = await api.make(**SENT)
    for name, value in {**CLEARED, "password": None, "domain": None, "folder_id": None, "content": None}.items():
        response = await api.client.patch(f"/v1/dynamic/{code['id']}", json={name: value})
        assert response.status_code == 200, response.text
        if name in CLEARED:
            assert response.json()[name] == value
    assert response.json()["has_password"] is False
    for name in (
        "destination",
        "slug",
        "aliases",
        "tags",
        "status",
        "query",
        "variants",
        "rules",
        "sticky",
        "utm",
        "locked",
        "type",
    ):
        refused = await api.client.patch(f"/v1/dynamic/{code['id']}", json={name: None})
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, name)
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json() == response.json()


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (
            {"rules": [{"if": {"country": "GB"}, "to": U[0]}] * 2 + [{"if": {"zone": "Mars"}, "to": U[0]}]},
            "rules[2].if.zone",
        ),
        ({"rules": [{"if": {"country": ["GB", "GBR"]}, "to": U[0]}]}, "rules[0].if.country[1]"),
        ({"rules": [{"if": {}, "to": U[0]}]}, "rules[0].if"),
        ({"rules": [{"if": None, "to": U[0]}]}, "rules[0].if"),
        ({"rules": [{"to": U[0]}]}, "rules[0].if"),
        ({"rules": [{"if": {"country": "GB"}}]}, "rules[0].to"),
        ({"rules": [{"if": {"country": "GB"}, "to": "javascript:alert(1)"}]}, "rules[0].to"),
        ({"rules": [{"if": {"country": "GB"}, "to": U[0], "weight": 1}]}, "rules[0].weight"),
        ({"rules": [{"if": {"country": "GB"}, "to": U[0]}] * 51}, "rules"),
        ({"variants": [{"url": U[0]}, {"url": "http://10.0.0.1"}]}, "variants[1].url"),
        ({"variants": [{"url": "https://internal.example.com/"}]}, "variants[0].url"),
        ({"variants": [{"url": f"{SHORT}/abc"}]}, "variants[0].url"),
        ({"variants": [{"url": U[0], "weight": -1}]}, "variants[0].weight"),
        ({"variants": [{"url": U[0], "weight": 0.5}]}, "variants[0].weight"),
        ({"variants": [{"url": U[0], "weight": "1"}]}, "variants[0].weight"),
        ({"variants": [{"url": U[0], "weight": None}]}, "variants[0].weight"),
        ({"variants": [{"url": U[0], "weight": 0}]}, "variants"),
        ({"variants": [{"url": U[0], "key": "A1"}]}, "variants[0].key"),
        ({"variants": [{"url": U[0], "key": "a"}, {"url": U[1], "key": "a"}]}, "variants[1].key"),
        ({"variants": [{"url": U[0], "label": "x" * 256}]}, "variants[0].label"),
        ({"variants": [{"url": U[0], "active": 1}]}, "variants[0].active"),
        ({"variants": [{"weight": 1}]}, "variants[0].url"),
        ({"apps": {"ios": "myapp://x"}}, "apps.ios"),
        ({"apps": {"android": "http://example.com/"}}, "apps.android"),
        ({"apps": {"ios": ""}}, "apps.ios"),
        ({"apps": {"symbian": U[0]}}, "apps.symbian"),
        ({"utm": {"source": ""}}, "utm.source"),
        ({"utm": {"utm_sauce": "x"}}, "utm.sauce"),
        ({"utm": {"source": "a", "utm_source": "b"}}, "utm.utm_source"),
        ({"type": "vcard_plus"}, "content.vCardContent"),
        ({"type": "vcard_plus", "content": {"vCardContent": {"first_name": "A"}}}, "content.vCardContent.last_name"),
        ({"domain": "go.example.com"}, "domain"),
    ],
)
async def test_what_is_wrong_is_named_by_its_place(api: Service, sent: dict[str, Any], field: str) -> None:
    code = await api.make()
    new = {"destination": U[0], **sent} if "type" not in sent else sent
    for response in (
        await api.client.post("/v1/dynamic", json=new),
        await api.client.patch(f"/v1/dynamic/{code['id']}", json=sent),
    ):
        assert (response.status_code, response.json()["error"]["field"]) == (400, field)
    assert (await api.client.get("/v1/dynamic")).json()["codes"] == [code]


async def test_an_expired_code_is_still_active(api: Service) -> None:
    code = await api.make(expires_at="2020-01-01T00:00:00Z")
    assert code["status"] == "active"
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json() == code


async def test_variants_keep_their_letters(api: Service) -> None:
    code = await api.make(variants=[{"url": U[0]}, {"url": U[1]}])
    ids = {one["key"]: one["id"] for one in code["variants"]}

    async def replaced(*variants: dict[str, Any]) -> list[tuple[str, str, str]]:
        response = await api.client.patch(f"/v1/dynamic/{code['id']}", json={"variants": variants})
        assert response.status_code == 200, response.text
        assert response.json()["destination"] == code["destination"]
        return [(one["url"], one["key"], one["id"]) for one in response.json()["variants"]]

    [first, second] = await replaced({"url": U[2]}, {"url": U[1], "weight": 1})
    assert first[:2] == (U[2], "c") and second == (U[1], "b", ids["b"])
    assert await replaced({"id": ids["b"], "url": U[3]}, {"key": "c", "url": U[1]}) == [
        (U[3], "b", ids["b"]),
        (U[1], "c", first[2]),
    ]
    assert await replaced() == []
    assert (await replaced({"url": U[0]}))[0] == (U[0], "a", ids["a"])


async def test_a_locked_code_refuses_every_edit(api: Service) -> None:
    code = await api.make(locked=True)
    at = f"/v1/dynamic/{code['id']}"
    for name, value in {**SENT, "destination": U[1], "slug": "other", "label": "x", "tags": ["x"]}.items():
        if name == "locked":
            continue
        response = await api.client.patch(at, json={name: value})
        assert (response.status_code, response.json()["error"]["code"]) == (409, "locked"), name
        assert response.json()["error"]["field"] == "locked"
    assert (await api.client.patch(at, json={"locked": False, "label": "x"})).status_code == 409
    assert (await api.client.patch(at, json={})).json() == code
    assert (await api.client.get(at)).json() == code
    # What cannot be taken at all is said first.
    assert (await api.client.patch(at, json={"label": 1})).status_code == 400
    assert (await api.client.patch(at, json={"locked": False})).json()["locked"] is False
    assert (await api.client.patch(at, json={"label": "x"})).json()["label"] == "x"
    await api.client.patch(at, json={"locked": True})
    assert (await api.client.delete(at)).status_code == 200


async def test_a_code_with_a_page_leads_to_itself(api: Service) -> None:
    response = await api.client.post("/v1/dynamic", json={"type": "vcard_plus", "content": CARD, "label": "Ada"})
    assert response.status_code == 201
    code = response.json()
    assert (code["type"], code["content"], code["destination"]) == ("vcard_plus", CARD, code["short_url"])
    at = f"/v1/dynamic/{code['id']}"
    assert (await api.client.get(f"{at}/scans")).json()["destination"] == code["short_url"]
    for sent in ({"destination": U[0]}, {"destination": U[0], "label": "x"}):
        refused = await api.client.patch(at, json=sent)
        assert (refused.status_code, refused.json()["error"]["field"]) == (409, "destination")
    moved = (await api.client.patch(at, json={"slug": "ada"})).json()
    assert moved["destination"] == moved["short_url"] == f"{SHORT}/ada"
    link = (await api.client.patch(at, json={"type": "website", "destination": U[0]})).json()
    assert (link["type"], link["content"], link["destination"]) == ("website", None, U[0])


async def test_only_a_destination_counts_as_a_change_of_it(api: Service) -> None:
    code = await api.make()
    at = f"/v1/dynamic/{code['id']}"
    for sent in ({"variants": SENT["variants"]}, {"rules": SENT["rules"]}, {"destination": code["destination"]}):
        await api.client.patch(at, json=sent)
    kept = await api.codes.by_slug("", code["slug"])
    assert kept is not None and kept.destination_changes == 0
    await api.client.patch(at, json={"destination": U[1]})
    kept = await api.codes.by_slug("", code["slug"])
    assert kept is not None and kept.destination_changes == 1


async def test_no_answer_has_a_password_or_its_hash(api: Service) -> None:
    code = await api.make(password="open sesame")
    at = f"/v1/dynamic/{code['id']}"
    await api.client.patch(at, json={"password": "sesame, open"})
    for path in (at, "/v1/dynamic", f"{at}/scans"):
        text = (await api.client.get(path)).text
        assert not re.search(r"sesame|argon2|\"password\"", text)


async def test_another_workspace_reaches_none_of_it(api: Service) -> None:
    code = await api.make(variants=[{"url": U[0]}])
    theirs = await api.caller("theirs")
    response = await theirs.patch(f"/v1/dynamic/{code['id']}", json={"variants": []})
    assert response.status_code == 404
