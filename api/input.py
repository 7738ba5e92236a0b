"""From what a client sent to what a route asked for. Whatever does not fit is a 400 that names the field."""

import re
from collections.abc import Collection
from typing import Any, TypeVar

import msgspec

from api.problems import Problem, invalid

Shape = TypeVar("Shape", bound=msgspec.Struct)

# A name that a client made up is repeated to it, but not at any length.
_SHOWN = 64
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "an array",
    "object": "an object",
}
_MISMATCH = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<sent>[^`]+)`")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_UNKNOWN = re.compile(r"contains unknown field `(?P<name>.*)` - at", re.DOTALL)
_PLACE = re.compile(r" - at `\$\.(?P<field>\w+)(?P<inside>[^`]*)`$")
_NAMED = re.compile(r"\.\w")


def convert(sent: dict[str, Any], shape: type[Shape], read_only: Collection[str] = ()) -> Shape:
    """`sent` as a `shape`. Fields in `read_only` are ignored, others that it does not know are refused.
    Raises Problem (400)."""
    known = shape.__struct_fields__
    for name in sent:
        if name not in known and name not in read_only:
            raise invalid(name[:_SHOWN], f"{name[:_SHOWN]} is not a field of this", "unknown_field")
    given = {name: value for name, value in sent.items() if name in known}
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        raise _explain(str(error), given, shape) from None


def _in_words(kinds: str) -> str:
    """`int | null` is a whole number or null."""
    words = [_KINDS.get(kind, kind) for kind in kinds.split(" | ")]
    return " or ".join(sorted(words, key=lambda word: (word == "null", word != "text")))


def _explain(text: str, given: dict[str, Any], shape: type[msgspec.Struct]) -> Problem:
    place = _PLACE.search(text)
    if place is None:
        required = [field.name for field in msgspec.structs.fields(shape) if field.required]
        missing = next(name for name in required if name not in given)
        return invalid(missing, f"{missing} is missing", "missing_field")
    field, inside = place["field"], place["inside"]
    # A part of a part is named in full, an entry of a plain list by the list.
    at = field + inside if _NAMED.search(inside) else field
    if mismatch := _MISMATCH.search(text):
        wanted, sent = (_in_words(mismatch[which]) for which in ("wanted", "sent"))
        return invalid(at, f"{field}{inside} must be {wanted}, not {sent}", "wrong_type")
    if absent := _MISSING.search(text):
        at = f"{field}{inside}.{absent['name']}"
        return invalid(at, f"{at} is missing", "missing_field")
    if unknown := _UNKNOWN.search(text):
        at = f"{field}{inside}.{unknown['name'][:_SHOWN]}"
        return invalid(at, f"{at} is not a field of this", "unknown_field")
    choices = msgspec.json.schema(shape)["$defs"][shape.__name__]["properties"][field].get("enum", [])
    return invalid(at, f"{at} must be one of: {', '.join(choices)}")
