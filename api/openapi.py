"""The OpenAPI document, made from the dialects' tables of routes: what is documented is what is served."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import content_schema, json_schema
from api.dialect import Dialect, Route
from api.parameters import Parameter

# What any route can answer, whatever it does.
ALWAYS = (401, 403, 408, 413, 429, 431, 500, 503)
_SAYS = {
    400: "Something in the input cannot be taken; the answer says what.",
    401: "No API key, or one that is wrong, revoked or expired.",
    402: "The workspace has reached a limit of its plan.",
    403: "The key's scope, or the workspace's plan, does not allow this.",
    404: "There is no such thing in this workspace.",
    405: "The path is served, but not with this method; `Allow` has those it takes.",
    408: "The body did not arrive in time.",
    409: "It is taken, locked, still being done, or not of the kind that this can be done to.",
    410: "It was there, and is no longer.",
    412: "The code is no longer as `If-Match` says.",
    413: "The body is larger than this route takes: 1 MB where nothing else is said.",
    422: "Something in the input cannot be taken; or this Idempotency-Key was sent with another request.",
    429: "More often than the workspace's plan allows, or wrong keys too often; `Retry-After` says when to try again.",
    431: "The headers are larger than 15 KB.",
    500: "A fault of Waymark's own.",
    503: "A part that Waymark needs is away; `Retry-After` says when to try again.",
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
        "description": "The same key in a header of its own; where both are sent, the bearer's is looked at.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of `POST /api/v1/token/`: it may do what its key may, for 15 minutes.",
    },
}
_TEXT = {"type": "string"}
_WHOLE = {"type": "integer"}
HEADERS = {
    "ETag": {"description": "What the code is now; for `If-Match` and `If-None-Match`.", "schema": _TEXT},
    "RateLimit-Policy": {"description": "`q` calls of a key in `w` seconds.", "schema": _TEXT},
    "RateLimit": {"description": "`r` of them are left for `t` seconds.", "schema": _TEXT},
    "Retry-After": {"description": "Seconds until it is worth trying again.", "schema": _WHOLE},
    "WWW-Authenticate": {"description": "How to say who is asking: `Bearer`.", "schema": _TEXT},
}
# Headers that a page may read in a browser; what else is in an answer is in its body.
SHOWN = frozenset({*HEADERS, "Allow", "Content-Disposition"})
# Answers that may come before it is known who is asking.
_ANYBODYS = frozenset({401, 408, 431, 503})


@cache
def reference(shape: Any) -> dict[str, Any]:
    """The schema of a struct, or of a list of them. Asked for each status of each route, and slow to make."""
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=json_schema.TEMPLATE)
    return schema


def _json(shape: Any) -> dict[str, Any]:
    return {"application/json": {"schema": reference(shape)}}


def problems(route: Route, dialect: Dialect) -> set[int]:
    """The statuses of all problems that a route can answer."""
    found = {*route.problems, *ALWAYS, *dialect.problems}
    if route.scope is not None and route.scope != "read":
        found.add(402)
    if route.creates:
        found |= {400, 409, 422}
    if route.tagged and route.method != "GET":
        found.add(412)
    if dialect.invalid_status != 400 and 400 in found:
        found = found - {400} | {dialect.invalid_status}
    return found


def responses(route: Route, dialect: Dialect) -> dict[int | str, dict[str, Any]]:
    """Every status that a route can answer, and in which shape."""
    found: dict[int | str, dict[str, Any]] = {route.status: {"description": "As asked."}}
    if route.media:
        binary = {"schema": {"type": "string", "format": "binary"}}
        found[route.status]["content"] = dict.fromkeys(route.media, binary)
    elif route.answer is not None:
        found[route.status]["content"] = _json(route.answer)
    if route.tagged and route.method == "GET":
        found[304] = {"description": "The code is still what `If-None-Match` says."}
    for status in sorted(problems(route, dialect)):
        found[status] = {"description": _SAYS[status], "content": _json(dialect.error)}
    for answered, response in found.items():
        if names := list(_header_names(route, dialect, int(answered))):
            response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return found


def _header_names(route: Route, dialect: Dialect, status: int) -> Iterator[str]:
    if status == 304 or (route.tagged and route.method != "DELETE" and status == route.status):
        yield "ETag"
    if status == 401:
        yield "WWW-Authenticate"
    if status in (429, 503):
        yield "Retry-After"
    if route.scope is not None and status not in _ANYBODYS:
        yield from ("RateLimit-Policy", "RateLimit", *dialect.headers)
    elif route.scope is not None and status == 431:
        yield from dialect.headers


def operation(route: Route, dialect: Dialect) -> dict[str, Any]:
    """The parts of an operation that FastAPI would read off a function's signature."""
    found: dict[str, Any] = {"security": [{name: []} for name in dialect.security], "x-scope": route.scope}
    if route.scope is None:
        found = {"security": []}
    if parameters := [*route.parameters, *headers_sent(route)]:
        found["parameters"] = [
            {
                "name": each.name,
                "in": each.where,
                "required": each.where == "path",
                "description": each.description,
                "schema": dict(each.schema),
            }
            for each in parameters
        ]
    if route.body is not None:
        found["requestBody"] = {"required": True, "content": _json(route.body)}
    if route.upload:
        form = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return found


def headers_sent(route: Route) -> Iterator[Parameter]:
    """Those that mean something to it, besides the key."""
    text = {"type": "string"}
    if route.creates:
        says = (
            "Sent again within a day with the same body, it is answered as the first time, and nothing is made twice."
        )
        yield Parameter("Idempotency-Key", "header", says, {**text, "maxLength": 255})
    if route.tagged and route.method == "GET":
        yield Parameter("If-None-Match", "header", "An `ETag` of this code: 304 if it still has it.", text)
    elif route.tagged and not route.creates:
        yield Parameter("If-Match", "header", "An `ETag` of this code: 412 if it has it no longer.", text)


def key_headers(dialect: Dialect) -> set[str]:
    """The headers of its own in which it takes a key."""
    return {SECURITY[way]["name"] for way in dialect.security if SECURITY[way]["type"] == "apiKey"}


def _complete(operation: dict[str, Any], route: Route, schemas: dict[str, Any]) -> None:
    """What FastAPI would lose: nulls in examples, and fields that are let in and ignored."""
    if route.answer is not None and not route.media:
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
    schemas = {**json_schema.components(shapes), **content_schema.components()}
    for dialect in dialects:
        for route in dialect.routes:
            _complete(found["paths"][route.path][route.method.lower()], route, schemas)
    components = found.setdefault("components", {})
    components["schemas"] = {**components.get("schemas", {}), **schemas}
    components["securitySchemes"] = SECURITY
    theirs = {name: says for dialect in dialects for name, says in dialect.headers.items()}
    components["headers"] = HEADERS | {name: {"description": says, "schema": _WHOLE} for name, says in theirs.items()}
    found["tags"] = [{"name": dialect.name, "description": dialect.about} for dialect in dialects]
    return found
