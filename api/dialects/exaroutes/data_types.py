"""`dataType`, and the fields that `data` as an object may have (dialects.md 10)."""

from typing import Any, Literal, get_args

import msgspec

from api import json_schema
from schemas import page_content

DataType = Literal["url", "text", "email", "wifi", "vcard", "sms", "phone", "geo"]
TYPES: tuple[DataType, ...] = get_args(DataType)
URL: DataType = "url"
Data = str | dict[str, Any]
# The type of a code → its name here; other types read as `url`.
_NAMES: dict[str, DataType] = {"website": URL, "vcard_plus": "vcard", **{name: name for name in TYPES}}


# Other common names of fields.
OTHER_NAMES = {
    "wifi": {"ssid": "network_name"},
    "geo": {"lat": "latitude", "lng": "longitude", "lon": "longitude"},
    "vcard": {"firstName": "first_name", "lastName": "last_name", "jobTitle": "job_title", "workPhone": "work_phone"},
}
# Fields of a payload that no page shows.
_PAYLOAD_ONLY = {"vcard": {"version"}}


def data_type(type: str) -> DataType:
    """The `dataType` of a code of this type."""
    return _NAMES.get(type, URL)


def field_names(type: str) -> frozenset[str] | None:
    """The names of the fields that the object of a type may have; None for a type that holds a single text."""
    shape = page_content.SHAPES[type][1]
    names = getattr(shape, "__struct_encode_fields__", None)
    return None if names is None else frozenset(names) | _PAYLOAD_ONLY.get(type, set())


def data_schema() -> dict[str, Any]:
    """The JSON schema of all types together; `dataType` decides which fields count."""
    properties: dict[str, Any] = {}
    for type in TYPES:
        field, shape = page_content.SHAPES[type]
        ((found,), components) = msgspec.json.schema_components([shape], ref_template=json_schema.TEMPLATE)
        if field_names(type) is None:
            properties.setdefault(field, {"type": "string", "description": f"Of `{type}`."})
            continue
        inner = components[found["$ref"].rpartition("/")[2]]["properties"]
        for name, field_schema in inner.items():
            described = {"description": f"Of `{type}`.", "type": _json_type(field_schema)}
            properties.setdefault(name, {key: value for key, value in described.items() if value is not None})
        for name, to in OTHER_NAMES.get(type, {}).items():
            properties[name] = {**properties[to], "description": f"Another name of `{to}`."}
    return {"type": "object", "properties": properties, "additionalProperties": True}


def _json_type(schema: dict[str, Any]) -> str | None:
    """Its only type besides null, else None."""
    kinds = {each.get("type") for each in schema.get("anyOf", [schema])} - {"null"}
    (kind,) = kinds if len(kinds) == 1 else (None,)
    return kind
