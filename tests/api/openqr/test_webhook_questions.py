"""Saved questions that are told: at their hour, and when their total crosses a value; to programs and to Slack."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest

from codes.resolver import Resolver
from codes.workspaces import ensure_workspace
from tests.api.service import Body, Service
from tests.servers.receiver import Receiver, receiving
from waymark.settings import Settings
from waymark.wiring.webhooks import worker_of
from webhooks import questions
from webhooks.receivers import Receivers


@pytest.fixture
async def receiver(api: Service) -> AsyncIterator[Receiver]:
    """One that the API may ask, though it is on loopback."""
    allowed = Receivers(own_hosts=(), resolver=Resolver(), allowed=[ip_network("127.0.0.0/8")])
    api.use(msgspec.structs.replace(api.context, receivers=allowed))
    async with receiving() as found:
        yield found


@asynccontextmanager
async def working(api: Service, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(questions, "POLL_S", 0.02)
    stop = asyncio.Event()
    task = asyncio.create_task(worker_of(Settings(), api.context).run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def until(true: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(30):
        while True:
            if await true():
                return
            await asyncio.sleep(0.01)


async def told(api: Service, webhook: Body, kind: str) -> str:
    """What the endpoint's state says of its only question of this kind."""
    state: Any = await api.redis.hgetall(f"{{wm}}:{{webhooks}}:state:{webhook['id']}")
    return next((value.decode() for field, value in state.items() if field.startswith(kind.encode())), "")


async def says(api: Service, webhook: Body, kind: str, value: str) -> bool:
    return await told(api, webhook, kind) == value


async def report(api: Service, code: str, **query: object) -> str:
    # (Tests share the warehouse.)
    asked = {"metrics": ["scans"], "date_range": "28d", "filters": [["is", "code", [code]]], **query}
    response = await api.client.post("/v1/reports", json={"name": "Posters <May>", "query": asked})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def webhook(api: Service, url: str, **fields: object) -> Body:
    response = await api.client.post("/v1/webhooks", json={"url": url, **fields})
    assert response.status_code == 201, response.text
    found: Body = response.json()
    return found


async def scanned(api: Service, id: str, *scans: Body) -> None:
    workspace = (await ensure_workspace(api.redis, "ours")).number
    await api.scanned(id, *({"workspace": workspace, "days_ago": 0.01, **scan} for scan in scans))


async def test_a_report_is_told_once_for_each_period(
    api: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await api.make()
    await scanned(api, code["id"], {"country": "DE"}, {"country": "DE"}, {"country": "FR"})
    id = await report(api, code["id"], dimensions=["scan:country"])
    # It is 15:00 on a Thursday.
    daily = {"report_id": id, "every": "day", "hour": 16, "timezone": "UTC"}
    made = await webhook(api, receiver.url, events=["report"], schedules=[daily])
    await webhook(api, receiver.url + "/slack", events=["report"], schedules=[daily], format="slack")
    async with working(api, monkeypatch):
        await until(lambda: says(api, made, "report:", "2026-05-19"))
        assert receiver.received == []
        api.clock.pass_by(hours=1)
        await until(lambda: _has(receiver, 2))
        api.clock.pass_by(hours=24)
        await until(lambda: _has(receiver, 4))
    plain, shaped = sorted(receiver.received[:2], key=lambda one: one.path)
    message = plain.message
    assert (message["type"], message["data"]["period"], message["data"]["error"]) == ("report", "2026-05-20", None)
    assert message["data"]["title"] == "Posters <May>: 2026-05-20"
    assert message["data"]["text"] == "country  scans\nDE           2\nFR           1"
    assert [row["metrics"] for row in message["data"]["answer"]["results"]] == [[2], [1]]
    assert shaped.message["text"] == "Posters &lt;May&gt;: 2026-05-20"
    header, section = shaped.message["blocks"]
    assert header["text"]["text"] == "Posters <May>: 2026-05-20"
    assert section["text"]["text"] == "```country  scans\nDE           2\nFR           1```"
    assert len(set(receiver.ids)) == 4


async def _has(receiver: Receiver, count: int) -> bool:
    return len(receiver.received) == count


async def test_a_threshold_is_told_once_for_each_crossing(
    api: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "EVERY_MS", 0)
    code = await api.make()
    id = await report(api, code["id"], date_range="today", dimensions=["scan:country"])
    threshold = {"report_id": id, "above": 2}
    made = await webhook(api, receiver.url, events=["threshold"], thresholds=[threshold])
    await scanned(api, code["id"], {})
    async with working(api, monkeypatch):
        await until(lambda: says(api, made, "problem", ""))
        await scanned(api, code["id"], {"country": "FR"})
        await until(lambda: _has(receiver, 1))
        await scanned(api, code["id"], {})
        # The next day begins at none.
        api.clock.pass_by(hours=10)
        await until(lambda: says(api, made, "threshold:", "not"))
        assert len(receiver.received) == 1
        await scanned(api, code["id"], {"days_ago": -0.4}, {"days_ago": -0.4})
        await until(lambda: _has(receiver, 2))
    message = receiver.received[0].message
    assert (message["type"], message["data"]["value"], message["data"]["above"]) == ("threshold", 2, 2)
    assert message["data"]["title"] == "Posters <May>: scans are at 2 or more"
    assert len(set(receiver.ids)) == 2


async def test_what_of_a_question_cannot_be_told_is_refused(api: Service) -> None:
    id, url = await report(api, "x"), "https://example.com/hook"
    refused: list[tuple[Body, str]] = [
        ({"events": ["threshold"], "thresholds": [{"report_id": "x", "above": 1}]}, "thresholds[0].report_id"),
        ({"events": ["threshold"], "thresholds": [{"report_id": id}]}, "thresholds[0]"),
        ({"events": ["threshold"], "thresholds": [{"report_id": id, "above": 1, "below": 2}]}, "thresholds[0]"),
        ({"events": ["threshold"], "thresholds": [{"report_id": id, "below": 0}]}, "thresholds[0]"),
        ({"events": ["threshold"], "thresholds": [{"report_id": id, "above": 1}] * 11}, "thresholds"),
        ({"events": ["report"], "schedules": [{"report_id": id, "every": "day", "hour": 24}]}, "schedules[0].hour"),
        (
            {"events": ["report"], "schedules": [{"report_id": id, "every": "day", "timezone": "Mars"}]},
            "schedules[0].timezone",
        ),
        ({"events": ["scan"], "format": "slack"}, "events"),
        ({"events": ["report"], "url": "mailto:a@example.com"}, "url"),
    ]
    for fields, field in refused:
        response = await api.client.post("/v1/webhooks", json={"url": url, **fields})
        assert (response.status_code, response.json()["error"]["field"]) == (400, field), response.text
