"""The OpenAPI document, made from the dialects' tables of routes: what is documented is what is served."""

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.dialect import Dialect, Route

# What any route can answer, whatever it does.
ALWAYS = (401, 403, 408, 413, 431, 500, 503)
_SAYS = {
    400: "Something in the input cannot be taken; `field` says what.",
    401: "No API key, or one that is wrong, revoked or expired.",
    403: "The key's scope does not allow this.",
    404: "There is no such code in this workspace.",
    405: "The path is served, but not with this method; `Allow` has those it takes.",
    408: "The body did not arrive in time.",
    409: "It is taken, or locked.",
    413: "The body is larger than 1 MB (an uploaded file: than a file may be).",
    431: "The headers are larger than 15 KB.",
    500: "A fault of Waymark's own.",
    503: "A part that Waymark needs is away; `Retry-After` says when to try again.",
}
BEARER = "bearer"


def reference(shape: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def _json(shape: type[msgspec.Struct]) -> dict[str, Any]:
    return {"application/json": {"schema": reference(shape)}}


def responses(route: Route, dialect: Dialect) -> dict[int | str, dict[str, Any]]:
    """Every status that a route can answer, and in which shape."""
    found: dict[int | str, dict[str, Any]] = {
        route.status: {"description": "As asked.", "content": _json(route.answer)}
    }
    for status in sorted({*route.problems, *ALWAYS}):
        found[status] = {"description": _SAYS[status], "content": _json(dialect.error)}
        if status == 503:
            found[status]["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return found


def operation(route: Route) -> dict[str, Any]:
    """The parts of an operation that FastAPI would read off a function's signature."""
    found: dict[str, Any] = {"security": [{BEARER: []}], "x-scope": route.scope}
    if route.parameters:
        found["parameters"] = [
            {
                "name": each.name,
                "in": each.where,
                "required": each.where == "path",
                "description": each.description,
                "schema": dict(each.schema),
            }
            for each in route.parameters
        ]
    if route.body is not None:
        found["requestBody"] = {"required": True, "content": _json(route.body)}
    if route.upload:
        form = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return found


def _complete(operation: dict[str, Any], route: Route, schemas: dict[str, Any]) -> None:
    """What FastAPI would lose: nulls in examples, and fields that are let in and ignored."""
    operation["responses"][str(route.status)]["content"]["application/json"]["example"] = route.example
    if route.body is None:
        return
    operation["requestBody"]["content"]["application/json"]["example"] = route.sent
    for name in sorted(route.ignored):
        schemas[route.body.__name__]["properties"][name] = {"readOnly": True, "description": "Ignored."}


def document(app: FastAPI, dialects: Sequence[Dialect], server: str) -> dict[str, Any]:
    """The whole document, as /openapi.json answers it."""
    found: dict[str, Any] = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        servers=[{"url": server}],
    )
    shapes = {
        shape
        for dialect in dialects
        for route in dialect.routes
        for shape in (route.answer, route.body, dialect.error)
        if shape is not None
    }
    _, schemas = msgspec.json.schema_components(
        sorted(shapes, key=lambda shape: shape.__name__), ref_template="#/components/schemas/{name}"
    )
    for dialect in dialects:
        for route in dialect.routes:
            _complete(found["paths"][route.path][route.method.lower()], route, schemas)
    components = found.setdefault("components", {})
    components["schemas"] = {**components.get("schemas", {}), **schemas}
    components["securitySchemes"] = {
        BEARER: {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key. Its scope is read, write or admin; a wider one may do all that a narrower one "
            "may, and each operation says which it needs (`x-scope`).",
        }
    }
    return found
