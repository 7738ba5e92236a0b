"""What a payload says, as the `content` of its type: a scanner's side of `qr.payload`.

Each reader takes a whole payload (`WIFI:…`, `BEGIN:VCARD…`, `tel:…`), or what people write in its place (a number, an
address), and raises Unread where it finds neither. What a content has no field for is left out.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

from api.dialects.exaroutes import cards

Content = dict[str, Any]

_field = re.compile(r"([A-Za-z0-9-]+):((?:[^\\;]|\\.)*)(?:;|\Z)", re.DOTALL)
_point = re.compile(r"([+-]?[0-9]{1,3}(?:\.[0-9]{1,15})?)\s*,\s*([+-]?[0-9]{1,3}(?:\.[0-9]{1,15})?)", re.ASCII)


class Unread(ValueError):
    """The text is no payload of this type. Says what one looks like."""


def content(type: str, text: str) -> Content:
    """The content that a code of this type (one of `TYPES`) needs, not yet checked by `schemas.page_content`."""
    return _READERS[type](text)


def is_payload(type: str, text: str) -> bool:
    """Whether a scanner would take the text for one of this type as it is."""
    return text[:16].lower().startswith(_STARTS[type])


def _after(text: str, *schemes: str) -> str | None:
    """What follows one of the schemes, else None."""
    scheme, colon, rest = text.strip().partition(":")
    return rest if colon and scheme.lower() in schemes else None


def _plain(text: str) -> Content:
    return {"text": text}


def _phone(text: str) -> Content:
    rest = _after(text, "tel")
    return {"phone": text.strip() if rest is None else unquote(rest.partition(";")[0])}


def _geo(text: str) -> Content:
    rest = _after(text, "geo")
    place, _, query = (text if rest is None else rest).strip().partition("?")
    # A height and parameters may follow; neither is shown.
    point = _point.match(place)
    if point is None or (point.end() < len(place) and place[point.end()] not in ",;"):
        raise Unread("must be a point, geo:51.5074,-0.1278, or an object with latitude and longitude")
    found: Content = {"latitude": float(point[1]), "longitude": float(point[2])}
    searched = dict(parse_qsl(query)).get("q", "")
    if label := re.fullmatch(r"[^()]*\((.+)\)", searched, re.DOTALL):
        found["label"] = label[1]
    return {"geoContent": found}


def _email(text: str) -> Content:
    if (rest := _after(text, "matmsg")) is not None:
        said = fields(rest)
        parts = {"email": said.get("TO", ""), "subject": said.get("SUB", ""), "body": said.get("BODY", "")}
    else:
        rest = _after(text, "mailto")
        to, _, query = (text.strip() if rest is None else rest).partition("?")
        # A plus is a plus in a mailto.
        said = {name.lower(): value for name, value in parse_qsl(query.replace("+", "%2B"))}
        parts = {"email": unquote(to), "subject": said.get("subject", ""), "body": said.get("body", "")}
    parts["body"] = parts["body"].replace("\r\n", "\n")
    return {"emailContent": {name: value for name, value in parts.items() if value or name == "email"}}


def _sms(text: str) -> Content:
    if (rest := _after(text, "smsto", "mmsto")) is not None:
        number, _, message = rest.partition(":")
    else:
        rest = _after(text, "sms", "mms")
        number, _, query = (text.strip() if rest is None else rest).partition("?")
        message = dict(parse_qsl(query.replace("+", "%2B"))).get("body", "")
        number = unquote(number)
    return {"smsContent": {"number": number, "message": message}}


def _wifi(text: str) -> Content:
    rest = _after(text, "wifi")
    if rest is None:
        raise Unread("must be a network, WIFI:T:WPA;S:name;P:password;;, or an object with network_name and encryption")
    said = fields(rest)
    found: Content = {"network_name": said.get("S", ""), "encryption": said.get("T", "") or "nopass"}
    if said.get("P"):
        found["password"] = said["P"]
    if said.get("H", "").lower() == "true":
        found["hidden"] = True
    return {"wifiContent": found}


def _vcard(text: str) -> Content:
    if (rest := _after(text, "mecard")) is not None:
        found = cards.of_mecard(fields(rest))
    elif text.lstrip()[:11].upper() == "BEGIN:VCARD":
        found = cards.of_vcard(text)
    else:
        raise Unread("must be a contact, BEGIN:VCARD…, or an object with first_name and last_name")
    return {"vCardContent": found}


def fields(text: str) -> dict[str, str]:
    """`S:a name;P:pass\\;word;;` by name. The first of several with one name counts."""
    found: dict[str, str] = {}
    for name, value in _field.findall(text):
        found.setdefault(name.upper(), _bare(value))
    return found


def _bare(value: str) -> str:
    """Quotes around a value say that it is no hexadecimal number."""
    if len(value) > 1 and value[0] == value[-1] == '"' and not value.endswith('\\"'):
        value = value[1:-1]
    return cards.unescaped(value)


_READERS: dict[str, Callable[[str], Content]] = {
    "text": _plain,
    "phone": _phone,
    "geo": _geo,
    "email": _email,
    "sms": _sms,
    "wifi": _wifi,
    "vcard": _vcard,
}
_STARTS: dict[str, tuple[str, ...]] = {
    "text": ("",),
    "phone": ("tel:",),
    "geo": ("geo:",),
    "email": ("mailto:", "matmsg:"),
    "sms": ("sms:", "smsto:", "mms:", "mmsto:"),
    "wifi": ("wifi:",),
    "vcard": ("begin:vcard", "mecard:"),
}
TYPES = frozenset(_READERS)
