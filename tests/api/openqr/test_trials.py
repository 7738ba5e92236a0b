"""`POST /v1/dynamic/{id}/test`: where a described scan would lead, and why."""

from typing import Any

from schemas import keys
from tests.api.service import Service

ROOT = "https://example.com"
RULES = [
    {"if": {"country": ["DE"]}, "to": f"{ROOT}/off", "active": False},
    {"if": {"days": ["sat"], "zone": "Europe/Paris"}, "to": f"{ROOT}/saturday"},
    {"if": {"country": "FR", "os": "iOS", "hours": "9-10", "zone": "Europe/Paris"}, "to": f"{ROOT}/morning"},
    {"if": {"query": {"table": True}, "language": ["de"], "match": "any"}, "to": f"{ROOT}/table"},
]
# Sunday, nine in Paris.
SCAN = {"at": "2026-05-24T07:00:00Z", "country": "fr", "city": "Paris", "device": "mobile", "os": "ios"}


async def tried(api: Service, id: str, **scan: Any) -> dict[str, Any]:
    answer = await api.client.post(f"/v1/dynamic/{id}/test", json=scan)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_it_says_which_rule_is_taken_and_why_the_others_are_not(api: Service) -> None:
    code = await api.make(rules=RULES)
    found = await tried(api, code["id"], **SCAN)
    assert (found["location"], found["decided_by"], found["rule"]) == (
        f"{ROOT}/morning",
        "rule",
        code["rules"][2]["id"],
    )
    assert [one["result"] for one in found["rules"]] == ["off", "does_not_hold", "taken", "not_reached"]
    assert [one["conditions"] for one in found["rules"]] == [
        [],
        [{"condition": "days", "holds": False}],
        [{"condition": name, "holds": True} for name in ("country", "os", "hours")],
        [{"condition": "language", "holds": False}, {"condition": "query.table", "holds": False}],
    ]
    later = await tried(api, code["id"], **{**SCAN, "at": "2026-05-24T08:00:00Z", "language": "de-AT,en"})
    assert later["location"] == f"{ROOT}/table"
    assert (await tried(api, code["id"], query="?table="))["location"] == f"{ROOT}/table"


async def test_what_comes_before_rules_decides_first(api: Service) -> None:
    code = await api.make(rules=RULES, password="open sesame", scan_limit=1)
    asked = await tried(api, code["id"], **SCAN)
    assert (asked["decided_by"], asked["outcome"], asked["location"]) == ("password", "gate", None)
    assert asked["rules"][2]["result"] == "not_reached"
    assert (await tried(api, code["id"], **SCAN, password_given=True))["decided_by"] == "rule"
    kept = await api.codes.get((await api.codes.by_slug("", code["slug"])).workspace, code["id"])  # type: ignore[union-attr]
    assert kept is not None
    await api.redis.set(keys.scans_used(kept.birth), 1)
    over = await tried(api, code["id"], **SCAN, password_given=True)
    assert (over["decided_by"], over["status"]) == ("limit", 410)
    await api.client.patch(f"/v1/dynamic/{code['id']}", json={"status": "paused"})
    paused = await tried(api, code["id"])
    assert (paused["decided_by"], paused["location"].endswith("/-/paused")) == ("status", True)


async def test_variants_have_shares_and_a_visitor_keeps_one(api: Service) -> None:
    code = await api.make(variants=[{"url": f"{ROOT}/a", "weight": 3}, {"url": f"{ROOT}/b", "weight": 1}])
    by_visitor = [await tried(api, code["id"], visitor=f"v{n}") for n in range(12)]
    assert {one["variant"] for one in by_visitor} == {one["id"] for one in code["variants"]}
    assert [one["share"] for one in by_visitor[0]["variants"]] == [0.75, 0.25]
    assert (await tried(api, code["id"], visitor="v0"))["variant"] == by_visitor[0]["variant"]


async def test_what_cannot_be_is_refused_at_its_field(api: Service) -> None:
    code = await api.make()
    for sent, field in (
        ({"at": "tomorrow"}, "at"),
        ({"device": "watch"}, "device"),
        ({"city": "x" * 200}, "city"),
        ({"colour": "red"}, "colour"),
        ({"query": "x" * 5000}, "query"),
    ):
        answer = await api.client.post(f"/v1/dynamic/{code['id']}/test", json=sent)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    other = await api.client.post("/v1/dynamic/0b8f6c1e-3f0e-4b57-9a52-6f3f6a1f7f10/test", json={})
    assert other.status_code == 404
