"""Each promise of QR Code Agency's reference about dynamic QRs. The quoted lines are the reference's own."""

import re

import pytest

from tests.api.agency.calls import LIST, NEW, A, B, made, patched, read, route_of
from tests.api.service import SHORT, Body, Service


async def test_all_routes_require_a_bearer_token(api: Service) -> None:
    """All routes require a JWT bearer token."""
    at = f"{LIST}{(await made(api))['short_id']}/"
    for method, path in (
        ("GET", LIST), ("POST", LIST), ("GET", at), ("PATCH", at), ("DELETE", at), ("GET", f"{at}analytics/"),
        ("GET", f"{LIST}custom-domains/"), ("POST", f"{LIST}custom-domains/"), ("GET", f"{LIST}custom-domains/1/"),
        ("DELETE", f"{LIST}custom-domains/1/"), ("POST", f"{LIST}custom-domains/1/verify/"),
        ("POST", "/api/v1/generate/"),
    ):  # fmt: skip
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer a.b.c"}):
            response = await api.anonymous.request(method, path, headers=headers)
            assert response.status_code == 401
            assert isinstance(response.json()["detail"], str)
            assert response.headers["www-authenticate"].startswith("Bearer")
    assert (await api.client.get(at)).status_code == 200


async def test_create(api: Service) -> None:
    """Response: 201 Created"""
    code = await made(api)
    number = await api.number((await api.client.get("/v1/dynamic")).json()["codes"][0]["id"])
    assert re.fullmatch(r"[2-9A-HJ-NP-Za-km-z]{8}", code["short_id"])
    assert code == {
        "id": number,
        "short_id": code["short_id"],
        "name": "Spring 2026 menu",
        "destination_url": "https://example.com/menus/spring-2026",
        "variants": [],
        "is_active": True,
        "scan_count": 0,
        "last_scanned_at": None,
        "destination_changes_count": 0,
        "public_url": f"{SHORT}/q/{code['short_id']}/",
        "created_at": "2026-05-21T15:00:00Z",
        "updated_at": "2026-05-21T15:00:00Z",
    }
    assert list(code)[:4] == ["id", "short_id", "name", "destination_url"]
    assert await read(api, code) == code


@pytest.mark.parametrize("field", ["name", "destination_url"])
@pytest.mark.parametrize("value", [None, 1, True, [], {}])
async def test_name_and_destination_are_needed(api: Service, field: str, value: object) -> None:
    """FieldTypeRequiredDescription / namestringyes / destination_urlURLyes"""
    missing = await api.client.post(LIST, json={name: text for name, text in NEW.items() if name != field})
    assert (missing.status_code, missing.json()) == (400, {"detail": f"{field} is missing"})
    wrong = await api.client.post(LIST, json=NEW | {field: value})
    assert wrong.status_code == 400
    assert wrong.json()["detail"].startswith(f"{field} must be text")


async def test_a_name_has_at_most_120_characters(api: Service) -> None:
    """Internal label, never visible to scanners. Max 120 chars."""
    code = await made(api, name="é" * 120)
    assert code["name"] == "é" * 120
    for response in (
        await api.client.post(LIST, json=NEW | {"name": "a" * 121}),
        await api.client.patch(f"{LIST}{code['short_id']}/", json={"name": "a" * 121}),
    ):
        assert (response.status_code, response.json()) == (400, {"detail": "name must have at most 120 characters"})


async def test_a_destination_has_at_most_2000_characters(api: Service) -> None:
    """The URL we 302 redirect to. Editable later. Max 2000 chars."""
    url = "https://example.com/".ljust(2000, "a")
    code = await made(api, destination_url=url)
    assert code["destination_url"] == url
    for response in (
        await api.client.post(LIST, json=NEW | {"destination_url": url + "a"}),
        await api.client.patch(f"{LIST}{code['short_id']}/", json={"destination_url": url + "a"}),
        await api.client.patch(f"{LIST}{code['short_id']}/", json={"variants": [A | {"url": url + "a"}]}),
    ):
        assert response.status_code == 400
        assert re.match(r"(destination_url|variants\[0\]\.url) must have at most 2,000 char", response.json()["detail"])


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "example.com", "http://10.0.0.7/", f"{SHORT}/q/a/", "", "https://a b/"]
)
async def test_what_is_wrong_begins_with_its_field(api: Service, url: str) -> None:
    """destination_urlURLyes"""
    code = await made(api)
    for response in (
        await api.client.post(LIST, json=NEW | {"destination_url": url}),
        await api.client.patch(f"{LIST}{code['short_id']}/", json={"destination_url": url}),
    ):
        assert response.status_code == 400
        assert response.json()["detail"].startswith("destination_url")
    if url:
        response = await api.client.patch(f"{LIST}{code['short_id']}/", json={"variants": [A, {"url": url}]})
        assert response.status_code == 400 and response.json()["detail"].startswith("variants[1].url: ")


async def test_retrieve_has_the_shape_of_the_list(api: Service) -> None:
    """Same shape as the list result entries."""
    code = await made(api)
    listed = (await api.client.get(LIST)).json()["results"]
    assert listed == [code] == [await read(api, code)]


async def test_a_code_of_nobody_and_one_of_somebody_else(api: Service) -> None:
    """The QR does not exist or does not belong to you."""
    code = await made(api)
    theirs = await api.caller("theirs")
    for caller, short_id in ((theirs, code["short_id"]), (api.client, "aaaaaaaa"), (api.client, "%00"), (theirs, "é")):
        for method, tail in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "analytics/")):
            response = await caller.request(method, f"{LIST}{short_id}/{tail}", json={})
            assert (response.status_code, response.json()) == (
                404, {"detail": "The QR does not exist or does not belong to you."}
            )  # fmt: skip
    assert await read(api, code) == code


async def test_what_can_be_edited(api: Service) -> None:
    """nameyesInternal label / destination_urlyesThe redirect target / is_activeyesPause / kill switch"""
    code = await made(api)
    api.clock.pass_by(seconds=90)
    for sent in (
        {"name": "Summer"},
        {"destination_url": "https://example.com/menus/summer-2026"},
        {"is_active": False},
        {"variants": [A, B]},
        {"is_active": True, "variants": []},
    ):
        moved = {"destination_changes_count": 1} if "destination_url" in sent else {}
        code = {**code, **sent, **moved, "updated_at": "2026-05-21T15:01:30Z"}
        assert await patched(api, code, **sent) == code
        assert await read(api, code) == code


async def test_what_is_read_only_is_ignored_and_so_is_what_nobody_knows(api: Service) -> None:
    """short_idnoRead only, generated at creation / scan_countnoRead only, system maintained"""
    code = await made(api, short_id="mine", scan_count=9, id=77, other=[{}])
    assert code["short_id"] != "mine" and code["scan_count"] == 0 and code["id"] != 77
    api.clock.pass_by(seconds=1)
    everything: Body = {"short_id": "x", "id": 7, "scan_count": 5, "public_url": "no", "created_at": 1, "other": None}
    assert await patched(api, code, **everything) == code
    assert await patched(api, code) == code
    # What was read can be sent back as it is.
    assert await patched(api, code, **code) == code


@pytest.mark.parametrize("field", ["name", "destination_url", "is_active", "variants"])
async def test_nothing_can_be_null(api: Service, field: str) -> None:
    """namestringyes"""
    code = await made(api)
    assert (await patched(api, code, 400, **{field: None}))["detail"].startswith(f"{field} must be ")


async def test_no_name_is_an_empty_one(api: Service) -> None:
    """namestringyesInternal label, never visible to scanners."""
    native = await api.make()
    code = (await api.client.get(LIST)).json()["results"][0]
    assert (code["name"], code["short_id"]) == ("", native["slug"])
    assert await patched(api, code, **code) == code
    assert (await api.client.get(f"/v1/dynamic/{native['id']}")).json()["label"] is None


async def test_a_blank_name_is_refused(api: Service) -> None:
    """namestringyesInternal label, never visible to scanners."""
    code = await made(api)
    for name in ("", " ", "\t\n"):
        refused = await api.client.post(LIST, json={**NEW, "name": name})
        assert (refused.status_code, refused.json()["detail"]) == (400, "name must not be blank")
        assert (await patched(api, code, 400, name=name))["detail"] == "name must not be blank"
    assert await read(api, code) == code


async def test_variants(api: Service) -> None:
    """Pass an array of {url, weight, label}"""
    code = await made(api)
    assert (await patched(api, code, variants=[A, B]))["variants"] == [A, B]
    assert (await patched(api, code, name="x"))["variants"] == [A, B]
    assert (await made(api, variants=[A]))["variants"] == [A]


@pytest.mark.parametrize(
    "weights", [[0], [0, 0], [-1, 5], [1.5], ["1"], [True], [None], [2**70]]
)  # fmt: skip
async def test_weights(api: Service, weights: list[object]) -> None:
    """Weight is relative; total must be > 0."""
    code = await made(api)
    sent = [{"url": f"https://example.com/{at}", "weight": weight} for at, weight in enumerate(weights)]
    assert (await patched(api, code, 400, variants=sent))["detail"].startswith("variants")
    assert (await read(api, code))["variants"] == []
    assert [one["weight"] for one in (await patched(api, code, variants=[A | {"weight": 0}, B]))["variants"]] == [0, 50]


async def test_ten_variants_at_most(api: Service) -> None:
    """Maximum 10 variants per QR."""
    code = await made(api)
    many = [{"url": f"https://example.com/{at}", "weight": 1, "label": None} for at in range(11)]
    assert (await patched(api, code, variants=many[:10]))["variants"] == many[:10]
    assert (await patched(api, code, 400, variants=many))["detail"].startswith("variants: ")


async def test_an_empty_list_is_a_single_destination(api: Service) -> None:
    """Empty array ([]) means "single destination, use destination_url"."""
    code = await made(api)
    await patched(api, code, variants=[A, B])
    route = await route_of(api, code["short_id"])
    assert [one.url for one in route.variants] == [A["url"], B["url"]]
    assert await patched(api, code, variants=[]) == code
    route = await route_of(api, code["short_id"])
    assert (route.variants, route.destination) == ((), NEW["destination_url"])


async def test_an_inactive_variant_reads_as_weight_0_and_stays_inactive_when_written_back(api: Service) -> None:
    """Weight is relative"""
    native = await api.make(
        variants=[{"url": A["url"], "weight": 7, "active": False, "label": "off"}, {"url": B["url"], "weight": 3}]
    )
    code = (await api.client.get(LIST)).json()["results"][0]
    assert [one["weight"] for one in code["variants"]] == [0, 3]
    assert await patched(api, code, variants=code["variants"]) == code
    assert (await api.client.get(f"/v1/dynamic/{native['id']}")).json()["variants"] == native["variants"]
    alone = await patched(api, code, variants=code["variants"][:1])
    assert [one["weight"] for one in alone["variants"]] == [0]
    woken = await patched(api, code, variants=[code["variants"][0] | {"weight": 2}])
    assert woken["variants"] == [{"url": A["url"], "weight": 2, "label": "off"}]
    [variant] = (await api.client.get(f"/v1/dynamic/{native['id']}")).json()["variants"]
    assert (variant["active"], variant["key"]) == (True, "a")


async def test_the_kill_switch(api: Service) -> None:
    """is_activeyesPause / kill switch"""
    code = await made(api)
    await patched(api, code, is_active=False)
    assert (await route_of(api, code["short_id"])).status == "paused"
    await patched(api, code, is_active=True)
    assert (await route_of(api, code["short_id"])).status == "active"
    assert (await made(api, is_active=False))["is_active"] is False


async def test_changes_of_the_destination_are_counted(api: Service) -> None:
    """ "destination_changes_count": 1"""
    code = await made(api)
    for count, url in enumerate(("https://example.com/b", "https://example.com/c"), 1):
        assert (await patched(api, code, destination_url=url))["destination_changes_count"] == count
        assert (await patched(api, code, destination_url=url, name="x"))["destination_changes_count"] == count
    assert (await patched(api, code, variants=[A]))["destination_changes_count"] == 2


async def test_delete(api: Service) -> None:
    """Returns 204 No Content. The redirect endpoint immediately starts returning a "QR not found" page"""
    code = await made(api)
    response = await api.client.delete(f"{LIST}{code['short_id']}/")
    assert (response.status_code, response.content) == (204, b"")
    assert (await route_of(api, code["short_id"])).gone
    for method in ("GET", "PATCH", "DELETE"):
        again = await api.client.request(method, f"{LIST}{code['short_id']}/", json={})
        assert again.status_code == 404
    assert (await api.client.get(LIST)).json()["results"] == []


async def test_counts_and_last_scan(api: Service) -> None:
    """ "scan_count": 1247, "last_scanned_at": "2026-05-08T13:45:12Z" """
    native = await api.make()
    other = await made(api)
    await api.scanned(
        native["id"],
        *[{"kind": kind, "days_ago": 400} for kind in ("human", "bot", "preview", "prefetch")],
        {"outcome": "page", "days_ago": 2},
        *[{"outcome": outcome} for outcome in ("paused", "expired", "early", "limited", "gate", "unknown")],
    )
    listed = (await api.client.get(LIST)).json()["results"]
    assert [(one["scan_count"], one["last_scanned_at"]) for one in listed] == [(0, None), (5, "2026-05-19T15:00:00Z")]
    assert await read(api, listed[1]) == listed[1]
    assert await patched(api, listed[1]) == listed[1]
    assert listed[0] == other


async def test_a_code_that_shows_a_page_leads_to_itself(api: Service) -> None:
    """destination_urlyesThe redirect target"""
    card = {"type": "vcard_plus", "content": {"vCardContent": {"first_name": "Ada", "last_name": "Lovelace"}}}
    assert (await api.client.post("/v1/dynamic", json=card)).status_code == 201
    code = (await api.client.get(LIST)).json()["results"][0]
    assert code["destination_url"] == code["public_url"] == f"{SHORT}/q/{code['short_id']}/"
    refused = await patched(api, code, 409, destination_url="https://example.com/b")
    assert refused["detail"].startswith("destination_url: ")
    assert (await patched(api, code, name="Card"))["name"] == "Card"


async def test_locked_codes_refuse_edits_and_can_be_deleted(api: Service) -> None:
    """nameyesInternal label"""
    native = await api.make(locked=True)
    code = (await api.client.get(LIST)).json()["results"][0]
    assert "locked" in (await patched(api, code, 409, name="x"))["detail"]
    assert await patched(api, code) == code
    assert (await api.client.delete(f"{LIST}{code['short_id']}/")).status_code == 204
    assert (await api.client.get(f"/v1/dynamic/{native['id']}")).status_code == 404


async def test_either_slash_without_a_redirect(api: Service) -> None:
    """GET /api/v1/dynamic/?page=1&page_size=25"""
    code = await made(api)
    for path in ("/api/v1/dynamic", f"/api/v1/dynamic/{code['short_id']}"):
        for tail in ("", "/"):
            assert (await api.client.get(path + tail)).status_code == 200
    for path in ("/api/v1/dynamic", f"/api/v1/dynamic/{code['short_id']}/analytics", "/api/v1/dynamic/custom-domains"):
        assert (await api.client.get(path)).json() == (await api.client.get(f"{path}/")).json()
    assert (await api.client.post("/api/v1/dynamic", json=NEW)).status_code == 201
    assert (await api.client.patch(f"/api/v1/dynamic/{code['short_id']}", json={})).status_code == 200
    assert (await api.client.delete(f"/api/v1/dynamic/{code['short_id']}")).status_code == 204


async def test_every_error_is_a_sentence(api: Service) -> None:
    """{ "detail": "…" }"""
    answers = [
        (404, await api.client.get("/api/v1/nothing/")),
        (405, await api.client.put(LIST, json={})),
        (400, await api.client.post(LIST, content=b"{")),
        (400, await api.client.post(LIST, content=b"[]")),
        (400, await api.client.post(LIST, content=b'{"name": "a", "name": "b"}')),
        (413, await api.client.post(LIST, content=b"x" * 1_100_000)),
        (403, await (await api.caller(scope="read")).post(LIST, json=NEW)),
    ]
    for status, response in answers:
        assert response.status_code == status
        assert list(response.json()) == ["detail"]
        assert isinstance(response.json()["detail"], str)


async def test_a_warehouse_that_is_away_stops_no_switch(api: Service) -> None:
    """is_activeyesPause / kill switch"""
    code = await made(api)
    await api.questions.close()
    response = await api.client.patch(f"{LIST}{code['short_id']}/", json={"is_active": False})
    assert response.status_code == 503 and "the edit is in force" in response.json()["detail"]
    assert (await route_of(api, code["short_id"])).status == "paused"
    assert (await api.client.get(LIST)).status_code == 503
    assert (await api.client.post(LIST, json=NEW)).status_code == 201


async def test_a_creation_sent_twice_under_one_key_happens_once(api: Service) -> None:
    """Create a dynamic QR"""
    for path, sent in ((LIST, NEW), ("/api/v1/generate/", NEW | {"data_type": "dynamic"})):
        before = (await api.client.get(LIST)).json()["count"]
        first, again = [
            await api.client.post(path, json=sent, headers={"Idempotency-Key": f"key of {path}"}) for _ in range(2)
        ]
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        other = await api.client.post(path, json=sent | {"name": "x"}, headers={"Idempotency-Key": f"key of {path}"})
        assert other.status_code == 422 and list(other.json()) == ["detail"]
        assert (await api.client.get(LIST)).json()["count"] == before + 1


async def test_a_change_can_depend_on_what_was_read(api: Service) -> None:
    """PATCH /api/v1/dynamic/{short_id}/"""
    made_one = await api.client.post(LIST, json=NEW)
    at = f"{LIST}{made_one.json()['short_id']}/"
    tag = (await api.client.get(at)).headers["etag"]
    assert tag == made_one.headers["etag"]
    first = await api.client.patch(at, json={"name": "x"}, headers={"If-Match": tag})
    assert first.status_code == 200 and first.headers["etag"] != tag
    for method in ("PATCH", "DELETE"):
        stale = await api.client.request(method, at, json={"name": "y"}, headers={"If-Match": tag})
        assert stale.status_code == 412 and list(stale.json()) == ["detail"]
    same = await api.client.get(at, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    # A scan is no change of the code, and is seen.
    api.stored(await api.birth_of(made_one.json()["short_id"]), ({},))
    again = await api.client.get(at, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.json()["scan_count"]) == (200, 1)
    assert (await api.client.delete(at, headers={"If-Match": first.headers["etag"]})).status_code == 204
