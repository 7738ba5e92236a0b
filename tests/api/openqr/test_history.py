"""`GET /v1/dynamic/{id}/history`: what was changed of a code, when and by whom."""

from typing import Any

import msgspec

from codes import history
from schemas import keys
from tests.api.service import Service

ROOT = "https://example.com"


async def edited(api: Service, id: str, **changes: Any) -> dict[str, Any]:
    answer = await api.client.patch(f"/v1/dynamic/{id}", json=changes)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def told(api: Service, id: str, query: str = "") -> dict[str, Any]:
    answer = await api.client.get(f"/v1/dynamic/{id}/history{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_each_edit_is_there_with_both_values_and_who_made_it(api: Service) -> None:
    code = await api.make(slug="first-slug")
    assert (await told(api, code["id"]))["edits"] == []
    await edited(api, code["id"], destination=f"{ROOT}/two")
    # What no scanner notices, what moves the code, and what changes nothing.
    await edited(api, code["id"], label="Poster", tags=["b", "a"])
    await edited(api, code["id"], slug="other-slug", keep_old=True, expires_at="2030-01-01T00:00:00Z")
    await edited(api, code["id"], label="Poster")
    found = await told(api, code["id"])
    assert [{one["field"]: (one["old"], one["new"]) for one in edit["changes"]} for edit in found["edits"]] == [
        {
            "slug": ("first-slug", "other-slug"),
            "aliases": ([], ["first-slug"]),
            "expires_at": (None, "2030-01-01T00:00:00Z"),
        },
        {"label": (None, "Poster"), "tags": ([], ["b", "a"])},
        {"destination": (code["destination"], f"{ROOT}/two")},
    ]
    (by,) = {(edit["by"]["key_id"], edit["by"]["name"], edit["by"]["session"]) for edit in found["edits"]}
    assert by == (found["created"]["key_id"], found["created"]["name"], False)
    assert found["created"]["at"] == code["created_at"]


async def test_passwords_are_not_in_it(api: Service) -> None:
    code = await api.make()
    await edited(api, code["id"], password="open sesame")
    await edited(api, code["id"], password="another one")
    changes = [edit["changes"] for edit in (await told(api, code["id"]))["edits"]]
    said = {"field": "has_password", "old": True, "new": True, "kept": True}
    assert changes == [[said], [{**said, "old": False}]]
    kept = await api.codes.by_slug("", code["slug"])
    assert kept is not None
    stored = str(await api.redis.xrange(keys.history(kept.birth)))
    assert "has_password" not in stored and "password" in stored
    assert "argon2" not in stored and "sesame" not in stored


async def test_rules_and_variants_read_as_everywhere(api: Service) -> None:
    code = await api.make()
    rules = (await edited(api, code["id"], rules=[{"if": {"country": "DE"}, "to": f"{ROOT}/de"}]))["rules"]
    variants = (await edited(api, code["id"], variants=[{"url": f"{ROOT}/v"}]))["variants"]
    first, second = (edit["changes"][0] for edit in (await told(api, code["id"]))["edits"])
    assert (first["new"], second["new"], second["old"]) == (variants, rules, [])


async def test_pages_and_bounds(api: Service) -> None:
    code = await api.make()
    kept = await api.codes.by_slug("", code["slug"])
    assert kept is not None
    for n in range(history.KEPT + 5):
        await api.codes.redis.xadd(
            keys.history(kept.birth),
            {"entry": msgspec.json.encode(history.Entry(n, (history.Change("label", str(n), str(n + 1)),)))},
        )
    await edited(api, code["id"], label="last", style={"note": "x" * 9000})
    first = await told(api, code["id"], "?limit=150")
    assert [one["kept"] for one in first["edits"][0]["changes"]] == [True, False]
    rest = await told(api, code["id"], f"?limit=150&cursor={first['next_cursor']}")
    assert (len(first["edits"]), len(rest["edits"]), rest["next_cursor"]) == (150, history.KEPT - 150, None)
    assert (await api.client.get(f"/v1/dynamic/{code['id']}/history?cursor=x")).status_code == 400


async def test_it_is_gone_with_the_code_and_nobody_elses(api: Service) -> None:
    code = await api.make()
    await edited(api, code["id"], label="x")
    kept = await api.codes.by_slug("", code["slug"])
    assert kept is not None and await api.redis.exists(keys.history(kept.birth))
    await api.client.delete(f"/v1/dynamic/{code['id']}")
    assert not await api.redis.exists(keys.history(kept.birth))
    assert (await api.client.get(f"/v1/dynamic/{code['id']}/history")).status_code == 404
