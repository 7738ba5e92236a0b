"""One code, four APIs: each reads, edits and deletes what any of them made, and their analytics agree where they count
the same thing, whatever was scanned."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from schemas.event import COUNTED, KINDS, OUTCOMES
from tests.api.service import NOW, SHORT, Body, Service

URL, NEXT = "https://example.com/spring", "https://example.com/summer"
A, B = "https://example.com/menu/A", "https://example.com/menu/B"
WIFI = {"wifiContent": {"network_name": "Café", "encryption": "WPA", "password": "a;b"}}
CONTACT = {"vCardContent": {"first_name": "Ada", "last_name": "Lovelace"}}
WEIGHED = [(A, 70), (B, 30)]
DAYS = 30
Maker = Callable[[Service], Awaitable[str]]


async def sent(api: Service, path: str, body: Body) -> Body:
    response = await api.client.post(path, json=body)
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


async def got(api: Service, path: str) -> Any:
    response = await api.client.get(path)
    assert response.status_code == 200, response.text
    return response.json()


def _qravio(type: str, content: Body, **fields: Any) -> Body:
    return {"name": "N", "type": type, "category": "dynamic", "content": content, **fields}


class Views(dict[str, Body]):
    """The same code as each API shows it."""


async def openqr(api: Service) -> str:
    return str((await api.make(destination=URL, label="Spring"))["slug"])


async def agency(api: Service) -> str:
    return str((await sent(api, "/api/v1/dynamic/", {"name": "Spring", "destination_url": URL}))["short_id"])


async def exaroutes(api: Service) -> str:
    return str((await sent(api, "/api/qr/codes", {"data": URL}))["id"])


async def qravio(api: Service) -> str:
    destinations = [{"target_url": URL}]
    made = _qravio("website", {"url": URL}, name="Spring", destinations=destinations)
    return str((await sent(api, "/api/public/v1/qrcodes", made))["short_code"])


async def views(api: Service, slug: str) -> Views:
    code = await api.codes.by_slug("", slug)
    assert code is not None
    found = Views()
    for name, path in (
        ("openqr", f"/v1/dynamic/{code.id}"),
        ("agency", f"/api/v1/dynamic/{slug}/"),
        ("exaroutes", f"/api/qr/codes/{slug}"),
        ("qravio", f"/api/public/v1/qrcodes/{code.id}"),
    ):
        found[name] = await got(api, path)
    return found


def destinations(found: Views) -> set[Any]:
    return {
        found["openqr"]["destination"],
        found["agency"]["destination_url"],
        found["exaroutes"]["destination"],
        *(each["target_url"] for each in found["qravio"]["destinations"]),
    }


makers = pytest.mark.parametrize("make", [openqr, agency, exaroutes, qravio])


@makers
async def test_what_one_makes_all_read(api: Service, make: Maker) -> None:
    slug = await make(api)
    found = await views(api, slug)
    assert destinations(found) == {URL}
    links = (
        (found["openqr"]["short_url"], f"{SHORT}/{slug}"),
        (found["agency"]["public_url"], f"{SHORT}/q/{slug}/"),
        (found["exaroutes"]["redirectUrl"], f"{SHORT}/r/{slug}"),
    )
    assert all(shown == wanted for shown, wanted in links)
    assert {found["openqr"]["slug"], found["agency"]["short_id"], found["exaroutes"]["id"]} == {slug}
    assert found["qravio"]["short_code"] == slug
    assert found["openqr"]["id"] == found["qravio"]["id"]
    label = None if make is exaroutes else "Spring"
    assert found["openqr"]["label"] == label
    assert found["agency"]["name"] == found["qravio"]["name"] == (label or "")
    assert found["exaroutes"]["dataType"] == "url"
    assert (found["qravio"]["type"], found["qravio"]["content"]) == ("website", {"url": URL})


@makers
async def test_what_one_edits_all_see(api: Service, make: Maker) -> None:
    slug = await make(api)
    id = (await views(api, slug))["openqr"]["id"]
    edits: list[tuple[str, str, Body]] = [
        ("PATCH", f"/v1/dynamic/{id}", {"destination": f"{NEXT}/1"}),
        ("PATCH", f"/api/v1/dynamic/{slug}/", {"destination_url": f"{NEXT}/2"}),
        ("PUT", f"/api/qr/codes/{slug}", {"destination": f"{NEXT}/3"}),
        ("PATCH", f"/api/public/v1/qrcodes/{id}", {"destinations": [{"target_url": f"{NEXT}/4"}]}),
    ]
    for at, (method, path, body) in enumerate(edits, 1):
        assert (await api.client.request(method, path, json=body)).status_code == 200
        assert destinations(await views(api, slug)) == {f"{NEXT}/{at}"}
    paused = await api.client.patch(f"/api/v1/dynamic/{slug}/", json={"is_active": False})
    assert paused.status_code == 200
    found = await views(api, slug)
    assert [found[name]["status"] for name in ("openqr", "exaroutes", "qravio")] == ["paused", "inactive", "inactive"]
    assert found["agency"]["is_active"] is False
    assert found["agency"]["destination_changes_count"] == 4


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/dynamic/{id}"),
        ("DELETE", "/api/v1/dynamic/{slug}/"),
        ("DELETE", "/api/public/v1/qrcodes/{id}"),
    ],
)
async def test_what_one_deletes_none_has(api: Service, method: str, path: str) -> None:
    slug = await exaroutes(api)
    id = (await views(api, slug))["openqr"]["id"]
    assert (await api.client.request(method, path.format(id=id, slug=slug))).is_success
    for gone in (
        *(f"/v1/dynamic/{id}", f"/api/v1/dynamic/{slug}/", f"/api/qr/codes/{slug}"),
        *(f"/api/qr/codes/{slug}/image", f"/api/qr/codes/{slug}/analytics", f"/api/public/v1/qrcodes/{id}"),
    ):
        assert (await api.client.get(gone)).status_code == 404, gone
    assert (await api.client.get("/api/qr/codes")).json()["pagination"]["total"] == 0


async def test_no_edit_takes_a_page_away(api: Service) -> None:
    """A PATCH that would make a page a `website` without a destination of its own is 409 (dialects.md 35)."""
    content = {"landingPageContent": {"title": "Hello"}}
    made = await api.client.post("/v1/dynamic", json={"type": "landing_page", "content": content})
    code = made.json()
    at = f"/v1/dynamic/{code['id']}"
    for sent in ({"type": "website"}, {"type": "url", "label": "x"}, {"type": "website", "content": None}):
        refused = await api.client.patch(at, json=sent)
        assert (refused.status_code, refused.json()["error"]["field"]) == (409, "type"), sent
    # Its short link, which is what its destination reads as, is none of its own.
    refused = await api.client.patch(at, json={"type": "website", "destination": code["short_url"]})
    assert refused.status_code in (400, 409)
    # Where a type cannot be written it is ignored.
    for method, path, body in (
        ("PATCH", f"/api/v1/dynamic/{code['slug']}/", {"name": "Renamed"}),
        ("PATCH", f"/api/public/v1/qrcodes/{code['id']}", {"name": "Renamed"}),
    ):
        response = await api.client.request(method, path, json={**body, "type": "website"})
        assert response.status_code == 200, response.text
    put = await api.client.put(f"/api/qr/codes/{code['slug']}", json={"destination": URL, "dataType": "url"})
    assert put.status_code == 409
    now = (await api.client.get(at)).json()
    assert (now["type"], now["content"], now["destination"]) == ("landing_page", content, now["short_url"])


async def plain_codes(api: Service) -> list[str]:
    """The slugs of one code from each of the four, and of a static one, oldest first."""
    one = await sent(api, "/v1/dynamic", {"destination": A})
    two = await sent(api, "/api/v1/dynamic/", {"name": "N", "destination_url": A})
    three = await sent(api, "/api/qr/codes", {"data": A})
    await sent(
        api, "/api/public/v1/qrcodes", {"name": "S", "type": "text", "category": "static", "content": {"text": "x"}}
    )
    four = await sent(api, "/api/public/v1/qrcodes", _qravio("website", {"url": A}, destinations=[{"target_url": A}]))
    return [one["slug"], two["short_id"], three["id"], four["short_code"]]


async def test_every_list_has_every_code_newest_first(api: Service) -> None:
    """Every dialect shows every dynamic code of the workspace, newest first by number (dialects.md 1)."""
    slugs = (await plain_codes(api))[::-1]
    assert [len(slug) for slug in slugs] == [6, 8, 8, 7]
    assert [one["slug"] for one in (await got(api, "/v1/dynamic"))["codes"]] == slugs
    assert [one["short_id"] for one in (await got(api, "/api/v1/dynamic/"))["results"]] == slugs
    assert [one["id"] for one in (await got(api, "/api/qr/codes"))["data"]] == slugs
    here = await got(api, "/api/public/v1/qrcodes")
    assert [one["short_code"] for one in here] == [slugs[0], None, *slugs[1:]]
    assert [one["category"] for one in here].count("static") == 1


async def variants_of_openqr(api: Service) -> str:
    variants = [{"url": url, "weight": weight, "label": url[-1]} for url, weight in WEIGHED]
    return str((await sent(api, "/v1/dynamic", {"destination": A, "variants": variants}))["slug"])


async def variants_of_agency(api: Service) -> str:
    variants = [{"url": url, "weight": weight, "label": url[-1]} for url, weight in WEIGHED]
    code = await sent(api, "/api/v1/dynamic/", {"name": "N", "destination_url": A})
    response = await api.client.patch(f"/api/v1/dynamic/{code['short_id']}/", json={"variants": variants})
    assert response.status_code == 200, response.text
    return str(code["short_id"])


async def variants_of_qravio(api: Service) -> str:
    destinations = [{"target_url": url, "weight": weight, "label": url[-1]} for url, weight in WEIGHED]
    body = _qravio("website", {"url": A}, destinations=destinations)
    return str((await sent(api, "/api/public/v1/qrcodes", body))["short_code"])


@pytest.mark.parametrize("make", [variants_of_openqr, variants_of_agency, variants_of_qravio])
async def test_variants_are_the_same_everywhere(api: Service, make: Maker) -> None:
    """While there are variants, `destination` is only the fallback (dialects.md 12)."""
    slug = await make(api)
    code = await api.codes.by_slug("", slug)
    assert code is not None
    native = await got(api, f"/v1/dynamic/{code.id}")
    agency = await got(api, f"/api/v1/dynamic/{slug}/")
    qra = await got(api, f"/api/public/v1/qrcodes/{code.id}")
    assert [(one["url"], one["weight"], one["label"], one["key"]) for one in native["variants"]] == [
        (A, 70, "A", "a"),
        (B, 30, "B", "b"),
    ]
    assert agency["variants"] == [{"url": url, "weight": weight, "label": url[-1]} for url, weight in WEIGHED]
    assert [(one["target_url"], one["weight"], one["label"], one["variant_key"]) for one in qra["destinations"]] == [
        (A, 70, "A", "a"),
        (B, 30, "B", "b"),
    ]
    assert [one["id"] for one in qra["destinations"]] == [one["id"] for one in native["variants"]]
    assert qra["ab_enabled"] is True
    assert (
        native["destination"]
        == agency["destination_url"]
        == (await got(api, f"/api/qr/codes/{slug}"))["destination"]
        == A
    )


async def wifi_of_openqr(api: Service) -> str:
    return str((await sent(api, "/v1/dynamic", {"type": "wifi", "content": WIFI}))["slug"])


async def wifi_of_exaroutes(api: Service) -> str:
    return str((await sent(api, "/api/qr/codes", {"dataType": "wifi", "data": WIFI["wifiContent"]}))["id"])


async def wifi_of_qravio(api: Service) -> str:
    return str((await sent(api, "/api/public/v1/qrcodes", _qravio("wifi", WIFI)))["short_code"])


@pytest.mark.parametrize("make", [wifi_of_openqr, wifi_of_exaroutes, wifi_of_qravio])
async def test_a_page_is_the_same_everywhere(api: Service, make: Maker) -> None:
    """Their destination reads as their short link …. In Exa it is the payload (dialects.md 10)."""
    slug = await make(api)
    code = await api.codes.by_slug("", slug)
    assert code is not None
    native = await got(api, f"/v1/dynamic/{code.id}")
    agency = await got(api, f"/api/v1/dynamic/{slug}/")
    exa = await got(api, f"/api/qr/codes/{slug}")
    qra = await got(api, f"/api/public/v1/qrcodes/{code.id}")
    assert (native["type"], qra["type"], exa["dataType"]) == ("wifi", "wifi", "wifi")
    assert native["content"] == qra["content"] == WIFI
    assert native["destination"] == qra["destinations"][0]["target_url"] == f"{SHORT}/{slug}"
    assert agency["destination_url"] in (f"{SHORT}/{slug}", agency["public_url"])
    assert exa["destination"].startswith("WIFI:") and r"a\;b" in exa["destination"]


async def test_a_type_that_exaroutes_has_not_is_an_address_there(api: Service) -> None:
    """`vcard_plus` is `vcard`, other types without one are `url` (dialects.md 10)."""
    for type, content, shown in (
        ("vcard_plus", CONTACT, "vcard"),
        ("coupon", {"couponContent": {"title": "Half off"}}, "url"),
    ):
        code = await sent(api, "/api/public/v1/qrcodes", _qravio(type, content))
        assert (await got(api, f"/api/qr/codes/{code['short_code']}"))["dataType"] == shown


def scans(rng: random.Random) -> list[Body]:
    """Every kind of visit with every way in which one can end, and more by chance."""
    every = [{"kind": kind, "outcome": outcome} for kind in KINDS for outcome in OUTCOMES]
    more: list[Body] = [{} for _ in range(rng.randrange(120))]
    return [
        {
            "kind": rng.choice(["human", "human", "human", *KINDS]),
            "outcome": rng.choice([*COUNTED, *COUNTED, *OUTCOMES]),
            "country": rng.choice(["", "GB", "US", "FR"]),
            "device": rng.choice(["", "mobile", "tablet", "desktop"]),
            "days_ago": rng.choice([0, 0, 1, 6, 7, 13, 14, 29, 30, 200]),
            "visitor": rng.randrange(5),
            **given,
        }
        for given in every + more
    ]


@pytest.mark.parametrize("seed", range(4))
async def test_all_four_count_alike_and_as_a_plain_count_does(api: Service, seed: int) -> None:
    """Over the same days, Qravio's count − bot = Agency's − Bot = OpenQR's = Exa's (dialects.md 16)."""
    api.clock.pass_by(days=-300)
    slug = (await plain_codes(api))[seed]
    api.clock.pass_by(days=300)
    code = await api.codes.by_slug("", slug)
    assert code is not None
    recorded = scans(random.Random(seed))
    api.stored(code.birth, tuple(recorded))
    counted = [one for one in recorded if one["outcome"] in COUNTED]
    people = [one for one in counted if one["kind"] == "human"]

    def days(among: list[Body]) -> dict[str, int]:
        found = Counter(str((NOW - timedelta(days=one["days_ago"])).date()) for one in among if one["days_ago"] < DAYS)
        return dict(found)

    def some(series: list[Body], day: str, n: str) -> dict[str, int]:
        """Of the window, without its empty days."""
        first = str((NOW - timedelta(days=DAYS - 1)).date())
        return {each[day]: each[n] for each in series if each[n] and each[day] >= first}

    native = await got(api, f"/v1/dynamic/{code.id}/scans?days={DAYS}")
    agency = await got(api, f"/api/v1/dynamic/{slug}/analytics/?days={DAYS}")
    exa = await got(api, f"/api/qr/codes/{slug}/analytics?days={DAYS}")
    qra = await got(api, f"/api/public/v1/qrcodes/{code.id}/analytics")
    # Of all time: people, and everything.
    assert native["scans"]["total"] == exa["totalScans"] == len(people)
    assert qra["total_scans"] == agency["total_scans"] == len(counted)
    assert qra["scans_by_device"]["bot"] == len(counted) - len(people)
    shown = await got(api, f"/api/public/v1/qrcodes/{code.id}")
    assert shown["total_scans"] == (await got(api, f"/api/v1/dynamic/{slug}/"))["scan_count"] == len(counted)
    # Of the window, day by day.
    assert some(native["analytics"]["daily"], "day", "n") == some(exa["series"], "date", "scans") == days(people)
    assert some(qra["daily_scans"], "date", "scans") == some(agency["by_day"], "day", "count") == days(counted)
    assert native["analytics"]["window_total"] == exa["windowScans"] == sum(days(people).values())
    bots = sum(one["count"] for one in agency["top_clients"] if one["client"] == "Bot")
    assert agency["scans_in_period"] - bots == exa["windowScans"]
    # Where they come from, and with what.
    recent = [one for one in people if one["days_ago"] < DAYS]
    by_country = Counter(one["country"] or "Unknown" for one in recent)
    assert {one["country"]: one["scans"] for one in exa["countries"]} == by_country
    assert {one["value"]: one["n"] for one in native["analytics"]["by_country"]} == by_country
    assert qra["scans_by_country"] == Counter(one["country"] or "Unknown" for one in counted)
    within = Counter(one["country"] or "Unknown" for one in counted if one["days_ago"] < DAYS)
    assert {one["country"]: one["count"] for one in agency["top_countries"]} == within
    devices = Counter(one["device"] or "unknown" for one in people)
    assert {name: n for name, n in qra["scans_by_device"].items() if n and name != "bot"} == devices
    # The week, and who came.
    week = sum(one["days_ago"] < 7 for one in people)
    assert native["scans"]["last7"] == week
    assert qra["unique_scans"] == len({(one["days_ago"], one["visitor"]) for one in people})
    last = min((one["days_ago"] for one in counted), default=None)
    when = None if last is None else f"{NOW - timedelta(days=last):%Y-%m-%dT%H:%M:%SZ}"
    assert qra["last_scanned_at"] == (await got(api, f"/api/v1/dynamic/{slug}/"))["last_scanned_at"] == when


async def test_the_week_over_week_is_of_every_kind(api: Service) -> None:
    """last 7 days against the 7 before (dialects.md 22)"""
    slug = (await plain_codes(api))[1]
    code = await api.codes.by_slug("", slug)
    assert code is not None
    api.stored(code.birth, tuple({"days_ago": back, "kind": "bot"} for back in (0, 6, 6, 7, 13)))
    weeks = [await got(api, f"/api/v1/dynamic/{slug}/analytics/?days={days}") for days in (7, 14)]
    last, both = (each["scans_in_period"] for each in weeks)
    qra = await got(api, f"/api/public/v1/qrcodes/{code.id}/analytics")
    assert qra["wow_change"] == 100 * (last - (both - last)) / (both - last) == 50.0
