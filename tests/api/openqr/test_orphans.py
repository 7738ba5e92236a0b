"""/v1/orphans: scans without a destination, by host."""

from typing import Any

import msgspec
import pytest

from codes.workspaces import ensure_workspace
from schemas.event import EVENT_COLUMNS, ScanEvent
from tests.api.service import Service

_EMPTY: dict[str, Any] = {**dict.fromkeys(EVENT_COLUMNS, ""), "lat": None, "lon": None, "visitor": 1}
_sources = iter(range(70_000, 80_000))


async def met(api: Service, *visits: dict[str, Any]) -> None:
    source = next(_sources)
    now = api.clock.ms()
    events = [
        ScanEvent(
            **{
                **_EMPTY,
                "source": source,
                "seq": seq,
                "ts_ms": now - visit.pop("days_ago", 0) * 86_400_000,
                "code": 0,
                "workspace": 0,
                "host": "s.example.net",
                "kind": "human",
                "outcome": "unknown",
                **visit,
            }
        )
        for seq, visit in enumerate(visits, 1)
    ]
    columns = ["ts_ms" if name == "ts" else name for name in EVENT_COLUMNS]
    client = api.warehouse.connect(max_threads=1)
    try:
        client.raw_insert("scans", columns, b"\n".join(map(msgspec.json.encode, events)), fmt="JSONCompactEachRow")
    finally:
        client.close()


async def test_by_host_and_day(api: Service) -> None:
    ours = (await ensure_workspace(api.redis, "ours")).number
    theirs = (await ensure_workspace(api.redis, "theirs")).number
    on = {"host": "go.example.com", "workspace": ours}
    code = await api.birth((await api.make())["id"])
    await met(
        api,
        {"days_ago": 0},
        {"days_ago": 1, "kind": "bot"},
        {"days_ago": 9},
        # Shown as the second in which it was, not the nearest one.
        {**on, "ts_ms": api.clock.ms() + 700},
        {**on, "code": code, "outcome": "expired"},
        {**on, "code": code, "outcome": "limited"},
        {**on, "code": code, "outcome": "early", "kind": "preview"},
        {**on, "code": code, "outcome": "redirect"},
        {**on, "code": code, "outcome": "gate"},
        {"host": "theirs.example.com", "workspace": theirs},
        {"code": 77, "outcome": "expired", "workspace": theirs},
    )
    response = await api.client.get("/v1/orphans?days=2")
    assert response.status_code == 200
    go = {
        "host": "go.example.com",
        "unknown": 1,
        "expired": 1,
        "limited": 1,
        "early": 1,
        "total": 4,
        "humans": 3,
        "last_at": "2026-05-21T15:00:00Z",
    }
    short = {
        "host": "s.example.net",
        "unknown": 2,
        "expired": 0,
        "limited": 0,
        "early": 0,
        "total": 2,
        "humans": 1,
        "last_at": "2026-05-21T15:00:00Z",
    }
    assert response.json() == {
        "days_window": 2,
        "total": 6,
        "daily": [{"day": "2026-05-20", "n": 1}, {"day": "2026-05-21", "n": 5}],
        "hosts": [go, short],
    }
    for said in ("go.example.com", "GO.Example.com.", " go.example.com"):
        found = (await api.client.get("/v1/orphans", params={"days": 1, "host": said})).json()
        assert (found["total"], found["hosts"]) == (4, [go])
    assert (await api.client.get("/v1/orphans?days=400")).json()["days_window"] == 365
    caller = await api.caller("theirs", scope="read")
    found = (await caller.get("/v1/orphans?days=1")).json()["hosts"]
    assert {one["host"]: one["total"] for one in found} == {"s.example.net": 2, "theirs.example.com": 1}


@pytest.mark.parametrize(
    "host",
    [
        "nobody.example",
        "localhost:8001",
        "\x00",
        "' OR 1=1",
        "é",
        "\\",
        "%",
        "\ud800".encode("utf-8", "replace").decode(),
    ],
)
async def test_a_host_without_any(api: Service, host: str) -> None:
    found = await api.client.get("/v1/orphans", params={"days": 1, "host": host})
    assert (found.status_code, found.json()["total"], found.json()["hosts"]) == (200, 0, [])


async def test_what_cannot_be_asked(api: Service) -> None:
    for query, field in (({"days": "x"}, "days"), ({"host": "x" * 261}, "host")):
        response = await api.client.get("/v1/orphans", params=query)
        assert (response.status_code, response.json()["error"]["field"]) == (400, field)
    assert (await api.anonymous.get("/v1/orphans")).status_code == 401
