"""From the bodies of `/api/qr` to the fields that `codes` takes: for a new code, an item of a bulk, and an edit."""

from collections.abc import Collection
from typing import Any, TypeVar

import msgspec

from api.context import ApiContext
from api.dialects.exaroutes import payload_parsing, style_fields
from api.dialects.exaroutes.data_types import OTHER_NAMES, URL, Data, DataType, data_type, field_names
from api.dialects.exaroutes.schemas import SIZE, NewQrCode, QrCode
from api.parsing import convert
from api.problems import Problem, invalid
from codes.code_fields import NewCode
from codes.scan_options import is_link
from qr.errors import Refused
from qr.payload import text as payload_of
from schemas import page_content
from schemas.code import Code

SLUG_LENGTH = 8

Shape = TypeVar("Shape", bound=msgspec.Struct)


# Ignored in what is sent: clients may send back what they have read, and what only a creation takes.
READ_ONLY = frozenset({*QrCode.__struct_fields__, *NewQrCode.__struct_fields__})


def convert_known(sent: dict[str, Any], shape: type[Shape]) -> Shape:
    """The body as a struct. Unknown fields are refused, since a misspelt one would have no effect. Raises Problem
    (400)."""
    return convert(sent, shape, READ_ONLY)


async def new_code(context: ApiContext, sent: dict[str, Any], created_by: str, workspace: int) -> NewCode:
    """The new code, checked except for its destination, which `codes` checks. Raises Problem (400)."""
    new = parse_new_code(sent, created_by)
    if new.style is not None:
        await _check_drawable(context, new.style, new.image_format, workspace)
    return new


def parse_new_code(sent: dict[str, Any], created_by: str) -> NewCode:
    """The new code, checked as far as possible without a request or a picture. Raises Problem (400)."""
    body = convert_known(sent, NewQrCode)
    fields = fields_of(body.dataType, body.data, "data")
    style = style_fields.style_of(sent)
    return NewCode(**fields, slug_length=SLUG_LENGTH, style=style, image_format=body.returnType, created_by=created_by)


def without_ignored(sent: dict[str, Any]) -> dict[str, Any]:
    """The body without fields that are ignored."""
    return {name: value for name, value in sent.items() if name in NewQrCode.__struct_fields__}


async def _check_drawable(context: ApiContext, style: dict[str, Any], format: str, workspace: int) -> None:
    """Draws a link as long as the code's will be. Raises Problem for a style that could not be scanned."""
    link = f"{context.settings.short_url}/r/{'x' * SLUG_LENGTH}"
    try:
        await context.images.draw(link, style, format, SIZE.default, workspace=workspace)
    except Problem as problem:
        raise style_fields.with_sent_field(problem) from None


def with_sent_field(problem: Problem, at: str = "data") -> Problem:
    """The problem under the name of the field that was sent: `destination` of a code is `data` here."""
    if problem.field != "destination":
        return problem
    return Problem(problem.status, problem.code, problem.message, at, problem.headers)


# The field of `content` that each type reads.
_CONTENT_FIELDS = frozenset(field for field, _ in page_content.SHAPES.values())


def fields_of(type: DataType, data: Data, at: str) -> dict[str, Any]:
    """`type` and `destination` or `content` of a new code. `at` is the name of the field that holds `data`. Raises
    Problem (400); `codes` checks the destination."""
    if type == URL:
        return {"type": "website", "destination": _address(data, at)}
    return {"type": type, "content": content_of(type, data, at)}


def content_of(type: str, data: Data, at: str) -> dict[str, Any]:
    """The checked content of a code that shows a page. `data` is a payload, or an object with the fields of the
    content, bare or in the field of the type (`wifiContent`). Raises Problem (400)."""
    content_field = page_content.SHAPES[type][0]
    kind = data_type(type)
    if isinstance(data, dict):
        content = data if content_field in data else {content_field: data}
        _check_known(content.keys(), _CONTENT_FIELDS, "an object of this", at)
        if isinstance(content[content_field], dict):
            content = {**content, content_field: _our_names(kind, content[content_field], at)}
    else:
        try:
            content = payload_parsing.parse(kind, data)
        except payload_parsing.NotAPayload as error:
            raise invalid(at, f"{at} {error}", "invalid_data") from None
    try:
        page_content.check(type, content)
        if kind in payload_parsing.TYPES:
            payload_of(type, content)
    except (page_content.BadContent, Refused) as error:
        field = _sent_field(error.field, content_field, at)
        raise invalid(field, f"{field} {error.message}", "invalid_data") from None
    return content


def _our_names(kind: DataType, sent: dict[str, Any], at: str) -> dict[str, Any]:
    """The fields under our names; if both were sent, ours wins. Raises Problem for a field that the type lacks."""
    names, known = OTHER_NAMES.get(kind, {}), field_names(kind)
    fields = {to: value for name, value in sent.items() if (to := names.get(name, name)) == name or to not in sent}
    if known is not None:
        _check_known(fields.keys(), known, kind, at)
    return fields


def _check_known(sent: Collection[str], known: Collection[str], what: str, at: str) -> None:
    """Raises Problem."""
    if unknown := sorted(set(sent) - set(known)):
        field = f"{at}.{unknown[0][:64]}"
        raise invalid(field, f"{field} is not known; {what} takes {', '.join(sorted(known))}", "unknown_field")


def changes_of(code: Code, data: Data, at: str) -> dict[str, Any]:
    """The edit of a PUT: a link gets another destination, a page another content of its type. Raises Problem: 409 for a
    page whose type has no payload."""
    if is_link(code.type):
        return {"destination": _address(data, at)}
    if isinstance(data, str) and data_type(code.type) == URL:
        raise Problem(409, "not_a_link", f"a code of type {code.type} has a page and no destination", at)
    return {"content": {**(code.content or {}), **content_of(code.type, data, at)}}


def static_payload(type: DataType, data: Data, at: str) -> str:
    """What a static QR code holds: a payload as it was sent, anything else as the payload that it makes."""
    if type == URL:
        address = _address(data, at)
        try:
            page_content.check(URL, {"url": address})
            return payload_of(URL, {"url": address})
        except (page_content.BadContent, Refused) as error:
            raise invalid(at, f"{at} {error.message}", "invalid_data") from None
    content = content_of(type, data, at)
    if isinstance(data, str) and payload_parsing.is_payload(type, data):
        return data
    return payload_of(type, content)


def _address(data: Data, at: str) -> str:
    if isinstance(data, str):
        return data
    url = data.get("url")
    if not isinstance(url, str):
        raise invalid(at, f"{at} must be an address, or an object with url", "invalid_data")
    _check_known(data.keys(), ("url",), URL, at)
    return url


def _sent_field(field: str, content_field: str, at: str) -> str:
    """The field as it was sent: `content.wifiContent.password` is `data.password`."""
    for prefix in (f"content.{content_field}", "content"):
        if field.startswith(prefix):
            return at + field[len(prefix) :]
    return at
