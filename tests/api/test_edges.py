"""What differs between honest clients, and means the same: a last slash, capital letters, a point in a whole number."""

import pytest

from api.dialects import DIALECTS
from tests.api.service import Body, Service

URL = "https://example.com/spring"


async def test_every_path_ends_with_or_without_a_slash(api: Service) -> None:
    """Paths end with or without a slash in every dialect, without redirects (dialects.md 35)."""
    for dialect in DIALECTS:
        for route in dialect.routes:
            answers = []
            endless = "text/event-stream" in route.media
            for path in dialect.paths(route):
                for each in route.parameters:
                    path = path.replace("{" + each.name + "}", "00000000-0000-4000-8000-000000000000")
                query = {"follow": "false"} if endless else None
                answers.append(await api.client.request(route.method, path, params=query, content=b"?"))
            assert {one.url.path.endswith("/") for one in answers} == {True, False}
            first, second = answers
            assert first.status_code == second.status_code, route.path
            assert endless or first.content == second.content, route.path
            assert first.status_code not in (301, 302, 307, 308, 405)


async def test_the_tools_too(api: Service) -> None:
    known, slashed = [await api.client.post(path, json={}) for path in ("/mcp", "/mcp/")]
    assert (known.status_code, known.content) == (slashed.status_code, slashed.content)
    assert known.status_code == 400
    for path in ("/mcp", "/mcp/"):
        assert (await api.anonymous.post(path, json={})).status_code == 401


async def test_ids_in_capital_letters(api: Service) -> None:
    folder = (await api.client.post("/v1/folders", json={"name": "Spring"})).json()["id"]
    code = await api.make(folder_id=folder.upper())
    assert code["folder_id"] == folder
    for path in (f"/v1/dynamic/{code['id'].upper()}", f"/v1/dynamic/{code['id'].upper()}/scans"):
        assert (await api.client.get(path)).json()["id"] == code["id"]
    listed = (await api.client.get(f"/v1/dynamic?folder_id={folder.upper()}")).json()
    assert [one["id"] for one in listed["codes"]] == [code["id"]]
    at = f"/api/public/v1/qrcodes/{code['id'].upper()}"
    assert (await api.client.patch(at, json={"folder_id": folder.upper()})).json()["folder_id"] == folder
    assert (await api.client.delete(f"/v1/folders/{folder.upper()}")).status_code == 200


async def test_a_whole_number_with_a_point(api: Service) -> None:
    body = b'{"destination": "https://example.com/a", "scan_limit": 5.0}'
    made = await api.client.post("/v1/dynamic", content=body)
    assert (made.status_code, made.json()["scan_limit"]) == (201, 5)


async def test_a_style_is_refused_when_it_is_written(api: Service) -> None:
    code = await api.make(style={"shape": "dots", "not_ours": 1})
    for style, field in (({"color": "#dddddd"}, "style.color"), ({"shape": 5}, "style.shape")):
        for method, path in (("POST", "/v1/dynamic"), ("PATCH", f"/v1/dynamic/{code['id']}")):
            refused = await api.client.request(method, path, json={"destination": URL, "style": style})
            assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json() == code


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/v1/dynamic", {"destination": URL, "label": "a\0b"}, "label"),
        ("/v1/dynamic", {"destination": URL, "tags": ["a\0"]}, "tags"),
        ("/api/v1/dynamic/", {"destination_url": URL, "name": "a\0b"}, "name"),
        ("/v1/folders", {"name": "a\0b"}, "name"),
    ],
)
async def test_nul_is_refused(api: Service, path: str, body: Body, name: str) -> None:
    refused = await api.client.post(path, json=body)
    assert refused.status_code == 400 and name in refused.text, refused.text


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"scan_limit": "5"}, "scan_limit must be a whole number or null, not text"),
        ({"scan_limit": 1.5}, "scan_limit must be a whole number or null, not a number"),
        ({"label": 5}, "label must be text or null, not a whole number"),
        ({"tags": "x"}, "tags must be an array, not text"),
        ({"locked": None}, "locked must be true or false, not null"),
    ],
)
async def test_types_are_named_in_plain_words(api: Service, body: Body, says: str) -> None:
    refused = await api.client.post("/v1/dynamic", json={"destination": URL, **body})
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, says)
