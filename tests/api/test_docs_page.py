"""/openapi.json says what is served, and /docs says it to people, with nothing from elsewhere."""

import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from api.dialect import Dialect, Route
from api.dialects import DIALECTS
from api.dialects.openqr import examples
from api.pipeline import ApiRoute
from tests.api.service import Service


@pytest.fixture
async def document(api: Service) -> dict[str, Any]:
    response = await api.anonymous.get("/openapi.json")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = response.json()
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


ROUTES: dict[tuple[str, str], tuple[Dialect, Route]] = {
    (route.method, route.path): (dialect, route) for dialect in DIALECTS for route in dialect.routes
}


async def test_every_route_is_documented_and_nothing_else(api: Service, document: dict[str, Any]) -> None:
    routes = [route for route in api.app.routes if isinstance(route, ApiRoute)]
    served = {(route.route.method, route.path) for route in routes}
    assert set(operations(document)) == set(ROUTES)
    assert served == {(route.method, path) for dialect, route in ROUTES.values() for path in dialect.paths(route)}


async def test_every_operation_says_all_of_itself(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(ids)) == len(ids)
    for (method, path), operation in operations(document).items():
        dialect, route = ROUTES[method, path]
        assert operation["summary"] and operation["description"]
        assert ({"bearer": []} in operation["security"]) == (route.scope not in (None, "shared"))
        assert operation.get("x-scope") == route.scope
        named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        assert {"401", "403", "413", "431", "500", "503"} <= set(operation["responses"])
        assert ("requestBody" in operation) == (route.body is not None or route.upload)
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": f"#/components/schemas/{dialect.error.__name__}"}
            elif int(status) == 304 or (route.answer is None and not route.media):
                assert "content" not in response
            else:
                assert set(response["content"]) == set(route.media or ("application/json",))
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["servers"] == [{"url": "http://api.example.net"}]


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = msgspec.json.encode(document).decode()
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) <= set(document["components"]["schemas"])


async def test_examples_are_real_answers(document: dict[str, Any]) -> None:
    for (method, path), operation in operations(document).items():
        _, route = ROUTES[method, path]
        if route.answer is not None and not route.media:
            shown = operation["responses"][str(route.status)]["content"]["application/json"]["example"]
            assert msgspec.to_builtins(msgspec.convert(shown, route.answer)) == shown


async def test_examples_of_bodies_work(api: Service) -> None:
    code = (await api.client.post("/v1/dynamic", json=examples.NEW)).json()
    assert set(code) == set(examples.CODE)
    response = await api.client.patch(f"/v1/dynamic/{code['id']}", json=examples.EDIT)
    assert response.status_code == 200 and examples.EDIT.items() <= response.json().items()


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


async def test_the_page_needs_nothing_from_elsewhere(api: Service, document: dict[str, Any]) -> None:
    response = await api.anonymous.get("/docs")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    page = Tags()
    page.feed(response.text)
    names = {tag for tag, _ in page.found}
    assert names.isdisjoint({"script", "link", "img", "iframe", "object", "embed"})
    links = [attributes["href"] for tag, attributes in page.found if tag == "a"]
    anchors = {f"#{attributes['id']}" for _, attributes in page.found if "id" in attributes}
    assert links and all(link == "/openapi.json" or link in anchors for link in links)
    for _, path in operations(document):
        assert path in response.text
    for name in document["components"]["schemas"]:
        assert f"#shape-{name}" in anchors
