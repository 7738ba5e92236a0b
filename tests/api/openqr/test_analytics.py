"""Each promise of OpenQR's guide to scan data. The quoted lines are the guide's own."""

from datetime import date, timedelta
from typing import Any

import pytest

from schemas.event import COUNTED, OUTCOMES
from tests.api.service import NOW, Service

TODAY = NOW.date()


async def read(api: Service, id: str, query: str = "") -> dict[str, Any]:
    response = await api.client.get(f"/v1/dynamic/{id}/scans{query}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def test_the_full_answer(api: Service) -> None:
    """The body has two siblings: a compact scans summary and a richer analytics object"""
    code = await api.make(slug="spring-sale", destination="https://example.com/spring/live")
    await api.scanned(
        code["id"],
        *[{"country": "GB", "device": "mobile"}] * 3,
        {"country": "IE", "device": "desktop", "referrer_host": "t.co", "days_ago": 1},
        {"country": "IE", "device": "mobile", "referrer_host": "t.co", "days_ago": 2},
        {"country": "FR", "device": "tablet", "days_ago": 40},
    )
    assert await read(api, code["id"], "?days=3") == {
        "id": code["id"],
        "slug": "spring-sale",
        "short_url": code["short_url"],
        "destination": "https://example.com/spring/live",
        "scans": {"total": 6, "last7": 5, "topCountry": "GB", "topDevice": "mobile"},
        "analytics": {
            "days_window": 3,
            "total": 6,
            "window_total": 5,
            "daily": [{"day": "2026-05-19", "n": 1}, {"day": "2026-05-20", "n": 1}, {"day": "2026-05-21", "n": 3}],
            "by_country": [{"value": "GB", "n": 3}, {"value": "IE", "n": 2}],
            "by_device": [{"value": "mobile", "n": 4}, {"value": "desktop", "n": 1}],
            "by_referrer": [{"value": "Direct", "n": 3}, {"value": "t.co", "n": 2}],
        },
    }


async def test_a_code_without_scans(api: Service) -> None:
    """The single leading country and device class, or null if no scans."""
    found = await read(api, (await api.make())["id"])
    assert found["scans"] == {"total": 0, "last7": 0, "topCountry": None, "topDevice": None}
    daily = [{"day": str(TODAY - timedelta(days=back)), "n": 0} for back in reversed(range(30))]
    assert found["analytics"] == {
        "days_window": 30,
        "total": 0,
        "window_total": 0,
        "daily": daily,
        "by_country": [],
        "by_device": [],
        "by_referrer": [],
    }


@pytest.mark.parametrize(
    ("query", "days"),
    [("", 30), ("?days=1", 1),
      ("?days=365", 365), ("?days=0", 1), ("?days=-7", 1), ("?days=366", 365), ("?days=99999999", 365)],
)  # fmt: skip
async def test_days_is_clamped_and_echoed(api: Service, query: str, days: int) -> None:
    """Echoes the days you requested (clamped to 1–365)."""
    code = await api.make()
    await api.scanned(code["id"], {"days_ago": 0}, {"days_ago": 364}, {"days_ago": 365})
    analytics = (await read(api, code["id"], query))["analytics"]
    assert analytics["days_window"] == days
    assert [date.fromisoformat(each["day"]) for each in analytics["daily"]] == [
        TODAY - timedelta(days=back) for back in reversed(range(days))
    ]
    assert analytics["window_total"] == (2 if days == 365 else 1)


@pytest.mark.parametrize("days", ["", "x", "7d", "1.5", "1e1", "%zz", "%ff", "%00", "NaN", "null", "٣", "7 "])
async def test_days_that_are_no_number_are_refused(api: Service, days: str) -> None:
    """The single query parameter days ranges 1–365 (default 30)"""
    id = (await api.make())["id"]
    response = await api.client.get(f"/v1/dynamic/{id}/scans?days={days}")
    assert (response.status_code, response.json()["error"]["field"]) == (400, "days")


async def test_lifetime_totals_ignore_the_window(api: Service) -> None:
    """bounds the daily series and the breakdowns — but not the lifetime totals, which always count every scan ever"""
    code = await api.make()
    old = {"country": "FR", "device": "tablet", "days_ago": 2000}
    await api.scanned(code["id"], *[old] * 3, {"country": "GB", "device": "mobile"})
    found = await read(api, code["id"], "?days=1")
    assert found["scans"] == {"total": 4, "last7": 1, "topCountry": "FR", "topDevice": "tablet"}
    assert (found["analytics"]["total"], found["analytics"]["window_total"]) == (4, 1)
    assert found["analytics"]["by_country"] == [{"value": "GB", "n": 1}]


async def test_last7_is_fixed(api: Service) -> None:
    """Scans in the trailing 7 days (fixed, regardless of days)."""
    code = await api.make()
    await api.scanned(code["id"], *[{"days_ago": back} for back in range(10)])
    for days in (1, 7, 30, 365):
        assert (await read(api, code["id"], f"?days={days}"))["scans"]["last7"] == 7


async def test_breakdowns_are_the_top_eight(api: Service) -> None:
    """top entries (up to 8 each) as { value, n }"""
    code = await api.make()
    scans = [{"country": f"A{letter}", "days_ago": 3} for letter in "JIHGFEDCBA"] + [{"country": "AJ"}]
    await api.scanned(code["id"], *scans)
    found = (await read(api, code["id"]))["analytics"]
    assert found["by_country"] == [{"value": "AJ", "n": 2}, *({"value": f"A{letter}", "n": 1} for letter in "ABCDEFG")]
    assert found["window_total"] == 11


async def test_what_is_not_known_has_a_name(api: Service) -> None:
    """A missing referrer shows as "Direct"; an unknown country or device shows as "Unknown"."""
    code = await api.make()
    await api.scanned(code["id"], {}, {}, {"country": "GB", "device": "mobile", "referrer_host": "t.co"})
    found = await read(api, code["id"])
    assert found["analytics"]["by_country"] == [{"value": "Unknown", "n": 2}, {"value": "GB", "n": 1}]
    assert found["analytics"]["by_device"] == [{"value": "Unknown", "n": 2}, {"value": "mobile", "n": 1}]
    assert found["analytics"]["by_referrer"] == [{"value": "Direct", "n": 2}, {"value": "t.co", "n": 1}]
    assert (found["scans"]["topCountry"], found["scans"]["topDevice"]) == ("Unknown", "Unknown")


async def test_only_people_at_their_destination_count(api: Service) -> None:
    """which always count every scan ever"""
    code = await api.make()
    await api.scanned(
        code["id"],
        {"kind": "human", "outcome": "redirect"},
        {"kind": "human", "outcome": "page"},
        *[{"kind": kind, "country": "US"} for kind in ("bot", "preview", "prefetch")],
        *[{"outcome": outcome, "country": "US"} for outcome in OUTCOMES if outcome not in COUNTED],
    )
    found = await read(api, code["id"])
    assert (found["scans"]["total"], found["scans"]["last7"], found["analytics"]["window_total"]) == (2, 2, 2)
    assert found["analytics"]["by_country"] == [{"value": "Unknown", "n": 2}]


async def test_the_day_is_utc_and_today_is_the_last(api: Service) -> None:
    """one bucket per day in the window, oldest → newest, zero-filled so you can plot it directly."""
    code = await api.make()
    await api.scanned(code["id"], {}, {"days_ago": 1})
    api.clock.now = NOW.replace(hour=23, minute=59, second=59, microsecond=999_000)
    assert (await read(api, code["id"], "?days=1"))["analytics"]["daily"] == [{"day": "2026-05-21", "n": 1}]
    api.clock.pass_by(seconds=1)
    assert (await read(api, code["id"], "?days=2"))["analytics"]["daily"] == [
        {"day": "2026-05-21", "n": 1},
        {"day": "2026-05-22", "n": 0},
    ]


async def test_scans_are_read_live(api: Service) -> None:
    """scans are logged at redirect time and read live, so a poll reflects very recent activity."""
    code = await api.make()
    for total in range(3):
        assert (await read(api, code["id"]))["scans"]["total"] == total
        await api.scanned(code["id"], {})


async def test_the_id_and_not_the_slug(api: Service) -> None:
    """Pass the code's id (the one returned at creation), not its slug."""
    code = await api.make(slug="spring-sale")
    id = code["id"]
    for wrong in ("spring-sale", id + "0", f"%20{id}", f"{id}%0A", "1", "%00", "%ff", "a" * 3000):
        assert (await api.client.get(f"/v1/dynamic/{wrong}/scans")).status_code == 404
    theirs = await api.caller("theirs")
    assert (await theirs.get(f"/v1/dynamic/{code['id']}/scans")).status_code == 404


async def test_edits_move_no_scans(api: Service) -> None:
    """Point them at a docs or support page now, and repoint to a newer one later without a print run."""
    code = await api.make()
    await api.scanned(code["id"], {})
    await api.client.patch(f"/v1/dynamic/{code['id']}", json={"slug": "moved", "destination": "https://example.com/b"})
    found = await read(api, code["id"])
    assert (found["slug"], found["destination"], found["scans"]["total"]) == ("moved", "https://example.com/b", 1)


async def test_a_deleted_code_has_no_scans_to_read(api: Service) -> None:
    """DELETE removes the code and its scans become unqueryable."""
    code = await api.make(slug="again")
    await api.scanned(code["id"], {})
    await api.client.delete(f"/v1/dynamic/{code['id']}")
    assert (await api.client.get(f"/v1/dynamic/{code['id']}/scans")).status_code == 404
    again = await api.make(slug="again")
    assert (await read(api, again["id"]))["scans"]["total"] == 0


async def test_reading_is_free_of_writes(api: Service) -> None:
    """reading /scans doesn't touch the dynamic-code creation rate limit"""
    code = await api.make()
    before = await api.client.get(f"/v1/dynamic/{code['id']}")
    for _ in range(25):
        await read(api, code["id"])
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json() == before.json()
