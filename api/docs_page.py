"""/openapi.json, and /docs: the same for people, as one page without scripts or anything from another host."""

import html
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 6rem; }
h1 { margin-bottom: 0 } h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem }
code, pre { font: 0.875em/1.5 ui-monospace, monospace }
pre { background: var(--soft); padding: .75rem; overflow-x: auto }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
td, th { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line) }
nav li { list-style: none } nav ul { padding: 0 }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700 } a { color: inherit }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

Handler = Callable[[Request], Awaitable[Response]]


def pages(document: Callable[[], dict[str, Any]]) -> dict[str, Handler]:
    """Path → handler. Each page is made once, on its first request: that takes a tenth of a second, and the document
    never changes."""

    @cache
    def as_json() -> bytes:
        return msgspec.json.encode(document())

    @cache
    def as_html() -> bytes:
        return "".join(_page(document())).encode()

    async def openapi_json(request: Request) -> Response:
        return Response(as_json(), media_type="application/json")

    async def docs(request: Request) -> Response:
        return Response(as_html(), media_type="text/html", headers={"Content-Security-Policy": _POLICY})

    return {"/openapi.json": openapi_json, "/docs": docs}


def _text(text: str) -> str:
    """Escape text; backquotes become <code>."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _page(document: dict[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>{_text(info['title'])} API</title>"
    yield f"<meta name=viewport content='width=device-width, initial-scale=1'><style>{_STYLE}</style>"
    yield f"<h1>{_text(info['title'])} API</h1><p>{_text(info['description'])}</p>"
    yield f"<p>Base address: <code>{_text(document['servers'][0]['url'])}</code>. "
    yield "For programs: <a href='/openapi.json'>openapi.json</a>.</p><nav><ul>"
    for method, path, operation in _operations(document):
        yield f"<li><a href='#{operation['operationId']}'><code>{_call(method, path)}</code></a> "
        yield f"{_text(operation['summary'])}</li>"
    yield "</ul></nav>"
    for method, path, operation in _operations(document):
        yield from _operation(document, method, path, operation)
    yield "<h2>Shapes</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield f"<h3 id='shape-{name}'>{name}</h3><p>{_text(schema.get('description', ''))}</p>"
        yield from _fields(schema)


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<h2 id='{operation['operationId']}'>{_text(operation['summary'])}</h2>"
    yield f"<p><code>{_call(method, path)}</code></p><p>{_text(operation['description'])}</p>"
    scope = operation.get("x-scope")
    yield f"<p>Needs a key with the scope <code>{scope}</code>.</p>" if scope else "<p>Needs no key.</p>"
    yield f"<pre>{html.escape(_curl(document, method, path, operation))}</pre>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>Parameter<th>Type<th>Meaning</tr>"
        for each in parameters:
            yield f"<tr><td><code>{each['name']}</code> ({each['in']})<td>{_type(each['schema'])}"
            yield f"<td>{_text(each['description'])}</tr>"
        yield "</table>"
    if body := operation.get("requestBody"):
        shape = body["content"].get("application/json")
        yield f"<p>Body: {_type(shape['schema']) if shape else 'a form with a part <code>file</code>'}</p>"
    yield "<table><tr><th>Answer<th>Shape<th>Meaning</tr>"
    for status, response in operation["responses"].items():
        yield f"<tr><td><code>{status}</code><td>{_shape(response)}<td>{_text(response['description'])}</tr>"
    yield "</table>"
    for response in operation["responses"].values():
        if example := response.get("content", {}).get("application/json", {}).get("example"):
            yield f"<pre>{html.escape(json.dumps(example, indent=2, ensure_ascii=False))}</pre>"


def _shape(response: dict[str, Any]) -> str:
    content = response.get("content", {})
    if "application/json" in content:
        return _type(content["application/json"]["schema"])
    return ", ".join(f"<code>{media}</code>" for media in content) or "no body"


def _call(method: str, path: str) -> str:
    return f"<span class=method>{method}</span>{_text(path)}"


def _curl(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    verb = "" if method == "GET" else f"-X {method} "
    lines = [f"curl {verb}{document['servers'][0]['url']}{path}"]
    if "x-scope" in operation:
        lines.append('-H "Authorization: Bearer $WAYMARK_KEY"')
    body = operation.get("requestBody")
    if body and "multipart/form-data" in body["content"]:
        lines.append("-F file=@picture.png")
    elif body:
        example = body["content"]["application/json"].get("example", {})
        lines += ['-H "Content-Type: application/json"', f"-d '{json.dumps(example, ensure_ascii=False)}'"]
    return " \\\n  ".join(lines)


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    required = schema.get("required", [])
    yield "<table><tr><th>Field<th>Type<th>Meaning</tr>"
    for name, field in schema.get("properties", {}).items():
        mark = "" if name in required else " (may be left out)"
        yield f"<tr><td><code>{name}</code>{mark}<td>{_type(field)}<td>{_text(field.get('description', ''))}</tr>"
    yield "</table>"


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"<a href='#shape-{name}'>{name}</a>"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"<code>{html.escape(json.dumps(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{html.escape(json.dumps(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {}))}"
    return html.escape(str(schema.get("type", "anything")))
