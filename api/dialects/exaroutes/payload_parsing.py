"""Parse the payload of a QR code into the `content` of its type: the inverse of `qr.payload`.

Each parser takes a complete payload (`WIFI:…`, `BEGIN:VCARD…`, `MECARD:…`, `tel:…`), or what people write in its place
(a number, an address), and raises NotAPayload for anything else. Parts that a content has no field for are dropped.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

Content = dict[str, Any]
Contact = dict[str, str]

_field = re.compile(r"([A-Za-z0-9-]+):((?:[^\\;]|\\.)*)(?:;|\Z)", re.DOTALL)
_point = re.compile(r"([+-]?[0-9]{1,3}(?:\.[0-9]{1,15})?)\s*,\s*([+-]?[0-9]{1,3}(?:\.[0-9]{1,15})?)", re.ASCII)


class NotAPayload(ValueError):
    """The text is no payload of this type; the message shows what one looks like."""


def parse(type: str, text: str) -> Content:
    """The content for a code of this type (one of `TYPES`), not yet checked by `schemas.page_content`. Raises
    NotAPayload."""
    return _PARSERS[type](text)


def is_payload(type: str, text: str) -> bool:
    """Whether scanners recognise the text as a payload of this type."""
    return text[:16].lower().startswith(_PREFIXES[type])


def _after(text: str, *schemes: str) -> str | None:
    """What follows one of the schemes, else None."""
    scheme, colon, rest = text.strip().partition(":")
    return rest if colon and scheme.lower() in schemes else None


def _text(text: str) -> Content:
    return {"text": text}


def _phone(text: str) -> Content:
    rest = _after(text, "tel")
    return {"phone": text.strip() if rest is None else unquote(rest.partition(";")[0])}


def _geo(text: str) -> Content:
    rest = _after(text, "geo")
    location, _, query = (text if rest is None else rest).strip().partition("?")
    # A height and parameters may follow; both are dropped.
    point = _point.match(location)
    if point is None or (point.end() < len(location) and location[point.end()] not in ",;"):
        raise NotAPayload("must be a point, geo:51.5074,-0.1278, or an object with latitude and longitude")
    content: Content = {"latitude": float(point[1]), "longitude": float(point[2])}
    searched = dict(parse_qsl(query)).get("q", "")
    if label := re.fullmatch(r"[^()]*\((.+)\)", searched, re.DOTALL):
        content["label"] = label[1]
    return {"geoContent": content}


def _email(text: str) -> Content:
    if (rest := _after(text, "matmsg")) is not None:
        properties = _properties_of(rest)
        parts = {
            "email": properties.get("TO", ""),
            "subject": properties.get("SUB", ""),
            "body": properties.get("BODY", ""),
        }
    else:
        rest = _after(text, "mailto")
        to, _, query = (text.strip() if rest is None else rest).partition("?")
        # A plus is a plus in a mailto.
        properties = {name.lower(): value for name, value in parse_qsl(query.replace("+", "%2B"))}
        parts = {"email": unquote(to), "subject": properties.get("subject", ""), "body": properties.get("body", "")}
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
        raise NotAPayload(
            "must be a network, WIFI:T:WPA;S:name;P:password;;, or an object with network_name and encryption"
        )
    properties = _properties_of(rest)
    content: Content = {"network_name": properties.get("S", ""), "encryption": properties.get("T", "") or "nopass"}
    if properties.get("P"):
        content["password"] = properties["P"]
    if properties.get("H", "").lower() == "true":
        content["hidden"] = True
    return {"wifiContent": content}


def _vcard(text: str) -> Content:
    if (rest := _after(text, "mecard")) is not None:
        contact = _parse_mecard(_properties_of(rest))
    elif text.lstrip()[:11].upper() == "BEGIN:VCARD":
        contact = _parse_vcard(text)
    else:
        raise NotAPayload("must be a contact, BEGIN:VCARD…, or an object with first_name and last_name")
    return {"vCardContent": contact}


def _properties_of(text: str) -> dict[str, str]:
    """`S:a name;P:pass\\;word;;` by name. The first of several with one name counts."""
    properties: dict[str, str] = {}
    for name, value in _field.findall(text):
        properties.setdefault(name.upper(), _unquote(value))
    return properties


def _unquote(value: str) -> str:
    """A value in quotes is not a hexadecimal number."""
    if len(value) > 1 and value[0] == value[-1] == '"' and not value.endswith('\\"'):
        value = value[1:-1]
    return _unescape(value)


# A property's name, parameters and value; a group (`item1.TEL`) may come before the name.
_line = re.compile(r"(?:[\w-]+\.)?([A-Za-z-]+)((?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)?):(.*)", re.DOTALL)
_escape = re.compile(r"\\(.)", re.DOTALL)
_split = re.compile(r"((?:[^\\;]|\\.)*)(?:;|\Z)", re.DOTALL)
_ADDRESS = ("street", "city", "state", "zip", "country")
_SIMPLE = {"EMAIL": "email", "URL": "website", "TITLE": "job_title", "NOTE": "note"}


def _unescape(text: str) -> str:
    return _escape.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)


def _parse_vcard(text: str) -> Contact:
    """A vCard (2.1 to 4.0). The first of several properties with one name counts; telephones differ by their type."""
    contact: Contact = {}
    full_name = ""
    for name, parameters, value in _properties(text):
        if name == "N":
            last, first = [*_parts(value), "", ""][:2]
            contact |= {"first_name": first, "last_name": last}
        elif name == "FN":
            full_name = full_name or _unescape(value).strip()
        elif name == "ORG":
            company, department = [*_parts(value), "", ""][:2]
            _add(contact, company=company, department=department)
        elif name == "ADR":
            _add(contact, **dict(zip(_ADDRESS, [*_parts(value)[2:7], *[""] * 5], strict=False)))
        elif name == "TEL":
            _telephone(contact, parameters, _unescape(value).removeprefix("tel:").strip())
        elif name == "URL":
            _add(contact, website=value.strip())
        elif name in _SIMPLE:
            _add(contact, **{_SIMPLE[name]: _unescape(value).strip()})
    return _with_name(contact, full_name)


def _parse_mecard(properties: dict[str, str]) -> Contact:
    contact: Contact = {}
    names = {"TEL": "phone", "EMAIL": "email", "ORG": "company", "URL": "website", "ADR": "address", "NOTE": "note"}
    _add(contact, **{to: properties.get(name, "") for name, to in names.items()})
    last, comma, first = properties.get("N", "").partition(",")
    if comma:
        contact |= {"first_name": first.strip(), "last_name": last.strip()}
    return _with_name(contact, last.strip())


def _properties(text: str) -> Iterator[tuple[str, str, str]]:
    """Name and parameters in upper case, and the value. A line that starts with a space continues the one before."""
    unfolded = re.sub(r"\r?\n[ \t]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    for line in unfolded.split("\n"):
        if found := _line.fullmatch(line.strip()):
            yield found[1].upper(), found[2].upper(), found[3]


def _parts(value: str) -> list[str]:
    return [_unescape(part).strip() for part in _split.findall(value)]


def _add(contact: Contact, **fields: str) -> None:
    for name, value in fields.items():
        if value:
            contact.setdefault(name, value)


def _telephone(contact: Contact, parameters: str, number: str) -> None:
    if "FAX" in parameters:
        name = "fax"
    elif "WORK" in parameters:
        name = "work_phone"
    elif "CELL" in parameters and "phone" in contact:
        name = "mobile"
    else:
        name = "phone"
    _add(contact, **{name: number})


def _with_name(contact: Contact, full_name: str) -> Contact:
    """A card may hold only the full name."""
    if not contact.get("first_name") and not contact.get("last_name") and full_name:
        first, _, last = full_name.rpartition(" ")
        contact |= {"first_name": first, "last_name": last}
    return {name: value for name, value in contact.items() if value}


_PARSERS: dict[str, Callable[[str], Content]] = {
    "text": _text,
    "phone": _phone,
    "geo": _geo,
    "email": _email,
    "sms": _sms,
    "wifi": _wifi,
    "vcard": _vcard,
}
_PREFIXES: dict[str, tuple[str, ...]] = {
    "text": ("",),
    "phone": ("tel:",),
    "geo": ("geo:",),
    "email": ("mailto:", "matmsg:"),
    "sms": ("sms:", "smsto:", "mms:", "mmsto:"),
    "wifi": ("wifi:",),
    "vcard": ("begin:vcard", "mecard:"),
}
TYPES = frozenset(_PARSERS)
