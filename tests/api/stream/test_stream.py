"""GET /v1/stream: what is shown of which scans, from where on, and what is refused."""

import base64
import re
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.feed_position import KEPT_MS, Position
from api.stream import hub
from api.stream.sealing import Seal
from codes.position_secret import position_secret
from codes.workspaces import ensure_workspace
from infra.warehouse import Warehouse
from schemas.scan_record import FIELDS
from tests.api.service import Service
from tests.api.stream.stored import Source

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def client(warehouse: Warehouse) -> Iterator[Client]:
    one = warehouse.connect(max_threads=1)
    yield one
    one.close()


@pytest.fixture
async def source(api: Service) -> Source:
    return Source((await ensure_workspace(api.redis, "ours")).number)


def events(response: httpx.Response) -> list[tuple[str, str, Any]]:
    """Event, id and data of each message."""
    assert response.status_code == 200, response.text
    found = []
    for block in response.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], fields.get("id", ""), msgspec.json.decode(fields["data"])))
    return found


async def caught_up(api: Service, position: str = "", **parameters: str) -> list[tuple[str, str, Any]]:
    headers = {"Last-Event-ID": position} if position else {}
    return events(await api.client.get("/v1/stream", params={"follow": "false", **parameters}, headers=headers))


async def beginning(api: Service) -> str:
    ((name, position, _),) = await caught_up(api)
    assert name == "position"
    return position


async def birth(api: Service, id: str) -> int:
    attributes = await api.codes.attributes((await ensure_workspace(api.redis, "ours")).number)
    return attributes.table.by_id[id]


async def test_scans_come_with_their_fields_and_each_id_is_a_place_to_go_on_from(
    api: Service, source: Source, client: Client
) -> None:
    code = await api.make(slug="spring")
    at = await beginning(api)
    number = await birth(api, code["id"])
    cities = ["Bonn", "Köln", "Line\nend", "Ulm", "Jena"]
    source.store(client, *({"code": number, "slug": "spring", "city": city, "country": "DE"} for city in cities))
    found = await caught_up(api, at)
    assert [name for name, _, _ in found] == ["scan"] * 5 + ["position"]
    shown = found[0][2]
    assert tuple(shown) == FIELDS
    assert (shown["code"], shown["at"], shown["city"]) == (code["id"], "2026-05-21T15:00:00.250Z", "Bonn")
    assert [data["city"] for _, _, data in found[:-1]] == cities
    for place, (_, position, _) in enumerate(found):
        rest = await caught_up(api, position)
        assert [data["city"] for name, _, data in rest if name == "scan"] == cities[place + 1 :]
        by_address = await caught_up(api, last_event_id=position)
        assert by_address == rest


async def test_what_is_inside_is_in_no_message(api: Service, source: Source, client: Client) -> None:
    at = await beginning(api)
    source.store(client, {"visitor": 12345678901234567890, "code": 4611686018427387904})
    text = (await api.client.get("/v1/stream", params={"follow": "false", "last_event_id": at})).text
    assert "event: scan" in text
    for secret in (source.number, 12345678901234567890, 4611686018427387904):
        assert str(secret) not in text
    for sealed in re.findall("^id: (.*)$", text, re.MULTILINE):
        assert source.number.to_bytes(8) not in base64.urlsafe_b64decode(sealed + "==")


async def test_only_scans_of_the_workspace(api: Service, source: Source, client: Client) -> None:
    at = await beginning(api)
    Source((await ensure_workspace(api.redis, "theirs")).number).store(client, {"city": "Rom"})
    source.store(client, {"city": "Bonn"})
    assert [data["city"] for name, _, data in await caught_up(api, at) if name == "scan"] == ["Bonn"]


@pytest.mark.parametrize(
    ("parameters", "cities"),
    [
        ({}, "ABD"),
        ({"country": "DE"}, "A"),
        ({"country!": "DE"}, "BD"),
        ({"kinds": "human,bot"}, "ABCD"),
        ({"kind": "bot"}, "C"),
        ({"outcome": "paused"}, "E"),
        ({"tag": "poster"}, "AB"),
        ({"tag!": "poster", "country": "US"}, "D"),
        ({"filters": '[["or", [["is", "scan:country", ["DE"]], ["matches", "scan:city", ["^D,"]]]]]'}, "AD"),
        ({"filters": '[["not", ["is", "code:tag", ["poster"]]]]'}, "D"),
        ({"code": "spring"}, "AB"),
    ],
)
async def test_filters_mean_what_they_mean_in_a_question(
    api: Service, source: Source, client: Client, parameters: dict[str, str], cities: str
) -> None:
    spring = await birth(api, (await api.make(slug="spring", tags=["poster"]))["id"])
    other = await birth(api, (await api.make(slug="other"))["id"])
    at = await beginning(api)
    source.store(
        client,
        {"city": "A", "code": spring, "country": "DE"},
        {"city": "B", "code": spring, "country": "US"},
        {"city": "C", "code": spring, "country": "DE", "kind": "bot"},
        {"city": "D", "code": other, "country": "US"},
        {"city": "E", "code": other, "country": "DE", "outcome": "paused"},
    )
    found = await caught_up(api, at, **parameters)
    assert "".join(data["city"] for name, _, data in found if name == "scan") == cities


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"metrics": "scans"}, "metrics"),
        ({"follow": "perhaps"}, "follow"),
        ({"planet": "earth"}, "planet"),
        ({"kinds": "martian"}, "kinds[0]"),
        ({"filters": '[["matches", "scan:city", ["("]]]'}, "filters[0][2][0]"),
        ({"filters": '[["or", [["is", "code:tag", ["a"]], ["is", "scan:city", ["b"]]]]]'}, "filters[0][1][0]"),
    ],
)
async def test_what_is_no_selection_is_refused_with_the_field(
    api: Service, parameters: dict[str, str], field: str
) -> None:
    response = await api.client.get("/v1/stream", params=parameters)
    assert (response.status_code, response.json()["error"]["field"]) == (400, field)


# (One service for all examples: nothing of them is kept.)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=300) | st.just("A" * 9000))
async def test_any_other_id_is_refused_by_its_name(api: Service, text: str) -> None:
    sent = {"Last-Event-ID": text}
    response = await api.client.get("/v1/stream", headers=sent)
    assert (response.status_code, response.json()["error"]["field"]) == (400, "Last-Event-ID")


async def test_an_id_with_a_changed_character_is_refused(api: Service) -> None:
    at = await beginning(api)
    for place in range(0, len(at) - 1, 7):
        changed = at[:place] + ("A" if at[place] != "A" else "B") + at[place + 1 :]
        response = await api.client.get("/v1/stream", params={"last_event_id": changed})
        assert (response.status_code, response.json()["error"]["field"]) == (400, "last_event_id")


async def test_an_id_is_good_for_a_week(api: Service) -> None:
    seal = Seal(await position_secret(api.redis))
    good = seal.write(Position(api.clock.ms() - KEPT_MS, 0, {}))
    assert [name for name, _, _ in await caught_up(api, good)][-1] == "position"
    late = seal.write(Position(api.clock.ms() - KEPT_MS - 1, 0, {}))
    response = await api.client.get("/v1/stream", headers={"Last-Event-ID": late})
    assert (response.status_code, response.json()["error"]["code"]) == (410, "gone")


async def test_head_is_answered_and_ends(api: Service) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app), headers=api.client.headers) as client:
        response = await client.head("http://api.example.net/v1/stream")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["cache-control"] == "no-store, no-transform"
    assert len(api.context.streams) == 0


async def test_a_workspace_has_so_many_as_its_plan_says(api: Service) -> None:
    api.plans["small"] = msgspec.structs.replace(api.plans["unlimited"], name="small", streams=0)
    assert (await ensure_workspace(api.redis, "ours")).number
    api.plans["unlimited"] = api.plans["small"]
    response = await api.client.get("/v1/stream")
    assert (response.status_code, response.json()["error"]["code"]) == (429, "too_many_streams")
    assert response.headers["retry-after"] == "5"


async def test_different_filters_are_as_many_as_one_read_can_tell_apart(
    api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "SELECTIONS", 0)
    response = await api.client.get("/v1/stream", headers={})
    assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
    assert len(api.context.streams) == 0


def test_a_position_is_sealed_the_same_each_time() -> None:
    seal, position = Seal(b"k" * 32), Position(1, 2, {})
    assert seal.write(position) == seal.write(position)
    assert seal.read(seal.write(position)) == position
