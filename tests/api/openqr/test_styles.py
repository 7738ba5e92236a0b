"""/v1/styles: styles that are kept, listed, edited and deleted."""

import pytest

from tests.api.service import Body, Service

STYLE = {"shape": "dots", "color": "#0f5f55"}


async def test_the_life_of_a_style(api: Service) -> None:
    made = (await api.client.post("/v1/styles", json={"name": "House", "style": STYLE})).json()
    assert made["style"] == STYLE and made["created_at"] == made["updated_at"] == "2026-05-21T15:00:00Z"
    path = f"/v1/styles/{made['id']}"
    api.clock.pass_by(seconds=1)
    renamed = (await api.client.patch(path, json={"name": "Home"})).json()
    assert renamed == {**made, "name": "Home", "updated_at": "2026-05-21T15:00:01Z"}
    edited = (await api.client.patch(path, json={**renamed, "style": {"margin": 2}})).json()
    assert edited == {**renamed, "style": {"margin": 2}}
    assert (await api.client.get("/v1/styles")).json() == {"styles": [edited]}
    stranger = await api.caller("theirs")
    assert (await stranger.get("/v1/styles")).json() == {"styles": []}
    assert (await stranger.delete(path)).status_code == 404
    await stranger.aclose()
    assert (await api.client.delete(path)).json() == {"deleted": True}
    for method in ("PATCH", "DELETE"):
        assert (await api.client.request(method, path, json={"name": "x"})).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"style": STYLE}, "name"),
        ({"name": "", "style": STYLE}, "name"),
        ({"name": "x"}, "style"),
        ({"name": "x", "style": {"color": "#eeeeee"}}, "style.color"),
        ({"name": "x", "style": {"shape": "hexagon"}}, "style.shape"),
        ({"name": "x", "style": {"logo": "data:image/png;base64," + "A" * 17_000}}, "style"),
        ({"name": "x", "style": STYLE, "size": 1}, "size"),
    ],
)
async def test_what_is_refused(api: Service, body: Body, field: str) -> None:
    answer = await api.client.post("/v1/styles", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
