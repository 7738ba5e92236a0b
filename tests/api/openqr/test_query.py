"""/v1/query, /v1/analytics and /v1/query/schema: any question about a workspace's codes, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from analytics.query.catalogue import DIMENSIONS, METRICS
from analytics.types import Unavailable
from api.query_parameters import PARAMETERS, SHORT
from codes.workspaces import ensure_workspace
from tests.api.service import Body, Service

WEEK = {"metrics": ["scans"], "date_range": "7d"}


async def ask(api: Service, **question: Any) -> Body:
    response = await api.client.post("/v1/query", json={**WEEK, **question})
    assert response.status_code == 200, response.text
    found: Body = response.json()
    return found


def rows(answer: Body) -> dict[Any, Any]:
    """Dimensions → metrics; single ones without their lists."""
    return {_single(row["dimensions"]): _single(row["metrics"]) for row in answer["results"]}


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else tuple(values)


@pytest.fixture
async def api(api: Service) -> AsyncIterator[Service]:
    """In a workspace of the test's own: tests share the warehouse, and questions are about all of a workspace."""
    ours, api.client = api.client, await api.caller("asking")
    yield api
    await api.client.aclose()
    api.client = ours


async def scanned(api: Service, code: Body, *scans: Body) -> None:
    """A little ago, so that they are before `complete_until`."""
    workspace = (await ensure_workspace(api.redis, "asking")).number
    found = await api.codes.get(workspace, code["id"])
    assert found is not None
    known = {"workspace": workspace, "slug": code["slug"], "days_ago": 0.5}
    api.stored(found.birth, tuple(known | scan for scan in scans))


@pytest.fixture
async def posters(api: Service) -> list[Body]:
    """Two codes with a tag, one of them in a folder, and one without; on three days."""
    folder = (await api.client.post("/v1/folders", json={"name": "Spring"})).json()
    one = await api.make(tags=["poster"], folder_id=folder["id"], slug="poster-one", label="One")
    two = await api.make(tags=["poster", "bus"], slug="poster-two", destination="https://example.com/two")
    other = await api.make(slug="flyer")
    await scanned(api, one, {"country": "DE", "placement": "window"}, {"country": "DE", "days_ago": 1})
    await scanned(api, two, {"country": "FR", "device": "mobile"}, {"kind": "bot"}, {"country": "DE", "days_ago": 8})
    await scanned(api, other, {"country": "FR"}, {"country": "FR"}, {"country": ""})
    return [one, two, other]


async def test_a_question_and_its_answer(api: Service, posters: list[Body]) -> None:
    found = await ask(api, metrics=["scans", "share", "last_scan"], dimensions=["scan:country"])
    assert [row["dimensions"] for row in found["results"]] == [["FR"], ["DE"], [""]]
    assert found["results"][0] == {
        "dimensions": ["FR"],
        "metrics": [3, 0.5, "2026-05-21T03:00:00.250Z"],
        "comparison": None,
    }
    assert found["meta"]["exact"] is True and found["meta"]["next_cursor"] is None
    assert found["query"]["date_range"] == ["2026-05-15", "2026-05-21"]
    assert found["query"]["kinds"] == ["human"]


async def test_breakdowns_in_one_answer(api: Service, posters: list[Body]) -> None:
    asked: Body = {"compare": "previous_period", "include": {"total_rows": True}, "pagination": {"limit": 1}}
    names = ["scan:country", "code", "code:tag"]
    found = await ask(api, breakdowns=names, **asked)
    assert [one["dimension"] for one in found["breakdowns"]] == found["query"]["breakdowns"] == names
    for one in found["breakdowns"]:
        alone = await ask(api, dimensions=[one["dimension"]], **asked)
        assert (one["results"], one["total_rows"]) == (alone["results"], alone["meta"]["total_rows"])
    assert found["results"] == (await ask(api, **asked))["results"]
    assert list(found["meta"]["codes"]) == [posters[2]["id"]] and found["meta"]["overlapping"] == ["code:tag"]
    # A file holds one table.
    response = await api.client.post("/v1/query", json={**WEEK, "breakdowns": names}, headers={"accept": "text/csv"})
    assert (response.status_code, response.json()["error"]["field"]) == (400, "breakdowns")


async def test_attributes_of_codes(api: Service, posters: list[Body]) -> None:
    one, two, other = posters
    by_code = await ask(api, dimensions=["code"])
    assert rows(by_code) == {one["id"]: 2, two["id"]: 1, other["id"]: 3}
    assert by_code["meta"]["codes"][one["id"]] == {
        "slug": "poster-one",
        "label": "One",
        "short_url": "https://s.example.net/poster-one",
    }
    assert rows(await ask(api, dimensions=["code:folder"])) == {"Spring": 2, "": 4}
    assert rows(await ask(api, dimensions=["code:label"])) == {"One": 2, "": 4}
    assert rows(await ask(api, dimensions=["code:domain"])) == {"s.example.net": 6}
    assert rows(await ask(api, dimensions=["code:destination"])) == {
        "https://example.com/a": 5,
        "https://example.com/two": 1,
    }
    by_tag = await ask(api, dimensions=["code:tag"])
    assert rows(by_tag) == {"poster": 3, "bus": 1, "": 3} and by_tag["meta"]["overlapping"] == ["code:tag"]


@pytest.mark.parametrize(
    ("filter", "scans"),
    [
        (["is", "code:tag", ["poster"]], 3),
        (["is_not", "code:tag", ["poster"]], 3),
        (["is", "code", ["poster-one", "flyer"]], 5),
        (["is", "code:folder", ["Spring"]], 2),
        (["is_not", "code:folder", ["Spring"]], 4),
        (["contains", "code:destination", ["/two"]], 1),
        (["matches", "code:label", ["^O"]], 2),
        (["or", [["is", "scan:placement", ["window"]], ["is", "code:tag", ["bus"]]]], 2),
        (["not", ["is", "code:domain", ["s.example.net"]]], 0),
    ],
)
async def test_filters_on_codes(api: Service, posters: list[Body], filter: list[Any], scans: int) -> None:
    assert rows(await ask(api, filters=[filter])) == {(): scans}


async def test_a_folder_may_be_named_by_its_id_and_a_code_by_its_slug(api: Service, posters: list[Body]) -> None:
    folder = posters[0]["folder_id"]
    found = await ask(api, filters=[["is", "code:folder", [folder]], ["is", "code", ["poster-one"]]])
    assert found["query"]["filters"] == [["is", "code:folder", ["Spring"]], ["is", "code", [posters[0]["id"]]]]
    assert rows(found) == {(): 2}
    wrong = await api.client.post("/v1/query", json={**WEEK, "filters": [["is", "code", ["flyer", "no-such"]]]})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "filters[0][2][1]")
    # An id may be of a code that was deleted.
    gone = "00000000-0000-4000-8000-000000000000"
    assert rows(await ask(api, filters=[["is", "code", [gone]]])) == {(): 0}
    # Two folders of one name are told apart.
    second = (await api.client.post("/v1/folders", json={"name": "Spring"})).json()
    assert rows(await ask(api, dimensions=["code:folder"])) == {f"Spring ({folder[:8]})": 2, "": 4}
    assert rows(await ask(api, filters=[["is", "code:folder", [second["id"]]]])) == {(): 0}


async def test_an_edit_is_in_the_next_question(api: Service, posters: list[Body]) -> None:
    two = f"/v1/dynamic/{posters[1]['id']}"
    assert rows(await ask(api, filters=[["is", "code:tag", ["bus"]]])) == {(): 1}
    await api.client.patch(two, json={"tags": ["train"], "destination": "https://example.com/three"})
    assert rows(await ask(api, filters=[["is", "code:tag", ["bus"]]])) == {(): 0}
    assert rows(await ask(api, filters=[["is", "code:tag", ["train"]]], dimensions=["code:destination"])) == {
        "https://example.com/three": 1
    }
    await api.client.delete(two)
    assert "train" not in rows(await ask(api, dimensions=["code:tag"]))


async def test_another_workspace_sees_none_of_it(api: Service, posters: list[Body]) -> None:
    theirs = await api.caller("theirs", "read")
    question = {**WEEK, "date_range": "all", "dimensions": ["code"]}
    found = (await theirs.post("/v1/query", json=question)).json()
    assert found["results"] == [] and found["meta"]["codes"] == {}
    asked = {**WEEK, "filters": [["is", "code", [posters[0]["id"]]]]}
    assert (await theirs.post("/v1/query", json=asked)).json()["results"][0]["metrics"] == [0]
    await theirs.aclose()


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({}, "metrics"),
        ({"metrics": ["clicks"], "date_range": "7d"}, "metrics[0]"),
        ({"metrics": ["scans"]}, "date_range"),
        ({"metrics": ["scans"], "date_range": "week"}, "date_range"),
        ({**WEEK, "timezone": "Berlin"}, "timezone"),
        ({**WEEK, "dimensions": ["country"]}, "dimensions[0]"),
        ({**WEEK, "breakdowns": ["scan:os", "time:day"]}, "breakdowns[1]"),
        ({**WEEK, "filters": [["and", [["is", "scan:country", [7]]]]]}, "filters[0][1][0][2][0]"),
        ({**WEEK, "filters": [["matches", "scan:referrer", ["("]]]}, "filters[0][2][0]"),
        ({**WEEK, "pagination": {"limit": 0}}, "pagination.limit"),
        ({**WEEK, "pagination": {"cursor": "x"}}, "pagination.cursor"),
        ({**WEEK, "site_id": "x"}, "site_id"),
    ],
)
async def test_what_is_refused_names_the_field(api: Service, question: Body, field: str) -> None:
    response = await api.client.post("/v1/query", json=question)
    error = response.json()["error"]
    assert (response.status_code, error["field"], error["code"]) == (400, field, "invalid_question")
    assert error["message"].startswith(f"{field}: ")


async def test_an_answer_that_would_be_too_large(api: Service, posters: list[Body]) -> None:
    question = {**WEEK, "date_range": "12mo", "dimensions": ["code", "scan:country", "time:15m"]}
    response = await api.client.post("/v1/query", json=question)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "question_too_large"), error


async def test_until_when_it_is_complete(api: Service, posters: list[Body]) -> None:
    """Scans of the last moments are not counted before every one of them is stored."""
    assert (await ask(api))["meta"]["complete_until"] == "2026-05-21T15:00:00.250Z"
    api.complete_until_ms = lambda: api.clock.ms() - 24 * 3600 * 1000
    found = await ask(api, dimensions=["time:day"])
    assert found["meta"]["exact"] is True and found["meta"]["complete_until"] == "2026-05-20T15:00:00.250Z"
    assert [row["metrics"][0] for row in found["results"]] == [0, 0, 0, 0, 0, 0, 0]
    # Nobody knows it: what is stored is counted, and not called exact.
    api.complete_until_ms = lambda: None
    found = await ask(api)
    assert (found["meta"]["exact"], found["meta"]["complete_until"], rows(found)) == (False, None, {(): 6})


async def test_pages(api: Service, posters: list[Body]) -> None:
    asked: Body = {"dimensions": ["scan:country"], "include": {"total_rows": True, "remainder": True}}
    first = await ask(api, **asked, pagination={"limit": 2})
    assert first["meta"]["total_rows"] == 3 and first["remainder"]["metrics"] == [1]
    again = await ask(api, **asked, pagination={"limit": 2, "cursor": first["meta"]["next_cursor"]})
    assert len(again["results"]) == 1 and again["meta"]["next_cursor"] is None
    assert rows(first) | rows(again) == rows(await ask(api, dimensions=["scan:country"]))


async def test_the_warehouse_is_away(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*args: object, **more: object) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(api.questions, "ask", away)
    response = await api.client.post("/v1/query", json=WEEK)
    assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
    assert response.headers["retry-after"] == "1"


async def test_the_schema_lists_what_questions_take(api: Service) -> None:
    found = (await api.client.get("/v1/query/schema")).json()
    assert [one["name"] for one in found["metrics"]] == list(METRICS)
    assert [one["name"] for one in found["dimensions"]] == list(DIMENSIONS)
    for one in found["dimensions"]:
        question = {**WEEK, "date_range": "today", "dimensions": [one["name"]]}
        assert (await api.client.post("/v1/query", json=question)).status_code == 200, one
        question = {**WEEK, "filters": [["is", one["name"], ["human" if "kind" in one["name"] else "redirect"]]]}
        response = await api.client.post("/v1/query", json=question)
        assert (response.status_code == 200) == (one["filterable"] and one["name"] != "code"), one
    for one in found["date_ranges"][:-1]:
        assert (await api.client.post("/v1/query", json={**WEEK, "date_range": one["name"]})).status_code == 200
    for one in found["comparisons"][:-1]:
        assert (await api.client.post("/v1/query", json={**WEEK, "compare": one["name"]})).status_code == 200


def filtered(*filters: list[Any], **question: Any) -> Body:
    return {"filters": list(filters), **question}


SAME: dict[str, Body] = {
    "": {"date_range": "28d"},
    "?metrics=scans,visitors&date_range=7d": {"metrics": ["scans", "visitors"]},
    "?date_range=2026-05-01,2026-05-21&timezone=Europe/Berlin": {
        "date_range": ["2026-05-01", "2026-05-21"],
        "timezone": "Europe/Berlin",
    },
    "?date_range=7d&dimensions=country,day&country=DE&country=FR": filtered(
        ["is", "scan:country", ["DE", "FR"]], dimensions=["scan:country", "time:day"]
    ),
    "?date_range=7d&country!=DE&tag=poster": filtered(
        ["is_not", "scan:country", ["DE"]], ["is", "code:tag", ["poster"]]
    ),
    "?date_range=7d&destination~=two&label!~=x": filtered(
        ["contains", "code:destination", ["two"]], ["contains_not", "code:label", ["x"]]
    ),
    '?date_range=7d&filters=[["is","scan:country",[""]]]&scan:device=mobile': filtered(
        ["is", "scan:country", [""]], ["is", "scan:device", ["mobile"]]
    ),
    "?date_range=7d&dimensions=tag&order_by=-tag,scans&limit=2&include=total_rows": {
        "dimensions": ["code:tag"],
        "order_by": [["code:tag", "desc"], ["scans", "asc"]],
        "pagination": {"limit": 2},
        "include": {"total_rows": True},
    },
    "?date_range=7d&breakdowns=country,tag&limit=3": {
        "breakdowns": ["scan:country", "code:tag"],
        "pagination": {"limit": 3},
    },
    "?date_range=7d&compare=previous_period&kinds=human,bot": {
        "compare": "previous_period",
        "kinds": ["human", "bot"],
    },
    "?date_range=7d&code=flyer": filtered(["is", "code", ["flyer"]]),
}


@pytest.mark.parametrize("address", SAME)
async def test_the_same_question_in_the_address_bar(api: Service, posters: list[Body], address: str) -> None:
    response = await api.client.get(f"/v1/analytics{address}")
    assert response.status_code == 200, response.text
    asked, found = await ask(api, **SAME[address]), response.json()
    for answer in (asked, found):
        answer["meta"].pop("next_cursor")
    assert found == asked
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("?metric=scans", "metric"),
        ("?day=2026-05-01", "day"),
        ("?metrics=scans&metrics=visitors", "metrics"),
        ("?filters={}", "filters"),
        ("?filters=[", "filters"),
        ("?limit=many", "limit"),
        ("?dimensions=planet", "dimensions[0]"),
        ("?country~=", "filters[0][2][0]"),
    ],
)
async def test_addresses_that_are_refused(api: Service, address: str, field: str) -> None:
    response = await api.client.get(f"/v1/analytics{address}")
    assert (response.status_code, response.json()["error"]["field"]) == (400, field), response.text


def test_short_names_are_of_one_dimension() -> None:
    assert len(SHORT) == len(DIMENSIONS)
    names = [parameter.name for parameter in PARAMETERS]
    assert len(names) == len(set(names))
