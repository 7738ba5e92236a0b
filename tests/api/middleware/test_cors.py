"""Pages of other origins: what the settings let them do, in a real Chromium and header by header."""

import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from infra.warehouse import Warehouse
from tests.api.served import serving
from tests.api.service import Service
from tests.pages.chromium import PHONE, Answer, visit
from tests.pages.chromium import serving as pages_of
from tests.servers.redis import RedisServer

THEIRS = "https://app.example.com"
ASKS = {"Origin": THEIRS, "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def open_api(redis_url: str, warehouse: Warehouse) -> AsyncIterator[Service]:
    service = Service(redis_url, warehouse, cors=f"{THEIRS}, https://other.example.com:8443")
    await service.open()
    try:
        yield service
    finally:
        await service.close()


@pytest.mark.parametrize(
    ("path", "methods", "headers"),
    [
        ("/v1/dynamic", "GET, HEAD, POST, OPTIONS", {"Idempotency-Key"}),
        (f"/v1/dynamic/{ID}", "DELETE, GET, HEAD, PATCH, OPTIONS", {"If-Match", "If-None-Match"}),
        ("/api/v1/dynamic/abcdefgh", "DELETE, GET, HEAD, PATCH, OPTIONS", {"If-Match", "If-None-Match"}),
        ("/api/qr/codes/abcdefgh", "GET, HEAD, PUT, OPTIONS", {"If-Match", "If-None-Match"}),
        (
            f"/api/public/v1/qrcodes/{ID}",
            "DELETE, GET, HEAD, PATCH, OPTIONS",
            {"If-Match", "If-None-Match", "X-API-Key"},
        ),
        ("/mcp", "POST, OPTIONS", {"Accept", "Mcp-Protocol-Version", "Mcp-Session-Id"}),
        ("/openapi.json", "GET, HEAD, OPTIONS", set()),
    ],
)
async def test_a_preflight_says_what_the_route_takes(
    open_api: Service, path: str, methods: str, headers: set[str]
) -> None:
    told = await open_api.anonymous.options(path, headers=ASKS)
    assert (told.status_code, told.content) == (204, b"")
    assert told.headers["access-control-allow-origin"] == THEIRS
    assert told.headers["access-control-allow-methods"] == methods
    assert set(told.headers["access-control-allow-headers"].split(", ")) == {"Authorization", "Content-Type"} | headers
    assert "access-control-allow-credentials" not in told.headers
    assert told.headers["vary"] == "Origin"


async def test_every_answer_can_be_read_errors_too(open_api: Service) -> None:
    theirs = open_api.connect(**dict(open_api.client.headers), Origin=THEIRS)
    stranger = open_api.connect(Origin=THEIRS)
    code = await open_api.make()
    answers = [
        (200, await theirs.get(f"/v1/dynamic/{code['id']}")),
        (304, await theirs.get(f"/v1/dynamic/{code['id']}", headers={"If-None-Match": "*"})),
        (400, await theirs.post("/v1/dynamic", json={"destination": "x"})),
        (401, await stranger.get("/v1/dynamic")),
        (404, await theirs.get("/nowhere")),
        (405, await theirs.put("/v1/dynamic")),
        (413, await theirs.post("/v1/dynamic", content=b"x" * 1_100_000)),
        (422, await theirs.post("/api/public/v1/qrcodes", json={})),
        (431, await theirs.get("/v1/dynamic", headers={"X-Long": "a" * 16_000})),
    ]
    for status, answer in answers:
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, THEIRS)
        shown = set(answer.headers["access-control-expose-headers"].split(", "))
        assert shown >= {"ETag", "Retry-After", "RateLimit", "RateLimit-Policy", "X-RateLimit-Remaining"}


async def test_a_fault_of_ours_can_be_read_too(open_api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(open_api.codes, "get", broken)
    transport = httpx.ASGITransport(open_api.app, raise_app_exceptions=False)
    headers = {**open_api.client.headers, "Origin": THEIRS}
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client:
        answer = await client.get(f"/v1/dynamic/{ID}")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (500, THEIRS)


@pytest.mark.parametrize("origin", ["https://app.example.com.evil.example", "https://app.example.com:444", "null", ""])
async def test_others_are_answered_as_if_it_were_not_there(open_api: Service, origin: str) -> None:
    for answer in (
        await open_api.client.get("/v1/dynamic", headers={"Origin": origin}),
        await open_api.anonymous.options("/v1/dynamic", headers={**ASKS, "Origin": origin}),
    ):
        assert answer.status_code in (200, 204)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        # So that no cache gives one origin what was another's.
        assert answer.headers["vary"] == "Origin"


async def test_any_page_where_the_setting_says_so(redis_url: str, warehouse: Warehouse) -> None:
    service = Service(redis_url, warehouse, cors="*")
    await service.open()
    try:
        answer = await service.client.get("/v1/dynamic", headers={"Origin": THEIRS})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
        assert "access-control-allow-credentials" not in answer.headers
    finally:
        await service.close()


async def test_no_page_by_default(api: Service) -> None:
    told = await api.anonymous.options("/v1/dynamic", headers=ASKS)
    answer = await api.client.get("/v1/dynamic", headers={"Origin": THEIRS})
    assert (told.status_code, answer.status_code) == (204, 200)
    assert not [name for one in (told, answer) for name in one.headers if name.startswith("access-control-")]


async def test_tools_are_for_pages_that_are_named(open_api: Service) -> None:
    for origin, status in (
        ("https://evil.example.com", 403),
        ("null", 403),
        (THEIRS, 400),
        ("http://api.example.net", 400),
    ):
        for path in ("/mcp", "/mcp/"):
            answer = await open_api.client.post(path, json={}, headers={"Origin": origin})
            assert answer.status_code == status, (origin, answer.text)
            assert status != 403 or answer.json()["error"]["code"] == "foreign_origin"
    assert (await open_api.client.post("/mcp", json={})).status_code == 400


# Makes a code, edits it and reads its scans, as somebody's own web app does, and says how that went. The picture comes
# when it has, so that the page has not loaded before.
APP = """<!doctype html><title>App</title><img src="/%(name)s/picture"><script>
const api = "%(api)s", headers = {"Authorization": "Bearer %(key)s", "Content-Type": "application/json"};
async function run() {
  const body = JSON.stringify({destination: "https://example.com/spring"});
  const made = await fetch(api + "/v1/dynamic", {method: "POST", headers: {...headers, "Idempotency-Key": "a"}, body});
  const code = await made.json();
  const edit = await fetch(api + "/v1/dynamic/" + code.id,
    {method: "PATCH", headers: {...headers, "If-Match": made.headers.get("ETag")}, body: '{"label": "x"}'});
  const scans = await (await fetch(api + "/v1/dynamic/" + code.id + "/scans", {headers})).json();
  const wrong = await fetch(api + "/v1/dynamic/none", {headers});
  return [made.status, edit.status, scans.scans.total, wrong.status, (await wrong.json()).error.code,
    made.headers.get("RateLimit") !== null];
}
run().catch(String).then((said) => fetch("/%(name)s/said", {method: "POST", body: JSON.stringify(said)}));
</script>"""


class App:
    """A web app on an origin of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.api = self.key = ""
        self.said: list[Any] = []
        self._told = threading.Event()

    def __call__(self, method: str, path: str, body: bytes) -> Answer:
        if method == "POST":
            self.said.append(json.loads(body))
            self._told.set()
        elif path == f"/{self.name}/picture":
            self._told.wait(30)
            return Answer(204)
        page = APP % {"name": self.name, "api": self.api, "key": self.key}
        return Answer(200, page.encode(), (("content-type", "text/html"),))


@pytest.mark.browser
def test_a_page_of_another_origin_in_a_browser(redis_server: RedisServer, warehouse: Warehouse) -> None:
    redis_server.flush()
    named, other = App("named"), App("other")
    view: list[dict[str, Any]] = [{"name": "phone", "scheme": "light", **PHONE}]
    with (
        pages_of(named) as at_named,
        pages_of(other) as at_other,
        serving(redis_server.url, warehouse, cors=at_named) as served,
    ):
        for app in (named, other):
            app.api, app.key = served.url, served.key
        visit([{"name": one, "url": one} for one in (at_named, at_other)], views=view)
    assert named.said == [[201, 200, 0, 404, "not_found", True]]
    assert other.said == ["TypeError: Failed to fetch"]
