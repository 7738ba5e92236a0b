"""Qravio: what its analytics count. The quoted lines are the document's own."""

import asyncio
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest

from analytics.types import Day, Unavailable
from api.dialects.qravio import analytics as scans
from api.dialects.qravio import lookup, pagination
from api.dialects.qravio.analytics import wow_change
from schemas.event import COUNTED, OUTCOMES
from tests.api.qravio.calls import PATH, made, page, read, refused, static
from tests.api.service import NOW, Body, Service

FIELDS = [
    *("total_scans", "unique_scans", "scans_today", "wow_change", "daily_scans", "scans_by_device"),
    *("scans_by_country", "last_scanned_at"),
]


async def analytics(api: Service, id: str) -> Body:
    response = await api.client.get(f"{PATH}/{id}/analytics")
    assert response.status_code == 200, response.text
    found: Body = response.json()
    assert list(found) == FIELDS
    devices = found["scans_by_device"]
    assert sum(devices.values()) == found["total_scans"] == sum(found["scans_by_country"].values())
    return found


async def old(api: Service, days: int, body: Body | None = None) -> Body:
    """A code made so long ago."""
    api.clock.pass_by(days=-days)
    code = await made(api, body)
    api.clock.pass_by(days=days)
    return code


async def test_the_analytics_object(api: Service) -> None:
    """Returns scan analytics for a QR code."""
    code = await old(api, 2)
    await api.scanned(
        code["id"],
        {"country": "GB", "device": "mobile", "visitor": 1},
        {"country": "GB", "device": "mobile", "visitor": 1},
        {"country": "US", "device": "tablet", "visitor": 2, "days_ago": 1},
        {"country": "US", "device": "desktop", "visitor": 1, "days_ago": 1},
        {"country": "FR", "kind": "bot", "visitor": 3, "days_ago": 1},
        {"country": "FR", "kind": "preview", "visitor": 4, "days_ago": 9},
    )
    assert await analytics(api, code["id"]) == {
        "total_scans": 6,
        "unique_scans": 3,
        "scans_today": 2,
        "wow_change": 400.0,
        "daily_scans": [
            {"date": "2026-05-19", "scans": 0},
            {"date": "2026-05-20", "scans": 3},
            {"date": "2026-05-21", "scans": 2},
        ],
        "scans_by_device": {"mobile": 2, "tablet": 1, "desktop": 1, "bot": 2},
        "scans_by_country": {"FR": 2, "GB": 2, "US": 2},
        "last_scanned_at": "2026-05-21T15:00:00Z",
    }


@pytest.mark.parametrize("static_one", [True, False])
async def test_a_code_without_scans(api: Service, static_one: bool) -> None:
    """Timestamp of the most recent scan. … ISO 8601 | null"""
    code = await old(api, 1, static() if static_one else None)
    assert await analytics(api, code["id"]) == {
        "total_scans": 0,
        "unique_scans": 0,
        "scans_today": 0,
        "wow_change": 0.0,
        "daily_scans": [{"date": "2026-05-20", "scans": 0}, {"date": "2026-05-21", "scans": 0}],
        "scans_by_device": {"mobile": 0, "tablet": 0, "desktop": 0, "bot": 0},
        "scans_by_country": {},
        "last_scanned_at": None,
    }


async def test_every_kind_counts_and_what_is_no_person_is_a_bot(api: Service) -> None:
    """{ mobile, tablet, desktop, bot } counts."""
    code = await made(api)
    await api.scanned(
        code["id"],
        *[{"kind": kind, "device": "mobile"} for kind in ("human", "bot", "preview", "prefetch")],
        *[{"outcome": outcome} for outcome in OUTCOMES if outcome not in COUNTED],
        {"outcome": "page", "device": "desktop"},
        {"device": ""},
        {"device": "", "kind": "bot"},
    )
    found = await analytics(api, code["id"])
    assert found["scans_by_device"] == {"mobile": 1, "tablet": 0, "desktop": 1, "bot": 4, "unknown": 1}
    assert found["scans_by_country"] == {"Unknown": 7}


async def test_unique_scans_are_people_of_a_day(api: Service) -> None:
    """All-time unique (session-deduplicated) visitors."""
    code = await made(api)
    await api.scanned(
        code["id"],
        *[{"visitor": 7, "days_ago": back} for back in (0, 0, 1, 500)],
        {"visitor": 8},
        {"visitor": 9, "kind": "bot"},
    )
    assert (await analytics(api, code["id"]))["unique_scans"] == 4


async def test_today_is_the_utc_day(api: Service) -> None:
    """Scans so far in the current UTC day."""
    code = await made(api)
    await api.scanned(code["id"], {}, {}, {"days_ago": 1})
    assert (await analytics(api, code["id"]))["scans_today"] == 2
    api.clock.pass_by(hours=9)
    assert (await analytics(api, code["id"]))["scans_today"] == 0


async def test_the_series_begins_with_the_code_or_the_retention(api: Service) -> None:
    """Per-day series, clamped to your plan’s retention window."""
    code = await old(api, 400)
    await api.scanned(code["id"], {"days_ago": 399}, {"days_ago": 364}, {})
    found = await analytics(api, code["id"])
    days = [str((NOW - timedelta(days=back)).date()) for back in reversed(range(scans.RETENTION_DAYS))]
    assert [each["date"] for each in found["daily_scans"]] == days
    assert [found["daily_scans"][at]["scans"] for at in (0, 1, -1)] == [1, 0, 1]
    assert found["total_scans"] == 3
    young = await made(api)
    await api.scanned(young["id"], {"days_ago": 3})
    assert (await analytics(api, young["id"]))["daily_scans"] == [{"date": "2026-05-21", "scans": 0}]


@pytest.mark.parametrize(
    ("before", "last", "percent"),
    [(0, 0, 0.0), (0, 5, 100.0), (5, 0, -100.0), (8, 9, 12.5), (3, 4, 33.3), (3, 2, -33.3), (4, 4, 0.0), (1, 3, 200.0)],
)
def test_week_over_week(before: int, last: int, percent: float) -> None:
    """Week-over-week change as a percentage."""
    assert wow_change([Day(NOW.date(), n) for n in (99, before, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 0, 0, 0)]) == percent
    assert wow_change([Day(NOW.date(), n) for n in (0, 0, 0, 0, 0, 0, before, 0, 0, 0, 0, 0, 0, last)]) == percent


async def test_the_week_is_seven_days(api: Service) -> None:
    """Week-over-week change as a percentage."""
    code = await made(api)
    await api.scanned(code["id"], {"days_ago": 6}, {"days_ago": 7}, {"days_ago": 13}, {"days_ago": 14})
    assert (await analytics(api, code["id"]))["wow_change"] == -50.0


async def test_last_scanned_at(api: Service) -> None:
    """Timestamp of the most recent scan."""
    code = await made(api)
    await api.scanned(code["id"], {"days_ago": 2, "kind": "bot"}, {"days_ago": 5})
    assert (await analytics(api, code["id"]))["last_scanned_at"] == "2026-05-19T15:00:00Z"


async def test_total_scans_is_all_time(api: Service) -> None:
    """All-time scan count."""
    code = await old(api, 800)
    other = await made(api, page("event"))
    await api.scanned(code["id"], {"days_ago": 700}, {"kind": "bot"}, {}, {"outcome": "paused"})
    assert (await read(api, code["id"]))["total_scans"] == 3
    totals = [(one["id"], one["total_scans"]) for one in (await api.client.get(PATH)).json()]
    assert totals == [(other["id"], 0), (code["id"], 3)]


async def test_the_warehouse_is_asked_once_for_a_list(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Returns every QR code in the API key’s workspace, newest first."""
    codes = [await made(api) for _ in range(12)]
    await made(api, static())
    for at, code in enumerate(codes):
        await api.scanned(code["id"], *[{}] * at)
    asked = 0
    ask = api.questions.ask

    async def counting(*args: object, **kwargs: object) -> object:
        nonlocal asked
        asked += 1
        return await ask(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(api.questions, "ask", counting)
    found = (await api.client.get(PATH)).json()
    assert asked == 1
    assert [code["total_scans"] for code in found] == [0, *reversed(range(12))]
    # A list that is longer than a page is sent as it is read, and is the same.
    monkeypatch.setattr(pagination, "PAGE", 5)
    assert (await api.client.get(PATH)).json() == found
    assert asked == 4
    monkeypatch.setattr(pagination, "PAGE", 13)
    assert (await api.client.get(PATH)).json() == found


async def test_a_warehouse_that_is_away(api: Service) -> None:
    """503 Service Unavailable Quota/usage lookup failed — retry shortly."""
    code = await made(api)
    await api.questions.close()
    for path in ("", f"/{code['id']}", f"/{code['id']}/analytics"):
        response = await api.client.get(PATH + path)
        refused(response, 503)
        assert int(response.headers["retry-after"]) >= 1


async def test_a_list_that_fails_on_the_way_does_not_look_whole(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array of QR Code objects."""
    for _ in range(5):
        await made(api)
    whole = (await api.client.get(PATH)).content
    monkeypatch.setattr(pagination, "PAGE", 2)
    asked = 0
    count = lookup.scan_totals

    async def failing(*args: Any) -> dict[int, int]:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise Unavailable("the warehouse has gone away")
        return await count(*args)

    monkeypatch.setattr(pagination, "scan_totals", failing)
    received: list[dict[str, Any]] = []
    request = api.client.build_request("GET", PATH)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
    }

    async def receive() -> dict[str, Any]:
        if asked == 0:
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        received.append(dict(message))

    # What a server sees is an error, and so it closes the connection within the body.
    with pytest.raises(BaseException) as seen:  # noqa: PT011
        await api.app(scope, receive, send)
    assert not isinstance(seen.value, asyncio.CancelledError)
    assert received[0]["status"] == 200
    body = b"".join(message.get("body", b"") for message in received[1:])
    assert body and whole.startswith(body) and len(body) < len(whole)
    assert all(message["more_body"] for message in received[1:])
