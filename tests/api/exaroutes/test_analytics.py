"""Each promise of ExaRoutes' page about scans. The quoted lines are the page's own."""

from datetime import timedelta

import pytest

from tests.api.exaroutes.calls import CODES, error, make, native_id
from tests.api.service import NOW, Service

TODAY = NOW.date()


async def test_analytics(api: Service) -> None:
    """Returns a day-wise scan time series and a country breakdown."""
    made = await make(api)
    await api.scanned(
        await native_id(api, made),
        *[{"country": "GB"}] * 2,
        {"country": "FR", "days_ago": 2},
        {"country": "", "days_ago": 2},
        {"country": "DE", "days_ago": 3},
        {"country": "GB", "kind": "bot"},
        {"country": "GB", "outcome": "paused"},
    )
    assert (await api.client.get(f"{CODES}/{made['id']}/analytics?days=3")).json() == {
        "id": made["id"],
        "days": 3,
        "totalScans": 5,
        "windowScans": 4,
        "series": [
            {"date": "2026-05-19", "scans": 2},
            {"date": "2026-05-20", "scans": 0},
            {"date": "2026-05-21", "scans": 2},
        ],
        "countries": [
            {"country": "GB", "scans": 2},
            {"country": "FR", "scans": 1},
            {"country": "Unknown", "scans": 1},
        ],
    }


@pytest.mark.parametrize(
    ("query", "days"), [("", 30), ("?days=1", 1), ("?days=90", 90), ("?days=0", 1), ("?days=91", 90), ("?days=-5", 1)]
)
async def test_days(api: Service, query: str, days: int) -> None:
    """days is 1-90 (default 30)."""
    made = await make(api)
    await api.scanned(await native_id(api, made), {"days_ago": 0}, {"days_ago": 89}, {"days_ago": 90})
    found = (await api.client.get(f"{CODES}/{made['id']}/analytics{query}")).json()
    assert (found["days"], len(found["series"]), found["totalScans"]) == (days, days, 3)
    assert found["windowScans"] == sum(day["scans"] for day in found["series"]) == (2 if days == 90 else 1)
    assert found["series"][0]["date"] == str(TODAY - timedelta(days=days - 1))
    assert found["series"][-1]["date"] == str(TODAY)


async def test_days_must_be_a_number(api: Service) -> None:
    made = await make(api)
    assert error(await api.client.get(f"{CODES}/{made['id']}/analytics?days=week")) == (400, "days")


async def test_all_countries_are_listed(api: Service) -> None:
    """a country breakdown: all of them, adding up to the window"""
    made = await make(api)
    countries = [f"{first}{second}" for first in "ABC" for second in "ABCDEFGHIJKLM"]
    await api.scanned(await native_id(api, made), *[{"country": country} for country in countries])
    found = (await api.client.get(f"{CODES}/{made['id']}/analytics")).json()
    assert [each["country"] for each in found["countries"]] == countries
    assert found["windowScans"] == len(countries)


async def test_without_scans(api: Service) -> None:
    made = await make(api)
    found = (await api.client.get(f"{CODES}/{made['id']}/analytics")).json()
    assert (found["totalScans"], found["windowScans"], found["countries"]) == (0, 0, [])
    assert [day["scans"] for day in found["series"]] == [0] * 30


async def test_the_same_as_v1(api: Service) -> None:
    """Both count people, so both say the same."""
    made = await make(api)
    id = await native_id(api, made)
    await api.scanned(id, {"country": "GB"}, {"country": "IE", "days_ago": 5}, {"kind": "bot"}, {"kind": "preview"})
    here = (await api.client.get(f"{CODES}/{made['id']}/analytics?days=30")).json()
    there = (await api.client.get(f"/v1/dynamic/{id}/scans?days=30")).json()
    assert here["totalScans"] == there["scans"]["total"] == 2
    assert [(day["date"], day["scans"]) for day in here["series"]] == [
        (day["day"], day["n"]) for day in there["analytics"]["daily"]
    ]
