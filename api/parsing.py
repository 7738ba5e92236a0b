"""Parse the body of a request: strict JSON, then the struct of the route. What does not fit is a 400 that names the
field.

Python's own parser accepts NaN, lets the last of two equal names win and keeps half of a surrogate pair, which no later
step can encode. Two parsers could read such a body differently, so it is refused.
"""

import asyncio
import codecs
import json
import math
import re
from collections.abc import Callable, Collection
from typing import Any, NoReturn, TypeVar

import msgspec
from starlette.requests import Request

from api.problems import Problem, invalid

Parsed = TypeVar("Parsed")
Shape = TypeVar("Shape", bound=msgspec.Struct)

MAX_DEPTH = 32
# A larger body is parsed in a thread, so that the event loop goes on.
LARGE = 32 * 1024
_INT64 = 2**63
_WHOLE_DECIMAL = re.compile(r"(-?[0-9]{1,15})\.0+", re.ASCII)
# A name that a client made up is repeated to it up to this length.
_MAX_NAME = 64
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
_LOCATION = re.compile(r" - at `\$\.(?P<field>\w+)(?P<inside>[^`]*)`$")
_NAMED = re.compile(r"\.\w")


class _Invalid:
    """Marks an invalid part of the parsed value, so that its field can be named."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


class _DuplicateName(_Invalid):
    """Marks an object that has one name twice."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__("has a name that stands twice in one object")
        self.name = name


def _integer(text: str) -> int | _Invalid:
    if len(text) > 20 or not -_INT64 <= (number := int(text)) < _INT64:
        return _Invalid("is a number too large to keep")
    return number


def _decimal(text: str) -> float | int | _Invalid:
    # (JSON has one kind of number; programs that have only floats write 5 as 5.0.)
    if whole := _WHOLE_DECIMAL.fullmatch(text):
        return int(whole[1])
    number = float(text)
    return number if math.isfinite(number) else _Invalid("is a number too large to keep")


def _constant(name: str) -> _Invalid:
    return _Invalid(f"is {name}, which is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Invalid:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return _DuplicateName(name)
        seen.add(name)
    return found


def _why_invalid(value: Any) -> str | None:
    """Why this value is refused, or None. Walks without recursion: the client chooses the depth."""
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, _Invalid):
            return item.why
        if isinstance(item, str) and not _encodable(item):
            return "has half of a surrogate pair, which is not text"
        if isinstance(item, dict | list):
            if depth > MAX_DEPTH:
                return f"is nested more than {MAX_DEPTH} deep"
            if isinstance(item, dict):
                if not all(map(_encodable, item)):
                    return "has a name with half of a surrogate pair, which is not text"
                item = list(item.values())
            waiting.extend((part, depth + 1) for part in item)
    return None


def _encodable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= mark <= "\udfff" for mark in text)


def _refuse_body(why: str) -> NoReturn:
    raise invalid("body", f"body {why}", "invalid_json")


def _parsed(raw: bytes, wanted: str) -> Any:
    """The JSON value in `raw`, with marks where it is invalid. Raises Problem (400)."""
    if not raw.strip(b" \t\r\n"):
        _refuse_body(f"is empty; {wanted} is expected")
    try:
        # Some editors and programs begin with a byte order mark.
        text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise invalid("body", f"body is not UTF-8 (byte {error.start})", "invalid_json") from None
    try:
        found = json.loads(
            text, parse_int=_integer, parse_float=_decimal, parse_constant=_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise invalid(
            "body", f"body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})", "invalid_json"
        ) from None
    except RecursionError:
        raise invalid("body", f"body is nested more than {MAX_DEPTH} deep", "invalid_json") from None
    if isinstance(found, _DuplicateName) and _encodable(found.name):
        raise invalid(found.name[:_MAX_NAME], f"{found.name[:_MAX_NAME]} stands twice", "invalid_json")
    if isinstance(found, _Invalid):
        _refuse_body(found.why)
    return found


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`. Raises Problem (400)."""
    found = _parsed(raw, "a JSON object")
    if not isinstance(found, dict):
        _refuse_body("is not a JSON object")
    for name, value in found.items():
        if not _encodable(name):
            _refuse_body("has a name with half of a surrogate pair, which is not text")
        if (why := _why_invalid(value)) is not None:
            raise invalid(name[:_MAX_NAME], f"{name[:_MAX_NAME]} {why}", "invalid_json")
    return found


def parse_array(raw: bytes) -> list[Any]:
    """The JSON array in `raw`, with entries of any kind. Raises Problem (400)."""
    found = _parsed(raw, "a JSON array")
    if not isinstance(found, list):
        _refuse_body("is not a JSON array")
    for at, value in enumerate(found):
        if (why := _why_invalid(value)) is not None:
            raise invalid(f"[{at}]", f"entry {at} {why}", "invalid_json")
    return found


async def read_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object, whatever its Content-Type says (clients of the reference products differ). Raises
    Problem: 400, or that of `api.middleware.limits` for a body too large or too slow."""
    return await _read(request, parse_object)


async def read_array(request: Request) -> list[Any]:
    """The body as a JSON array. Raises Problem as `read_object` does."""
    return await _read(request, parse_array)


async def _read(request: Request, parse: Callable[[bytes], Parsed]) -> Parsed:
    raw = await request.body()
    try:
        return await asyncio.to_thread(parse, raw) if len(raw) > LARGE else parse(raw)
    except Problem as problem:
        if problem.status == 400 and request.headers.get("content-encoding", "identity") != "identity":
            raise invalid("body", "body is compressed; send it as it is", "invalid_json") from None
        raise


def convert(sent: dict[str, Any], shape: type[Shape], read_only: Collection[str] = ()) -> Shape:
    """Convert `sent` to a struct. Fields in `read_only` are ignored, other unknown ones refused. Raises Problem
    (400)."""
    known = shape.__struct_fields__
    for name in sent:
        if name not in known and name not in read_only:
            raise invalid(name[:_MAX_NAME], f"{name[:_MAX_NAME]} is not a field of this", "unknown_field")
    fields = {name: value for name, value in sent.items() if name in known}
    try:
        return msgspec.convert(fields, shape)
    except msgspec.ValidationError as error:
        raise _explain(str(error), fields, shape) from None


def _in_words(kinds: str) -> str:
    """`int | null` becomes "a whole number or null"."""
    words = [_KINDS.get(kind, kind) for kind in kinds.split(" | ")]
    return " or ".join(sorted(words, key=lambda word: (word == "null", word != "text")))


def _explain(text: str, fields: dict[str, Any], shape: type[msgspec.Struct]) -> Problem:
    location = _LOCATION.search(text)
    if location is None:
        required = [field.name for field in msgspec.structs.fields(shape) if field.required]
        missing = next(name for name in required if name not in fields)
        return invalid(missing, f"{missing} is missing", "missing_field")
    field, inside = location["field"], location["inside"]
    # A field of a nested object is named in full, an entry of a plain list by the list.
    at = field + inside if _NAMED.search(inside) else field
    if mismatch := _MISMATCH.search(text):
        wanted, sent = (_in_words(mismatch[which]) for which in ("wanted", "sent"))
        return invalid(at, f"{field}{inside} must be {wanted}, not {sent}", "wrong_type")
    if absent := _MISSING.search(text):
        at = f"{field}{inside}.{absent['name']}"
        return invalid(at, f"{at} is missing", "missing_field")
    if unknown := _UNKNOWN.search(text):
        at = f"{field}{inside}.{unknown['name'][:_MAX_NAME]}"
        return invalid(at, f"{at} is not a field of this", "unknown_field")
    choices = msgspec.json.schema(shape)["$defs"][shape.__name__]["properties"][field].get("enum", [])
    return invalid(at, f"{at} must be one of: {', '.join(choices)}")
