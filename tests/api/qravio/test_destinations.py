"""Qravio: where a code routes: destinations, weights, letters, rules. The quoted lines are the document's own."""

from typing import Any

from tests.api.qravio.calls import (
    ELSEWHERE,
    HERE,
    PATH,
    THERE,
    edited,
    made,
    native,
    page,
    read,
    refused,
    sent,
    static,
    variants,
)
from tests.api.service import SHORT, Body, Service

OTHER = "https://example.com/winter"


def at(url: str, **fields: Any) -> Body:
    return {"target_url": url, **fields}


async def test_one_destination_is_where_the_code_leads(api: Service) -> None:
    """For dynamic QRs, include at least one destination."""
    code = await made(api, destinations=[at(HERE, weight=40, label="Landing")])
    assert (await native(api, code["id"]))["destination"] == HERE
    assert (await native(api, code["id"]))["variants"] == []
    assert variants(code) == [("a", HERE, 40)]
    assert code["destinations"][0]["label"] == "Landing"
    moved = (await api.client.patch(f"/v1/dynamic/{code['id']}", json={"destination": THERE})).json()
    assert moved["destination"] == THERE
    again = await read(api, code["id"])
    assert again["destinations"] == [{**code["destinations"][0], "target_url": THERE}]
    assert again["content"] == {"url": THERE}


async def test_two_destinations_share_the_scans(api: Service) -> None:
    """A/B routing weight 0–100 (default 100). … Human-readable variant name."""
    code = await made(api, destinations=[at(HERE, weight=70, label="A"), at(THERE, weight=30), at(ELSEWHERE)])
    assert variants(code) == [("a", HERE, 70), ("b", THERE, 30), ("c", ELSEWHERE, 100)]
    assert [one["label"] for one in code["destinations"]] == ["A", None, None]
    found = await native(api, code["id"])
    assert found["destination"] == HERE
    assert [(one["key"], one["url"], one["weight"]) for one in found["variants"]] == variants(code)
    assert [one["id"] for one in found["variants"]] == [one["id"] for one in code["destinations"]]


_AB_ENABLED: list[tuple[list[Body], bool]] = [
    ([at(HERE)], False),
    ([at(HERE), at(THERE)], True),
    ([at(HERE), at(THERE, is_active=False)], False),
    ([at(HERE, is_active=False), at(THERE), at(ELSEWHERE)], True),
    ([at(HERE), at(THERE, rules={"country": ["GB"]})], False),
    ([at(HERE), at(THERE), at(ELSEWHERE, rules={"country": ["GB"]})], True),
]


async def test_ab_enabled(api: Service) -> None:
    """True when an A/B test is active (>1 active website destination). Server-computed."""
    for destinations, enabled in _AB_ENABLED:
        assert (await made(api, destinations=destinations, ab_enabled=not enabled))["ab_enabled"] is enabled


async def test_destinations_replace_all(api: Service) -> None:
    """Passing destinations replaces all existing destinations."""
    code = await made(api, destinations=[at(HERE), at(THERE)])
    found = await edited(api, code["id"], destinations=[at(ELSEWHERE, weight=5)])
    assert variants(found) == [("a", ELSEWHERE, 5)]
    assert (found["content"], found["ab_enabled"]) == ({"url": ELSEWHERE}, False)
    assert (await native(api, code["id"]))["destination"] == ELSEWHERE


async def test_variant_keys_are_stable(api: Service) -> None:
    """Stable variant id (a, b, c…) used for sticky routing & analytics."""
    code = await made(api, destinations=[at(HERE), at(THERE, label="B"), at(ELSEWHERE)])
    first, second, third = code["destinations"]
    # By id, by letter, by address; whatever the order.
    found = await edited(
        api,
        code["id"],
        destinations=[
            at(OTHER, id=third["id"]),
            at("https://example.com/b", variant_key="b"),
            at(HERE),
            at(HERE + "/new"),
        ],
    )
    assert [one["variant_key"] for one in found["destinations"]] == ["c", "b", "a", "d"]
    assert [one["id"] for one in found["destinations"][:3]] == [third["id"], second["id"], first["id"]]
    # One that is left alone is still itself, and so are those that come back.
    alone = await edited(api, code["id"], destinations=[at(OTHER, label="C", weight=9)])
    assert (variants(alone), alone["destinations"][0]["id"]) == ([("c", OTHER, 9)], third["id"])
    back = await edited(api, code["id"], destinations=[at(HERE), at(OTHER), at("https://example.com/e")])
    assert variants(back) == [("a", HERE, 100), ("c", OTHER, 100), ("e", "https://example.com/e", 100)]
    assert [one["id"] for one in back["destinations"][:2]] == [first["id"], third["id"]]


async def test_a_code_without_variants_shows_its_destination(api: Service) -> None:
    """Routing destinations (see below)."""
    made_there = await api.make(destination=HERE)
    code = await read(api, made_there["id"])
    assert variants(code) == [("a", HERE, 100)]
    same = await edited(api, code["id"], destinations=code["destinations"])
    assert same["destinations"] == code["destinations"]
    both = await edited(api, code["id"], destinations=[*code["destinations"], at(THERE)])
    assert variants(both) == [("a", HERE, 100), ("b", THERE, 100)]
    assert both["destinations"][0]["id"] == code["destinations"][0]["id"]


async def test_rules(api: Service) -> None:
    """Conditional routing rules (geo, device, time)."""
    rules = {
        "country": ["GB", "IE"],
        "device": "mobile",
        "days": ["sat"],
        "hours": "09:00-17:30",
        "zone": "Europe/London",
    }
    code = await made(api, destinations=[at(THERE, rules=rules, label="UK"), at(HERE)])
    plain, ruled = code["destinations"]
    assert (plain["variant_key"], plain["target_url"], plain["rules"]) == ("a", HERE, None)
    shown = {**rules, "device": ["mobile"], "hours": ["09:00-17:30"]}
    assert ruled == {
        "id": ruled["id"],
        "target_url": THERE,
        "weight": None,
        "is_active": True,
        "label": "UK",
        "variant_key": "b",
        "rules": shown,
    }
    assert code["content"] == {"url": HERE}
    [rule] = (await native(api, code["id"]))["rules"]
    assert (rule["if"], rule["to"], rule["key"], rule["id"]) == (shown, THERE, "b", ruled["id"])
    none = await edited(api, code["id"], destinations=[plain])
    assert none["destinations"] == [plain]
    assert (await native(api, code["id"]))["rules"] == []


async def test_rules_of_nothing_are_none(api: Service) -> None:
    """rules object | null"""
    code = await made(api, destinations=[at(HERE, rules={}), at(THERE, rules=None)])
    assert [one["rules"] for one in code["destinations"]] == [None, None]
    assert code["ab_enabled"] is True


_DESTINATIONS_THAT_ARE_REFUSED: list[tuple[list[Body], str]] = [
    ([at(HERE, weight=-1)], "destinations[0].weight"),
    ([at(HERE), at(THERE, weight=101)], "destinations[1].weight"),
    ([at(HERE, weight=1.5)], "destinations[0].weight"),
    ([at(HERE, weight="50")], "destinations[0].weight"),
    ([at(HERE, weight=0)], "destinations"),
    ([at(HERE, weight=0), at(THERE, weight=0)], "destinations"),
    ([at(HERE, weight=0), at(THERE, is_active=False)], "destinations"),
    ([at(HERE, is_active=False)], "destinations"),
    ([at(HERE, is_active=False), at(THERE, rules={"country": ["GB"]})], "destinations"),
    ([at(HERE, rules={"country": ["GB"]})], "destinations"),
    ([at(f"{HERE}/{n}") for n in range(11)], "destinations"),
    ([at(HERE), *(at(THERE, rules={"country": ["GB"]}) for _ in range(51))], "destinations"),
    ([at(HERE, label="x" * 256)], "destinations[0].label"),
    ([at(HERE, label=5)], "destinations[0].label"),
    ([at(HERE, variant_key="A")], "destinations[0].variant_key"),
    ([at(HERE, variant_key="a"), at(THERE, variant_key="a")], "destinations[1].variant_key"),
    ([at(HERE, is_active="yes")], "destinations[0].is_active"),
    ([at(HERE, id=5)], "destinations[0].id"),
    ([at(THERE, rules={"country": "GB"}), at(HERE), at("http://10.0.0.1/")], "destinations[2].target_url"),
    ([at("http://10.0.0.1/", rules={"country": "GB"}), at(HERE)], "destinations[0].target_url"),
    ([at(HERE), at(THERE, rules={"country": "Britain"})], "destinations[1].rules.country"),
    ([at(HERE), at(THERE, rules={"planet": "Mars"})], "destinations[1].rules.planet"),
    ([at(HERE), at(THERE, rules={"hours": [30]})], "destinations[1].rules.hours[0]"),
    ([at(HERE), at(THERE, rules="GB")], "destinations[1].rules"),
]


async def test_destinations_that_are_refused(api: Service) -> None:
    """422 Unprocessable Entity Request payload failed validation."""
    for destinations, field in _DESTINATIONS_THAT_ARE_REFUSED:
        detail = refused(await api.client.post(PATH, json=sent(destinations=destinations)))
        assert detail.startswith(field) and not detail[len(field)].isalnum(), detail
        code = await made(api)
        assert refused(await api.client.patch(f"{PATH}/{code['id']}", json={"destinations": destinations})) == detail
        assert await read(api, code["id"]) == code


async def test_content_url_follows_the_first_destination(api: Service) -> None:
    """content.url … Updated type-specific content."""
    body = sent(content={"url": OTHER}, destinations=[at(HERE, label="L", weight=3)])
    assert refused(await api.client.post(PATH, json=body)).startswith("destinations[0].target_url")
    code = await made(api, {**body, "content": {"url": HERE}})
    assert code["content"] == {"url": HERE}
    # Written alone it repoints a code with one destination.
    moved = await edited(api, code["id"], content={"url": THERE})
    assert moved["content"] == {"url": THERE}
    assert moved["destinations"] == [{**code["destinations"][0], "target_url": THERE}]
    contrary = {"content": {"url": HERE}, "destinations": [at(ELSEWHERE), at(THERE)]}
    response = await api.client.patch(f"{PATH}/{code['id']}", json=contrary)
    assert refused(response).startswith("destinations[0].target_url")
    # One that is sent back as it was read contradicts nothing.
    both = await edited(api, code["id"], **{**contrary, "content": moved["content"]})
    assert both["content"] == {"url": ELSEWHERE}
    response = await api.client.patch(f"{PATH}/{code['id']}", json={"content": {"url": OTHER}})
    assert refused(response).startswith("content.url")
    # What it is already changes nothing.
    assert await edited(api, code["id"], content={"url": ELSEWHERE}) == both
    detail = refused(await api.client.patch(f"{PATH}/{moved['id']}", json={"content": {"url": "http://127.0.0.1"}}))
    assert detail.startswith("content.url")
    single = await made(api)
    detail = refused(await api.client.patch(f"{PATH}/{single['id']}", json={"content": {"url": "http://127.0.0.1"}}))
    assert detail.startswith("content.url")


async def test_codes_that_show_a_page_lead_to_themselves(api: Service) -> None:
    """Required for dynamic QRs — where the code routes."""
    for body in (page("vcard_plus"), page("vcard_plus", destinations=[at(HERE)]), page("vcard_plus", destinations=[])):
        code = await made(api, body)
        itself = f"{SHORT}/{code['short_code']}"
        assert variants(code) == [("a", itself, 100)]
        assert await edited(api, code["id"], destinations=code["destinations"]) == code
        response = await api.client.patch(f"{PATH}/{code['id']}", json={"destinations": [at(HERE)]})
        assert refused(response, 409).startswith("destinations")


async def test_static_codes_have_none(api: Service) -> None:
    """ "dynamic" (editable destination) or "static"."""
    code = await made(api, static(destinations=[]))
    assert code["destinations"] == []
    for response in (
        await api.client.post(PATH, json=static(destinations=[at(HERE)])),
        await api.client.patch(f"{PATH}/{code['id']}", json={"destinations": [at(HERE)]}),
    ):
        assert refused(response).startswith("destinations")


async def test_a_set_written_whole_begins_at_a_again(api: Service) -> None:
    """From `a` again when no entry of the new set has an old id or URL (dialects.md 13)."""
    code = await made(api, destinations=[at(HERE), at(THERE)])
    path = f"{PATH}/{code['id']}"

    async def keys(*urls: str) -> list[str]:
        found = await api.client.patch(path, json={"destinations": [at(url) for url in urls]})
        return [one["variant_key"] for one in found.json()["destinations"]]

    assert await keys("https://example.com/1", "https://example.com/2") == ["a", "b"]
    assert await keys("https://example.com/2", "https://example.com/3") == ["b", "c"]
    assert await keys("https://example.com/4") == ["a"]
    assert await keys("https://example.com/5") == ["a"]
    native = (await api.client.get(f"/v1/dynamic/{code['id']}")).json()
    assert native["variants"] == [] and native["destination"] == "https://example.com/5"
    # What is read can be sent back, and is the same.
    read = (await api.client.get(path)).json()
    again = await api.client.patch(path, json={"destinations": read["destinations"]})
    assert again.json()["destinations"] == read["destinations"]
