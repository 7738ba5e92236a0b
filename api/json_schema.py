"""JSON Schemas of the wire structs, as generators of clients need them.

msgspec's schemas are right, but leave out details on which generators differ: the type of a constant, whether a bare
object may have properties. And some generators send a `default` that nobody asked for.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

TEMPLATE = "#/components/schemas/{name}"

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def components(shapes: Iterable[Any]) -> dict[str, Any]:
    """Name → schema, of all structs in the shapes."""
    _, found = msgspec.json.schema_components(sorted(shapes, key=str), ref_template=TEMPLATE)
    return {name: complete(schema) for name, schema in found.items()}


def reference(name: str) -> dict[str, Any]:
    return {"$ref": TEMPLATE.format(name=name)}


def complete(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with all its parts completed."""
    found = {name: _inside(name, part) for name, part in schema.items()}
    if "$ref" in found:
        # The reference has all of it.
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
        # Regular expressions of JSON Schema have no \Z and do not escape quotes.
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
    """Fields with a constant value are required."""
    constants = {name for name, part in found.get("properties", {}).items() if "const" in part}
    if more := constants - set(found.get("required", ())):
        found["required"] = [name for name in schema["properties"] if name in more or name in found.get("required", ())]
    return found
