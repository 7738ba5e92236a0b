"""/openapi.json is one that programs can work with: it validates, and says nothing that makes generators guess."""

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api import content_schema, json_schema
from api.dialects import DIALECTS
from schemas import page_content
from tests.api.service import Service


@pytest.fixture
async def document(api: Service) -> dict[str, Any]:
    found: dict[str, Any] = (await api.anonymous.get("/openapi.json")).json()
    return found


def schemas(part: Any) -> Iterator[dict[str, Any]]:
    """Every schema in it; examples are none."""
    if isinstance(part, dict):
        yield part
        for name, value in part.items():
            if name not in ("example", "examples", "default", "const", "enum"):
                yield from schemas(value)
    elif isinstance(part, list):
        for value in part:
            yield from schemas(value)


async def test_it_is_valid(document: dict[str, Any]) -> None:
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


async def test_generators_have_nothing_to_guess(document: dict[str, Any]) -> None:
    """No `default` in what is sent (some make such a field required, or send it unasked); free-form objects say so;
    lists say of what; constants and choices have a type."""
    for schema in schemas(document["components"]["schemas"]):
        assert "default" not in schema, schema
        if schema.get("type") == "object":
            assert {"properties", "additionalProperties"} & schema.keys(), schema
        if schema.get("type") == "array":
            assert schema["items"], schema
        if {"const", "enum"} & schema.keys():
            assert "type" in schema, schema
        assert r"\Z" not in str(schema.get("pattern", "")), schema
    bulk = document["components"]["schemas"]["BulkRequest"]["properties"]["items"]
    assert bulk["items"] == json_schema.reference("NewDynamicCode")


async def test_what_is_always_there_is_required(document: dict[str, Any]) -> None:
    found = document["components"]["schemas"]
    assert "deleted" in found["Deleted"]["required"]
    assert {"type", "encrypted"} <= set(found["QrCode"]["required"])
    assert "type" in found["StaticQr"]["required"]


async def test_every_way_to_say_who_is_asking(document: dict[str, Any]) -> None:
    ways = document["components"]["securitySchemes"]
    assert (ways["header"]["in"], ways["header"]["name"]) == ("header", "X-API-Key")
    assert ways["token"]["bearerFormat"] == "JWT"
    (qravio,) = [one for one in DIALECTS if "header" in one.security]
    (agency,) = [one for one in DIALECTS if "token" in one.security]
    assert (qravio.prefix, agency.prefix) == ("/api/public/v1", "/api/v1")
    for dialect in DIALECTS:
        for route in dialect.routes:
            security = document["paths"][route.path][route.method.lower()]["security"]
            keys = ["sharedView"] if route.scope == "shared" else dialect.security
            assert security == ([{name: []} for name in keys] if route.scope else [])
    assert [tag["name"] for tag in document["tags"]] == [dialect.name for dialect in DIALECTS]
    assert all(tag["description"] for tag in document["tags"])


async def test_headers_are_those_that_come(api: Service, document: dict[str, Any]) -> None:
    """Of the answers of a call of each kind, in each dialect."""
    code = await api.make()
    for path, at in (
        ("/v1/dynamic/{id}", code["id"]),
        ("/api/v1/dynamic/{short_id}/", code["slug"]),
        ("/api/qr/codes/{id}", code["slug"]),
        ("/api/public/v1/qrcodes/{id}", code["id"]),
    ):
        real = path.replace("{id}", at).replace("{short_id}", at)
        responses = document["paths"][path]["get"]["responses"]
        well = await api.client.get(real)
        seen = await api.client.get(real, headers={"If-None-Match": well.headers["etag"]})
        missing = await api.client.get(real.replace(at, "none"))
        nobody = await api.anonymous.get(real)
        assert [one.status_code for one in (well, seen, missing, nobody)] == [200, 304, 404, 401]
        for answer in (well, seen, missing, nobody):
            said = responses[str(answer.status_code)]["headers"]
            assert said and all(name in answer.headers for name in said), (path, answer.status_code)
        assert ("X-RateLimit-Limit" in responses["200"]["headers"]) == ("x-ratelimit-limit" in well.headers)
        assert "Retry-After" in responses["429"]["headers"] and "Retry-After" in responses["503"]["headers"]
    named = {str(one.get("$ref")) for one in schemas(document["paths"])}
    assert {f"#/components/headers/{name}" for name in document["components"]["headers"]} <= named


@pytest.mark.parametrize("type", sorted(page_content.TYPES))
async def test_content_of_every_type_has_an_example_that_is_taken(document: dict[str, Any], type: str) -> None:
    field, _ = page_content.SHAPES[type]
    found = document["components"]["schemas"]
    example = content_schema.EXAMPLES[field]
    if type in ("video", "mp3"):
        example = {**example, "content_type": {"video": "video/mp4", "mp3": "audio/mpeg"}[type]}
    page_content.check(type, {field: example})
    shown = found["Content"]["properties"][field]
    assert (found[shown["$ref"].rsplit("/", 1)[-1]] if "$ref" in shown else shown)["examples"]
    for name in ("DynamicCode", "NewDynamicCode", "DynamicCodeEdit", "QravioCode", "NewQravioCode", "QravioCodeEdit"):
        assert '"#/components/schemas/Content"' in str(found[name]["properties"]["content"]).replace("'", '"')
