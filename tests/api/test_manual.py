"""/openapi.json says what is served, and /docs says it to people, with nothing from elsewhere."""

import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from fastapi.routing import APIRoute

from api.dialects import DIALECTS
from api.dialects.openqr import examples
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


async def test_every_route_is_documented_and_nothing_else(api: Service, document: dict[str, Any]) -> None:
    served = {(m, route.path) for route in api.app.routes if isinstance(route, APIRoute) for m in route.methods or ()}
    assert set(operations(document)) == served
    assert served == {(route.method, route.path) for dialect in DIALECTS for route in dialect.routes}


async def test_every_operation_says_all_of_itself(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(ids)) == len(ids)
    for (method, path), operation in operations(document).items():
        assert operation["summary"] and operation["description"] and operation["x-scope"]
        assert operation["security"] == [{"bearer": []}]
        named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        assert {"401", "403", "413", "431", "500", "503"} <= set(operation["responses"])
        assert ("requestBody" in operation) == (method in ("POST", "PATCH"))
        for status, response in operation["responses"].items():
            schema = response["content"]["application/json"]["schema"]
            assert (schema == {"$ref": "#/components/schemas/Failure"}) == (int(status) >= 400)
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["servers"] == [{"url": "http://api.example.net"}]


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = msgspec.json.encode(document).decode()
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) <= set(document["components"]["schemas"])


async def test_examples_are_real_answers(document: dict[str, Any]) -> None:
    kinds = {route.handler.__name__: route.answer for dialect in DIALECTS for route in dialect.routes}
    for operation in operations(document).values():
        status = min(operation["responses"])
        shape = operation["responses"][status]["content"]["application/json"]
        kind = kinds[operation["operationId"]]
        assert shape["schema"]["$ref"].rsplit("/", 1)[1] == kind.__name__
        assert msgspec.to_builtins(msgspec.convert(shape["example"], kind)) == shape["example"]


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
