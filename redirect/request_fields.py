"""Parse what an event stores of a request: the referrer, the campaign, the language.

Text that may be stored has whole characters, no control characters, and a bound.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from decisions.accept_language import first_choice
from schemas.short_links import ENTRY_PARAMETER, LONGEST_ENTRY, LONGEST_PLACEMENT, PLACEMENT_PARAMETER

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")


def clean(raw: bytes, longest: int) -> str:
    """Decode as UTF-8, else as Latin-1, the former encoding of headers."""
    raw = raw[: longest * 4 + 4]
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return tidy(text, longest)


def tidy(text: str, longest: int) -> str:
    return _CONTROL.sub(" ", text).strip()[:longest].rstrip()


# The referrer: its host, and its page without the query.

_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\]")
_SCHEMES = {"http", "https", "android-app", "ios-app"}
_CUT_ESCAPE = re.compile("%.?$")
_ORDINARY_PORTS = {"http": 80, "https": 443}
# Origin and path together.
LONGEST_PAGE = 300
LONGEST_HOST = 253


class Referrer(msgspec.Struct, frozen=True):
    """`host` has no port; `page` is origin and path. Both are empty without a usable referrer."""

    host: str = ""
    page: str = ""


NO_REFERRER = Referrer()


def referrer(raw: bytes) -> Referrer:
    """Parse a Referer header. Never raises. Drops user name, password, query and fragment."""
    try:
        parts = urlsplit(clean(raw, 2048))
        host, port = (parts.hostname or "").rstrip("."), parts.port
        if len(host) > LONGEST_HOST:
            # No valid host; and its ASCII form costs more than its length.
            return NO_REFERRER
        if ":" in host:
            host = f"[{host}]"
        elif not host.isascii():
            host = host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return NO_REFERRER
    host = host.lower()
    if parts.scheme not in _SCHEMES or not _HOST.fullmatch(host):
        return NO_REFERRER
    shown_port = "" if port is None or port == _ORDINARY_PORTS.get(parts.scheme) else f":{port}"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    page = f"{parts.scheme}://{host}{shown_port}{path}"
    return Referrer(host=host, page=_CUT_ESCAPE.sub("", page[:LONGEST_PAGE]) if len(page) > LONGEST_PAGE else page)


# The campaign named in the short link's query.

LONGEST_QUERY = 2048
LONGEST_VALUE = 128
# The bound as stored: characters of some scripts take four bytes.
LONGEST_BYTES = 256


class Utm(msgspec.Struct, frozen=True):
    source: str = ""
    medium: str = ""
    campaign: str = ""
    term: str = ""
    content: str = ""


NO_UTM = Utm()
_UTM_NAMES = {f"utm_{field}" for field in Utm.__struct_fields__}


def utm(query: bytes) -> Utm:
    """Parse the campaign. Never raises. The first value of a repeated name counts; values are cut to 128 characters and
    256 bytes."""
    if b"utm_" not in query.lower():
        return NO_UTM
    found: dict[str, str] = {}
    for name, value in _parameters(query):
        if name.lower() in _UTM_NAMES:
            found.setdefault(name.lower()[4:], _cut(value, LONGEST_VALUE))
    return Utm(**found)


def _parameters(query: bytes) -> Iterable[tuple[str, str]]:
    text = query[:LONGEST_QUERY].decode("ascii", "ignore")
    return parse_qsl("&".join(text.split("&")[:64]), errors="replace")


def _cut(value: str, longest: int) -> str:
    value = tidy(value, longest)
    return value if value.isascii() else value.encode()[:LONGEST_BYTES].decode(errors="ignore").rstrip()


# What the short link says of itself: which print of the code it is on, and how the scanner came if neither by a picture
# nor by a plain link.

_LABELED = re.compile(rb"(?:^|&)(?:[ep]|%65|%70)=")
_ENTRY = re.compile(rf"[a-z0-9_-]{{1,{LONGEST_ENTRY}}}")


class Labels(msgspec.Struct, frozen=True):
    """`entry` is empty unless the link names one."""

    entry: str = ""
    placement: str = ""


NO_LABELS = Labels()


def labels(query: bytes) -> Labels:
    """Parse entry and placement. Never raises. The first value of a repeated name counts; an entry that is no label is
    ignored, a placement is cut to 50 characters."""
    if not _LABELED.search(query):
        return NO_LABELS
    found: dict[str, str] = {}
    for name, value in _parameters(query):
        found.setdefault(name, value)
    entry = found.get(ENTRY_PARAMETER, "")
    return Labels(
        entry=entry.lower() if entry.isascii() and _ENTRY.fullmatch(entry.lower()) else "",
        placement=_cut(found.get(PLACEMENT_PARAMETER, ""), LONGEST_PLACEMENT),
    )


# The scanner's preferred language.


def language(raw: bytes) -> str:
    """The primary subtag of the first choice."""
    return first_choice(raw).partition("-")[0]
