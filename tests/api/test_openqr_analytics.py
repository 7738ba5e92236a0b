"""Each promise of OpenQR's guide to scan data. The quoted lines are the guide's own."""

from datetime import date, timedelta
from typing import Any

import pytest

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
