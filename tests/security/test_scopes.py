"""Every route of every API, with every kind of key: nobody gets further than the scope that the route names.

The routes are walked as they are, so a new one is under test without a word here.
"""

import httpx
import pytest
from starlette.routing import BaseRoute, Mount, Route

from api.dashboard_files import ASSETS, PREVIEW, SHARED, VIEWS
from api.dialect import Route as Operation
from api.dialects import DIALECTS
from codes.apikeys import Scope
from tests.api.service import Service

SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
ROUTES = [route for dialect in DIALECTS for route in dialect.routes]
NOBODY = "00000000-0000-4000-8000-000000000000"
# Without a key: what a key is traded for. These are looked at by themselves.
OPEN = {("POST", "/api/v1/token/"), ("POST", "/api/v1/token/refresh/"), ("POST", "/v1/session")}
OPEN |= {("POST", "/v1/shared/open")}
# They are sent, and change nothing that is kept but the session that sends them.
HARMLESS = {
    *(("POST", "/api/qr/static"), ("POST", "/v1/query"), ("POST", "/v1/dynamic/{id}/qr/placements")),
    *(("POST", "/v1/dynamic/{id}/qr/preview"), ("POST", "/v1/dynamic/sheet"), ("DELETE", "/v1/session")),
    *(("POST", "/v1/dynamic/{id}/test"), ("POST", "/v1/pages/preview")),
}
# What the API serves beside its operations. All but `/mcp`, which needs a key, say nothing of anybody's codes.
BESIDE = {"/openapi.json", "/docs", "/healthz", "/readyz", "/mcp", "/mcp/", *VIEWS, PREVIEW, SHARED, ASSETS}


async def ask(client: httpx.AsyncClient, route: Operation, id: str = NOBODY, **headers: str) -> httpx.Response:
    path = route.path
    for parameter in route.parameters:
        path = path.replace("{" + parameter.name + "}", id)
    if "text/event-stream" in route.media:
        # (It would not end.)
        path += "?follow=false"
    body = None if route.body is None else b"{}"
    sent = {**headers, "Content-Type": "application/json"} if body else headers
    return await client.request(route.method, path, content=body, headers=sent)


async def test_without_a_key_nobody_gets_in(api: Service) -> None:
    assert {(route.method, route.path) for route in ROUTES if route.scope is None} == OPEN
    for route in ROUTES:
        if route.scope is None:
            continue
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Basic YTpi"},
            {"Authorization": "Bearer "},
            {"X-API-Key": "wrong"},
        ):
            response = await ask(api.anonymous, route, **headers)
            assert response.status_code == 401, (route.method, route.path, headers, response.text)
            assert response.headers.get_list("x-content-type-options") == ["nosniff"]
            assert set(response.json()) <= {"error", "detail"}


async def test_the_session_of_a_shared_view_opens_nothing_else(api: Service) -> None:
    code = await api.make()
    made = (await api.client.post("/v1/shared-views", json={"name": "x", "code_id": code["id"]})).json()
    token = made["url"].rpartition("/")[2]
    opened = (await api.anonymous.post("/v1/shared/open", json={"token": token})).json()
    for secret in (opened["session"], token):
        for headers in ({"Authorization": f"Bearer {secret}"}, {"X-API-Key": secret}):
            for route in ROUTES:
                if route.scope not in (None, "shared"):
                    response = await ask(api.anonymous, route, code["id"], **headers)
                    assert response.status_code == 401, (route.method, route.path, response.text)


async def test_no_answer_is_taken_for_something_else(api: Service) -> None:
    asked = [*(("GET", path) for path in sorted(BESIDE)), ("GET", "/nothing"), ("PUT", "/healthz")]
    asked += [("GET", "/v1/dynamic"), ("GET", "/api/v1/qr_codes/?format=json"), ("HEAD", "/openapi.json")]
    for method, path in asked:
        response = await api.client.request(method, path)
        assert response.headers.get_list("x-content-type-options") == ["nosniff"], (method, path)


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_key_gets_as_far_as_its_scope(api: Service, scope: Scope) -> None:
    caller = await api.caller(scope=scope)
    for route in ROUTES:
        if route.scope is None:
            continue
        response = await ask(caller, route)
        if route.scope == "shared":
            # A shared view is seen by its link alone.
            assert response.status_code == 401, (route.method, route.path, response.text)
        elif SCOPES.index(scope) < SCOPES.index(route.scope):
            assert response.status_code == 403, (route.method, route.path, response.text)
            assert "scope" in response.text
        else:
            assert response.status_code not in (401, 403, 500), (route.method, route.path, response.text)
    await caller.aclose()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_what_changes_something_needs_more_than_read(route: Operation) -> None:
    if route.method != "GET" and route.scope not in (None, "shared") and (route.method, route.path) not in HARMLESS:
        assert route.scope in ("write", "admin")


async def test_what_is_another_workspace_s_is_not_there(api: Service) -> None:
    """Of a code, a folder, a domain or a key of ours, another workspace learns and changes nothing by its id."""
    code = await api.make()
    folder = (await api.client.post("/v1/folders", json={"name": "x"})).json()["id"]
    domain = (await api.client.post("/v1/domains", json={"domain": "go.example.com"})).json()
    keys = (await api.client.get("/v1/keys")).json()
    key = next(iter(keys.values()))[0]["id"]
    ours = [code["id"], code["slug"], str(await api.number(code["id"])), folder, domain["id"], key]
    theirs = await api.caller("theirs")
    for route in ROUTES:
        if "{" not in route.path or route.scope in (None, "shared"):
            continue
        for id in ours:
            response = await ask(theirs, route, id)
            assert response.status_code in (404, 400, 422), (route.method, route.path, id, response.text)
            assert code["destination"] not in response.text
    assert (await api.client.get(f"/v1/dynamic/{code['id']}")).json() == code
    assert (await api.client.get(f"/v1/domains/{domain['id']}")).json() == domain
    assert (await api.client.get("/v1/keys")).json() == keys
    assert [one["id"] for one in (await api.client.get("/v1/folders")).json()["folders"]] == [folder]
    await theirs.aclose()


def paths(routes: list[BaseRoute]) -> set[str]:
    return {route.path for route in routes if isinstance(route, Route | Mount)}


async def test_there_is_no_other_way_in(api: Service) -> None:
    known = {path for dialect in DIALECTS for route in dialect.routes for path in dialect.paths(route)}
    beside = paths(api.app.routes) - known
    assert {path for path in beside if not path.startswith("/docs")} <= BESIDE
    for path in beside & {"/mcp", "/mcp/"}:
        assert (await api.anonymous.post(path, json={})).status_code == 401


@pytest.mark.parametrize("scope", SCOPES)
async def test_only_an_admin_makes_keys(api: Service, scope: Scope) -> None:
    maker = await api.caller(scope=scope)
    for wanted in SCOPES:
        response = await maker.post("/v1/keys", json={"name": "x", "scope": wanted})
        assert response.status_code == (201 if scope == "admin" else 403), response.text
    await maker.aclose()
