"""ETag, If-Match, If-None-Match: for every answer about one code."""

import asyncio

import pytest

from api.dialects import DIALECTS
from tests.api.service import Service

HERE = "https://example.com/a"
MANY = {"tags": ["a", "b"], "rules": [{"if": {"country": ["GB"]}, "to": HERE}], "style": {"color": "#000", "size": 1.5}}


OTHERS = ("key", "folder", "domain", "style", "report", "webhook")


def test_every_edit_of_a_code_can_be_conditional() -> None:
    """Conditional updates (ETag, If-Match) offered everywhere"""
    edits = [
        route.path
        for dialect in DIALECTS
        for route in dialect.routes
        if route.method in ("PATCH", "PUT") and not route.tagged
        if not any(other in route.path for other in OTHERS)
    ]
    assert edits == []


async def test_the_tag_is_the_same_wherever_the_code_is_shown(api: Service) -> None:
    made = await api.client.post("/v1/dynamic", json={"destination": HERE, **MANY})
    path = f"/v1/dynamic/{made.json()['id']}"
    read = await api.client.get(path)
    edited = await api.client.patch(path, json={})
    assert made.headers["etag"] == read.headers["etag"] == edited.headers["etag"]
    assert made.headers["etag"].startswith('"') and made.json() == read.json() == edited.json()
    changed = await api.client.patch(path, json={"label": "x"})
    assert changed.headers["etag"] != made.headers["etag"]
    assert (await api.client.get(path)).headers["etag"] == changed.headers["etag"]


@pytest.mark.parametrize("seen", ["{tag}", "W/{tag}", '"other", {tag}', "*", '"other",W/{tag}'])
async def test_who_has_it_already_is_told_so(api: Service, seen: str) -> None:
    path = f"/v1/dynamic/{(await api.make())['id']}"
    tag = (await api.client.get(path)).headers["etag"]
    response = await api.client.get(path, headers={"If-None-Match": seen.format(tag=tag)})
    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", tag)
    await api.client.patch(path, json={"label": "x"})
    if seen != "*":
        assert (await api.client.get(path, headers={"If-None-Match": seen.format(tag=tag)})).status_code == 200


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_change_of_what_was_seen_only(api: Service, method: str) -> None:
    path = f"/v1/dynamic/{(await api.make())['id']}"
    tag = (await api.client.get(path)).headers["etag"]
    await api.client.patch(path, json={"label": "meanwhile"})
    for seen in (tag, 'W/"x"', '"x"', "nonsense", ""):
        response = await api.client.request(method, path, json={"label": "x"}, headers={"If-Match": seen})
        assert (response.status_code, response.json()["error"]["field"]) == (412, "If-Match")
    assert (await api.client.get(path)).json()["label"] == "meanwhile"
    now = (await api.client.get(path)).headers["etag"]
    weak = await api.client.request(method, path, json={"label": "x"}, headers={"If-Match": f"W/{now}"})
    assert weak.status_code == 412
    response = await api.client.request(method, path, json={"label": "x"}, headers={"If-Match": f'"x", {now}'})
    assert response.status_code == 200


async def test_any_will_do(api: Service) -> None:
    path = f"/v1/dynamic/{(await api.make())['id']}"
    assert (await api.client.patch(path, json={"label": "x"}, headers={"If-Match": "*"})).status_code == 200
    gone = "/v1/dynamic/00000000-0000-4000-8000-000000000000"
    assert (await api.client.patch(gone, json={"label": "x"}, headers={"If-Match": "*"})).status_code == 404


@pytest.mark.parametrize(
    "change", [{"label": "{n}"}, {"destination": "https://example.com/{n}"}, {"slug": "slug-{n}"}], ids=str
)
async def test_of_many_at_once_one_is_first(api: Service, change: dict[str, str]) -> None:
    path = f"/v1/dynamic/{(await api.make())['id']}"
    tag = (await api.client.get(path)).headers["etag"]
    bodies = [{name: value.format(n=n) for name, value in change.items()} for n in range(10)]
    answers = await asyncio.gather(*(api.client.patch(path, json=body, headers={"If-Match": tag}) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    (first,) = [at for at, answer in enumerate(answers) if answer.status_code == 200]
    now = (await api.client.get(path)).json()
    assert bodies[first].items() <= now.items()
    # Slugs that lost were not taken.
    for body in bodies:
        if "slug" in body and body != bodies[first]:
            await api.make(slug=body["slug"])


async def test_in_every_api_and_a_count_is_part_of_it(api: Service) -> None:
    """Where an answer shows counts its tag covers them; a change may still be made with the one of before."""
    made = await api.make()
    paths = {
        f"/v1/dynamic/{made['id']}": False,
        f"/api/v1/dynamic/{made['slug']}/": True,
        f"/api/qr/codes/{made['slug']}": False,
        f"/api/public/v1/qrcodes/{made['id']}": True,
    }
    tags = {path: (await api.client.get(path)).headers["etag"] for path in paths}
    for path, tag in tags.items():
        seen = await api.client.get(path, headers={"If-None-Match": tag})
        assert (seen.status_code, seen.content, seen.headers["etag"]) == (304, b"", tag)
    await api.scanned(made["id"], {})
    for path, shows_counts in paths.items():
        seen = await api.client.get(path, headers={"If-None-Match": tags[path]})
        assert seen.status_code == (200 if shows_counts else 304), path
    path = f"/api/public/v1/qrcodes/{made['id']}"
    assert (await api.client.patch(path, json={"name": "x"}, headers={"If-Match": tags[path]})).status_code == 200
