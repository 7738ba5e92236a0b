"""The OpenAPI document, made from the dialects' tables of routes: what is served is what is documented."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
from msgspec import UNSET

from api import content_schema, idempotency, json_schema
from api.dialect import Dialect, Route
from api.parameters import Parameter
from infra.version import VERSION

_DESCRIPTION = """Dynamic QR codes and short links: what is printed never changes, where it leads can, and every scan is
counted exactly once. Any key works in each of the APIs below, as `Authorization: Bearer <key>`. Times are UTC. Each API
has one shape for all its errors, and they name the field that is at fault."""

# Problems that every route can answer.
ALWAYS = (401, 403, 408, 413, 429, 431, 500, 503)
_SAYS = {
    400: "The input is invalid; the answer names the field.",
    401: "No API key, or one that is wrong, revoked or expired.",
    402: "The workspace has reached a limit of its plan.",
    403: "The key's scope, or the workspace's plan, does not allow this.",
    404: "There is no such thing in this workspace.",
    405: "The path does not take this method; `Allow` lists those it takes.",
    408: "The body did not arrive in time.",
    409: "It is taken, locked, still in progress, or of the wrong kind for this.",
    410: "It was there, and is gone.",
    412: "What is changed is no longer of the `ETag` in `If-Match`.",
    413: "The body is too large: 1 MB, unless the route says otherwise.",
    422: "The input is invalid, or this Idempotency-Key was sent with another request.",
    429: "Too many calls for the workspace's plan, or too many wrong keys; `Retry-After` says when to try again.",
    431: "The headers are larger than 15 KB.",
    500: "A defect of Waymark.",
    503: "Redis or the warehouse is away; `Retry-After` says when to try again.",
}
SECURITY: dict[str, dict[str, str]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key. Its scope is read, write or admin; a wider one may do all that a narrower one "
        "may, and each operation says which it needs (`x-scope`).",
    },
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key in a header of its own; `Authorization` wins where both are sent.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of `POST /api/v1/token/`: it may do what its key may, for 15 minutes.",
    },
    "sharedView": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The session of `POST /v1/shared/open`: it may ask what the shared view shows, for 12 hours.",
    },
}
_TEXT = {"type": "string"}
_WHOLE = {"type": "integer"}
HEADERS = {
    "ETag": {"description": "The version of what is answered; for `If-Match` and `If-None-Match`.", "schema": _TEXT},
    "RateLimit-Policy": {"description": "`q` calls of a key in `w` seconds.", "schema": _TEXT},
    "RateLimit": {"description": "`r` of them are left for `t` seconds.", "schema": _TEXT},
    "Retry-After": {"description": "Seconds until it is worth trying again.", "schema": _WHOLE},
    "WWW-Authenticate": {"description": "How to authenticate: `Bearer`.", "schema": _TEXT},
}
# Headers that a page in a browser may read.
EXPOSED_HEADERS = frozenset({*HEADERS, "Allow", "Content-Disposition"})
# Answers that may come before authentication.
_ANYBODYS = frozenset({401, 408, 431, 503})


@cache
def reference(shape: Any) -> dict[str, Any]:
    """The schema of a struct, or of a list of one. Cached: it is slow, and needed for each status of each route."""
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=json_schema.TEMPLATE)
    return schema


def _json(shape: Any, example: Any = UNSET) -> dict[str, Any]:
    return {"application/json": {"schema": reference(shape)} | ({} if example is UNSET else {"example": example})}


def problems(route: Route, dialect: Dialect) -> set[int]:
    """All error statuses of a route."""
    found = {*route.problems, *ALWAYS, *dialect.problems}
    if route.scope not in (None, "shared", "read"):
        found.add(402)
    if route.creates:
        found |= {400, 409, 422}
    if route.tagged and route.method != "GET":
        found.add(412)
    if dialect.invalid_status != 400 and 400 in found:
        found = found - {400} | {dialect.invalid_status}
    return found


def _responses(route: Route, dialect: Dialect) -> dict[str, dict[str, Any]]:
    """Every status of a route, with its shape."""
    done: dict[str, Any] = {"description": "As asked."}
    if route.media:
        done["content"] = {media: {"schema": {"type": "string", "format": "binary"}} for media in route.media}
    elif route.answer is not None:
        done["content"] = _json(route.answer, route.example)
    found = {route.status: done}
    if route.tagged and route.method == "GET":
        found[304] = {"description": "It is still what `If-None-Match` says."}
    for status in sorted(problems(route, dialect)):
        found[status] = {"description": _SAYS[status], "content": _json(dialect.error)}
    for status, response in found.items():
        if names := list(_header_names(route, dialect, status)):
            response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {str(status): response for status, response in found.items()}


def _header_names(route: Route, dialect: Dialect, status: int) -> Iterator[str]:
    if status == 304 or (route.tagged and route.method != "DELETE" and status == route.status):
        yield "ETag"
    if status == 401:
        yield "WWW-Authenticate"
    if status in (429, 503):
        yield "Retry-After"
    if route.scope == "shared":
        return
    if route.scope is not None and status not in _ANYBODYS:
        yield from ("RateLimit-Policy", "RateLimit", *dialect.headers)
    elif route.scope is not None and status == 431:
        yield from dialect.headers


def _operation(route: Route, dialect: Dialect) -> dict[str, Any]:
    found: dict[str, Any] = {
        "tags": [dialect.name],
        "summary": route.summary,
        "description": route.description,
        "operationId": route.handler.__name__,
    }
    if parameters := [*route.parameters, *headers_sent(route)]:
        found["parameters"] = [_parameter(each) for each in parameters]
    if route.body is not None:
        found["requestBody"] = {"content": _json(route.body, route.sent), "required": True}
    if route.upload:
        form = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
        found["requestBody"] = {"content": {"multipart/form-data": {"schema": form}}, "required": True}
    found["responses"] = _responses(route, dialect)
    if route.scope is None:
        return {**found, "security": []}
    if route.scope == "shared":
        return {**found, "security": [{"sharedView": []}], "x-scope": route.scope}
    return {**found, "security": [{name: []} for name in dialect.security], "x-scope": route.scope}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


def headers_sent(route: Route) -> Iterator[Parameter]:
    """Request headers that the route reads, besides the key."""
    if route.creates:
        says = "Repeated within a day with the same body, it is answered as the first time, and nothing is made twice."
        yield Parameter(idempotency.HEADER, "header", says, {**_TEXT, "maxLength": idempotency.LONGEST})
    if route.tagged and route.method == "GET":
        yield Parameter("If-None-Match", "header", "An `ETag` of this path: 304 if it still has it.", _TEXT)
    elif route.tagged and not route.creates:
        yield Parameter("If-Match", "header", "An `ETag` of this path: 412 if it has it no longer.", _TEXT)


def key_headers(dialect: Dialect) -> set[str]:
    """Headers other than Authorization in which the dialect takes a key."""
    return {SECURITY[scheme]["name"] for scheme in dialect.security if SECURITY[scheme]["type"] == "apiKey"}


def _schemas(dialects: Sequence[Dialect]) -> dict[str, Any]:
    routes = [route for dialect in dialects for route in dialect.routes]
    shapes = {shape for route in routes for shape in (route.answer, route.body)} | {each.error for each in dialects}
    found = {**json_schema.components(shapes - {None}), **content_schema.components()}
    for route in routes:
        for name in sorted(route.ignored):
            found[route.body.__name__]["properties"][name] = {"readOnly": True, "description": "Ignored."}
    return found


def document(dialects: Sequence[Dialect], server: str) -> dict[str, Any]:
    """The whole document, as /openapi.json answers it."""
    paths: dict[str, dict[str, Any]] = {}
    for dialect in dialects:
        for route in dialect.routes:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, dialect)
    own_headers = {
        name: {"description": says, "schema": _WHOLE} for dialect in dialects for name, says in dialect.headers.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Waymark", "description": _DESCRIPTION, "version": VERSION},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": _schemas(dialects),
            "securitySchemes": SECURITY,
            "headers": HEADERS | own_headers,
        },
        "tags": [{"name": dialect.name, "description": dialect.about} for dialect in dialects],
    }
