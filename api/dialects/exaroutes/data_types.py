"""`data` as an object: the parts that each type of code takes, under our names and other usual ones."""

from typing import Any

import msgspec

from api import json_schema
from schemas import page_content

# Other common names of what a payload's object holds.
OTHER_NAMES = {
    "wifi": {"ssid": "network_name"},
    "geo": {"lat": "latitude", "lng": "longitude", "lon": "longitude"},
    "vcard": {"firstName": "first_name", "lastName": "last_name", "jobTitle": "job_title", "workPhone": "work_phone"},
}
# What a payload has that no page shows.
_MORE = {"vcard": {"version"}}
TYPES = ("url", "text", "email", "wifi", "vcard", "sms", "phone", "geo")


def parts(type: str) -> frozenset[str] | None:
    """The names that the object of a type may have, in its group or without that; None where it holds one text."""
    shape = page_content.SHAPES[type][1]
    names = getattr(shape, "__struct_encode_fields__", None)
    return None if names is None else frozenset(names) | _MORE.get(type, set())


def schema() -> dict[str, Any]:
    """All of them together: which are meant follows from `dataType`."""
    properties: dict[str, Any] = {}
    for type in TYPES:
        field, shape = page_content.SHAPES[type]
        ((found,), components) = msgspec.json.schema_components([shape], ref_template=json_schema.TEMPLATE)
        if parts(type) is None:
            properties.setdefault(field, {"type": "string", "description": f"Of `{type}`."})
            continue
        inner = components[found["$ref"].rpartition("/")[2]]["properties"]
        for name, said in inner.items():
            told = {"description": f"Of `{type}`.", "type": _type(said)}
            properties.setdefault(name, {key: value for key, value in told.items() if value is not None})
        for name, to in OTHER_NAMES.get(type, {}).items():
            properties[name] = {**properties[to], "description": f"Another name of `{to}`."}
    return {"type": "object", "properties": properties, "additionalProperties": True}


def _type(said: dict[str, Any]) -> str | None:
    """Its type where it has one alone, besides null."""
    kinds = {each.get("type") for each in said.get("anyOf", [said])} - {"null"}
    (kind,) = kinds if len(kinds) == 1 else (None,)
    return kind
