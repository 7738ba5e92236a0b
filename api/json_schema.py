"""JSON Schemas of the wire structs, as the generators of clients need them.

msgspec's schemas are right, but leave things out on which generators differ: the type of a constant, whether a bare
object may have properties. And a `default` in what is sent makes some of them send it, though nobody asked for that.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

TEMPLATE = "#/components/schemas/{name}"

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def components(shapes: Iterable[Any]) -> dict[str, Any]:
    """Name → schema, of all structs that the shapes are made of."""
    _, found = msgspec.json.schema_components(sorted(shapes, key=str), ref_template=TEMPLATE)
    return {name: complete(schema) for name, schema in found.items()}


def reference(name: str) -> dict[str, Any]:
    return {"$ref": TEMPLATE.format(name=name)}


def complete(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema, complete in itself and in all its parts."""
    found = {name: _inside(name, part) for name, part in schema.items()}
    if "$ref" in found:
        # What is referred to says it all.
        for name in ("type", "additionalProperties"):
            found.pop(name, None)
        return found
    values = found.get("enum", ())
    default = found.pop("default", None)
    if default not in (None, "", [], {}) and len(values) != 1:
        shown = default if isinstance(default, str) else msgspec.json.encode(default).decode()
        found["description"] = f"{found.get('description', '')} Left out: `{shown}`.".strip()
    if values and len({type(value) for value in values}) == 1:
        found.setdefault("type", _TYPES[type(values[0])])
    if len(values) == 1:
        found["const"] = found.pop("enum")[0]
    if found.get("type") == "object" and not {"properties", "additionalProperties"} & found.keys():
        found["additionalProperties"] = True
    if isinstance(found.get("pattern"), str):
        # The dialect of JSON Schema has no \Z, and knows no need to escape a quote.
        found["pattern"] = found["pattern"].replace(r"\Z", "$").replace(r"\"", '"')
    return _constants_required(found, schema)


def _inside(name: str, part: Any) -> Any:
    if name in ("properties", "$defs") and isinstance(part, dict):
        return {each: complete(schema) for each, schema in part.items()}
    if name in ("items", "additionalProperties") and isinstance(part, dict):
        return complete(part)
    if name in ("anyOf", "allOf", "oneOf", "prefixItems") and isinstance(part, list):
        return [complete(schema) for schema in part]
    return part


def _constants_required(found: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A field that is always the same is always there."""
    constants = {name for name, part in found.get("properties", {}).items() if "const" in part}
    if more := constants - set(found.get("required", ())):
        found["required"] = [name for name in schema["properties"] if name in more or name in found.get("required", ())]
    return found
