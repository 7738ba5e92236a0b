"""/v1/scans: raw scans of a workspace, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from codes.workspaces import ensure_workspace
from schemas.scan_record import FIELDS
from tests.api.service import Body, Service


@pytest.fixture
async def api(api: Service) -> AsyncIterator[Service]:
    """In a workspace of the test's own: tests share the warehouse."""
    ours, api.client = api.client, await api.caller("listing")
    yield api
    await api.client.aclose()
    api.client = ours


async def scanned(api: Service, code: Body, *scans: Body) -> None:
    workspace = (await ensure_workspace(api.redis, "listing")).number
    found = await api.codes.get(workspace, code["id"])
    assert found is not None
    known = {"workspace": workspace, "slug": code["slug"], "days_ago": 0.5}
    api.stored(found.birth, tuple(known | scan for scan in scans))


async def listed(api: Service, **asked: Any) -> Body:
    response = await api.client.get("/v1/scans", params=asked)
    assert response.status_code == 200, response.text
    found: Body = response.json()
    return found


async def test_scans_are_listed_with_the_ids_of_their_codes_and_nothing_of_visitors(api: Service) -> None:
    code = await api.make(slug="window-code")
    await scanned(api, code, {"country": "DE", "placement": "window", "entry": "qr", "lat": 52.5, "lon": 13.4})
    (scan,) = (await listed(api))["scans"]
    assert set(scan) == set(FIELDS)
    assert scan["code"] == code["id"]
    assert (scan["slug"], scan["country"], scan["placement"], scan["entry"]) == ("window-code", "DE", "window", "qr")
    assert scan["at"] == "2026-05-21T03:00:00.250Z"


async def test_pages_follow_each_other_newest_or_oldest_first(api: Service) -> None:
    code = await api.make()
    await scanned(api, code, *({"days_ago": days, "city": str(days)} for days in (1, 2, 3, 40, 500)))
    for order, wanted in (("newest", ["1", "2", "3", "40", "500"]), ("oldest", ["500", "40", "3", "2", "1"])):
        cities: list[str] = []
        cursor = None
        while True:
            page = await listed(api, order=order, limit=2, **({"cursor": cursor} if cursor else {}))
            cities += [scan["city"] for scan in page["scans"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert cities == wanted


async def test_a_list_has_the_scans_that_a_question_counts(api: Service) -> None:
    one, two = await api.make(tags=["poster"]), await api.make(slug="plain")
    await scanned(api, one, {"country": "DE"}, {"kind": "bot"}, {"outcome": "expired"}, {"days_ago": 30})
    await scanned(api, two, {"country": "FR"}, {"country": "DE", "device": "mobile"})
    for asked in (
        {},
        {"country": "DE"},
        {"date_range": "7d", "timezone": "Europe/Berlin"},
        {"tag": "poster"},
        {"code": "plain"},
        {"kinds": "bot,human"},
        {"outcome": "expired"},
        {"filters": '[["or",[["is","scan:country",["FR"]],["contains","scan:device",["mob"]]]]]'},
        {"date_range": "2026-05-21,2026-05-21"},
    ):
        scans = (await listed(api, **asked))["scans"]
        answer = await api.client.get("/v1/analytics", params={"date_range": "all", **asked})
        counted = answer.json()["results"]
        assert len(scans) == (counted[0]["metrics"][0] if counted else 0), asked


async def test_another_workspaces_scans_are_not_there(api: Service) -> None:
    code = await api.make()
    await scanned(api, code, {"country": "DE"})
    async with await api.caller("others") as others:
        assert (await others.get("/v1/scans")).json()["scans"] == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"limit": "many"}, "limit"),
        ({"order": "random"}, "order"),
        ({"cursor": "made-up"}, "cursor"),
        ({"date_range": "never"}, "date_range"),
        ({"timezone": "Mars"}, "timezone"),
        ({"metrics": "scans"}, "metrics"),
        ({"visitor": "7"}, "visitor"),
        ({"filters": "{}"}, "filters"),
        ({"code": "unknown-slug"}, "filters[0][2][0]"),
        ({"kinds": "ghost"}, "kinds[0]"),
    ],
)
async def test_what_cannot_be_listed_is_refused_with_the_parameter(api: Service, asked: Body, field: str) -> None:
    response = await api.client.get("/v1/scans", params=asked)
    assert response.status_code == 400
    assert response.json()["error"]["field"] == field
