"""The fields of a code as arguments of a tool: all that `/v1` takes, in the words of its own document.

Assistants often send null for what they were not told to change, so null means left out here; what is to be emptied is
named in `clear`.
"""

from functools import cache
from typing import Any

import msgspec

from api import content_schema, json_schema
from api.dialects.openqr.schemas import NewDynamicCode
from qr.style import Style
from schemas import page_content

_START = json_schema.TEMPLATE.format(name="")
_STYLE = f"How the QR code is drawn: any of {', '.join(Style.__struct_fields__)}."


@cache
def fields() -> dict[str, dict[str, Any]]:
    """Name → JSON Schema, complete in itself."""
    found = json_schema.components([NewDynamicCode])
    described = {name: _inline(schema, found) for name, schema in found[NewDynamicCode.__name__]["properties"].items()}
    described["style"] |= {"description": _STYLE}
    described["content"] |= {"description": f"What the page shows, by the code's type: {_contents()}."}
    return described


@cache
def clearable() -> tuple[str, ...]:
    """Those that PATCH empties by null."""
    schema = json_schema.components([NewDynamicCode])[NewDynamicCode.__name__]
    return tuple(name for name, part in schema["properties"].items() if {"type": "null"} in part.get("anyOf", ()))


def given(sent: dict[str, Any]) -> dict[str, Any]:
    """What a tool was sent, as the API takes it. Some assistants send lists and objects as JSON in a text."""
    return {name: _parsed(name, value) for name, value in sent.items() if value is not None}


def _parsed(name: str, value: Any) -> Any:
    if not isinstance(value, str) or fields().get(name, {}).get("type") not in ("array", "object"):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        # The API says what it should be.
        return value


def _inline(schema: Any, found: dict[str, Any]) -> Any:
    """Without references and without null."""
    if isinstance(schema, list):
        return [_inline(part, found) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_START)
        whole = {"type": "object"} if name == content_schema.NAME else _inline(found[name], found)
        return {**whole, **{key: value for key, value in schema.items() if key != "$ref"}}
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) == 1:
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**_inline(choices[0], found), **_inline(rest, found)}
    return {key: _inline(part, found) for key, part in schema.items() if key != "title"}


def _contents() -> str:
    """In a few lines what the document has on pages: an assistant reads it before each conversation."""
    types: dict[str, list[str]] = {}
    for type, (field, shape) in page_content.SHAPES.items():
        parts = getattr(shape, "__struct_encode_fields__", ())
        what = f"{field} {{{', '.join(parts)}}}" if parts else field
        types.setdefault(what, []).append(type)
    return "; ".join(f"{', '.join(of)}: {what}" for what, of in types.items())
