"""`data` and `dataType`, and what they are in the domain (dialects.md 10)."""

from collections.abc import Collection
from typing import Any, Literal, get_args

from api.dialects.exaroutes import data_types, payload_parsing
from api.problems import Problem, invalid
from codes.scan_options import is_link
from qr.errors import Refused
from qr.payload import text as payload_of
from schemas import page_content
from schemas.code import Code

DataType = Literal["url", "text", "email", "wifi", "vcard", "sms", "phone", "geo"]
TYPES: tuple[DataType, ...] = get_args(DataType)
URL: DataType = "url"
# Our type → what it is here; a type that is not here reads as `url`.
_SHOWN: dict[str, DataType] = {"website": URL, "vcard_plus": "vcard", **{name: name for name in TYPES}}

Data = str | dict[str, Any]

# What each type's content is called.
_GROUPS = frozenset(field for field, _ in page_content.SHAPES.values())


def shown_type(type: str) -> DataType:
    return _SHOWN.get(type, URL)


def fields_of(data_type: str, data: Data, at: str) -> dict[str, Any]:
    """`type` with `destination` or `content`, for a new code. `at` is the field that `data` stands in. Raises Problem
    (400); whether a destination may be one, `codes` says."""
    if data_type == URL:
        return {"type": "website", "destination": _address(data, at)}
    return {"type": data_type, "content": content_of(data_type, data, at)}


def content_of(type: str, data: Data, at: str) -> dict[str, Any]:
    """The checked content of a code that shows a page. `data` is a payload, or the fields of the content: with or
    without the name of their group around them. Raises Problem (400)."""
    inner = page_content.SHAPES[type][0]
    kind = shown_type(type)
    if isinstance(data, dict):
        found = data if inner in data else {inner: data}
        _check_known(found.keys(), _GROUPS, "an object of this", at)
        if isinstance(found[inner], dict):
            found = {**found, inner: _named(kind, found[inner], at)}
    else:
        try:
            found = payload_parsing.content(kind, data)
        except payload_parsing.Unread as unread:
            raise invalid(at, f"{at} {unread}", "invalid_data") from None
    try:
        page_content.check(type, found)
        if kind in payload_parsing.TYPES:
            payload_of(type, found)
    except (page_content.BadContent, Refused) as wrong:
        field = _renamed(wrong.field, inner, at)
        raise invalid(field, f"{field} {wrong.message}", "invalid_data") from None
    return found


def _named(kind: DataType, sent: dict[str, Any], at: str) -> dict[str, Any]:
    """The parts under our names; one that is there under both keeps ours. Raises Problem for one that the type does not
    know."""
    names, known = data_types.OTHER_NAMES.get(kind, {}), data_types.parts(kind)
    found = {to: value for name, value in sent.items() if (to := names.get(name, name)) == name or to not in sent}
    if known is not None:
        _check_known(found.keys(), known, kind, at)
    return found


def _check_known(sent: Collection[str], known: Collection[str], what: str, at: str) -> None:
    """Raises Problem."""
    if unknown := sorted(set(sent) - set(known)):
        field = f"{at}.{unknown[0][:64]}"
        raise invalid(field, f"{field} is not known; {what} takes {', '.join(sorted(known))}", "unknown_field")


def changes_of(code: Code, data: Data, at: str) -> dict[str, Any]:
    """What PUT makes of a code: a link gets another destination, a page another content of the same type. Raises
    Problem: 409 for a page that no payload stands for."""
    if is_link(code.type):
        return {"destination": _address(data, at)}
    if isinstance(data, str) and shown_type(code.type) == URL:
        raise Problem(409, "not_a_link", f"a code of type {code.type} has a page and no destination", at)
    return {"content": {**(code.content or {}), **content_of(code.type, data, at)}}


def payload(code: Code, link: str) -> str:
    """What `destination` reads as. A page that no payload stands for leads to itself."""
    if is_link(code.type):
        return code.destination
    try:
        return payload_of(code.type, code.content)
    except Refused:
        return link


def static_payload(data_type: str, data: Data, at: str) -> str:
    """What a static symbol holds. A payload goes into it as it is; anything else becomes one."""
    if data_type == URL:
        address = _address(data, at)
        try:
            page_content.check(URL, {"url": address})
            return payload_of(URL, {"url": address})
        except (page_content.BadContent, Refused) as wrong:
            raise invalid(at, f"{at} {wrong.message}", "invalid_data") from None
    found = content_of(data_type, data, at)
    as_it_is = isinstance(data, str) and payload_parsing.is_payload(data_type, data)
    return str(data) if as_it_is else payload_of(data_type, found)


def _address(data: Data, at: str) -> str:
    if isinstance(data, str):
        return data
    found = data.get("url")
    if not isinstance(found, str):
        raise invalid(at, f"{at} must be an address, or an object with url", "invalid_data")
    _check_known(data.keys(), ("url",), URL, at)
    return found


def _renamed(field: str, inner: str, at: str) -> str:
    """`content.wifiContent.password` is `data.password` to whoever sent it."""
    for start in (f"content.{inner}", "content"):
        if field.startswith(start):
            return at + field[len(start) :]
    return at
