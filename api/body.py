"""Reading JSON from a request, strictly: what two parsers could understand differently is refused.

Python's own parser takes NaN, lets the last of two equal names win and keeps half surrogate pairs,
which no later step can write down again. Here each becomes a 400 that names the field it stands in.
"""

import asyncio
import codecs
import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from starlette.requests import Request

from api.problems import Problem, invalid

Parsed = TypeVar("Parsed")

MAX_DEPTH = 32
# A body above this is parsed beside the event loop, which others are waiting for.
LARGE = 32 * 1024
_WHOLE = 2**63
_WHOLE_DECIMAL = re.compile(r"(-?[0-9]{1,15})\.0+", re.ASCII)


class _Wrong:
    """Stands in the parsed value where something was wrong with it, so that its field can be named."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


class _Twice(_Wrong):
    """An object in which one name stands twice."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__("has a name that stands twice in one object")
        self.name = name


def _whole(text: str) -> int | _Wrong:
    if len(text) > 20 or not -_WHOLE <= (number := int(text)) < _WHOLE:
        return _Wrong("is a number too large to keep")
    return number


def _decimal(text: str) -> float | int | _Wrong:
    # (JSON has one kind of number: programs that have only floating ones write 5 so.)
    if whole := _WHOLE_DECIMAL.fullmatch(text):
        return int(whole[1])
    number = float(text)
    return number if math.isfinite(number) else _Wrong("is a number too large to keep")


def _constant(name: str) -> _Wrong:
    return _Wrong(f"is {name}, which is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Wrong:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return _Twice(name)
        seen.add(name)
    return found


def _fault(value: Any) -> str | None:
    """Why this value cannot be taken, or None. Walks without recursion: the depth is the client's choice."""
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, _Wrong):
            return item.why
        if isinstance(item, str) and not _writable(item):
            return "has half of a surrogate pair, which is not text"
        if isinstance(item, dict | list):
            if depth > MAX_DEPTH:
                return f"is nested more than {MAX_DEPTH} deep"
            if isinstance(item, dict):
                if not all(map(_writable, item)):
                    return "has a name with half of a surrogate pair, which is not text"
                item = list(item.values())
            waiting.extend((part, depth + 1) for part in item)
    return None


def _writable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= mark <= "\udfff" for mark in text)


def _refuse(why: str) -> NoReturn:
    raise invalid("body", f"body {why}", "invalid_json")


def _parsed(raw: bytes, wanted: str) -> Any:
    """The JSON value in `raw`, with marks where it holds what cannot be taken. Raises Problem (400)."""
    if not raw.strip(b" \t\r\n"):
        _refuse(f"is empty; {wanted} is expected")
    try:
        # With a byte order mark, as some editors and programs begin what they write.
        text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise invalid("body", f"body is not UTF-8 (byte {error.start})", "invalid_json") from None
    try:
        found = json.loads(
            text, parse_int=_whole, parse_float=_decimal, parse_constant=_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise invalid(
            "body", f"body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})", "invalid_json"
        ) from None
    except RecursionError:
        raise invalid("body", f"body is nested more than {MAX_DEPTH} deep", "invalid_json") from None
    if isinstance(found, _Twice) and _writable(found.name):
        raise invalid(found.name[:64], f"{found.name[:64]} stands twice", "invalid_json")
    if isinstance(found, _Wrong):
        _refuse(found.why)
    return found


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`. Raises Problem (400)."""
    found = _parsed(raw, "a JSON object")
    if not isinstance(found, dict):
        _refuse("is not a JSON object")
    for name, value in found.items():
        if not _writable(name):
            _refuse("has a name with half of a surrogate pair, which is not text")
        if (why := _fault(value)) is not None:
            raise invalid(name[:64], f"{name[:64]} {why}", "invalid_json")
    return found


def parse_array(raw: bytes) -> list[Any]:
    """The JSON array in `raw`, of whatever its entries are. Raises Problem (400)."""
    found = _parsed(raw, "a JSON array")
    if not isinstance(found, list):
        _refuse("is not a JSON array")
    for at, value in enumerate(found):
        if (why := _fault(value)) is not None:
            raise invalid(f"[{at}]", f"entry {at} {why}", "invalid_json")
    return found


async def read_object(request: Request) -> dict[str, Any]:
    """The request's body as a JSON object, whatever its Content-Type says (the document's own clients
    differ). Raises Problem: 400, or what `api.middleware.limits` raises on a body too large or too slow."""
    return await _read(request, parse_object)


async def read_array(request: Request) -> list[Any]:
    """The same for a body that is a JSON array."""
    return await _read(request, parse_array)


async def _read(request: Request, parse: Callable[[bytes], Parsed]) -> Parsed:
    raw = await request.body()
    try:
        return await asyncio.to_thread(parse, raw) if len(raw) > LARGE else parse(raw)
    except Problem as problem:
        if problem.status == 400 and request.headers.get("content-encoding", "identity") != "identity":
            raise invalid("body", "body is compressed; send it as it is", "invalid_json") from None
        raise
