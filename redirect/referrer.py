"""Where a scanner came from: the host, and the page without its query."""

import re
from urllib.parse import quote, urlsplit

import msgspec

from redirect.request_fields import clean

_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\]")
_SCHEMES = {"http", "https", "android-app", "ios-app"}
_CUT_ESCAPE = re.compile("%.?$")
_ORDINARY_PORTS = {"http": 80, "https": 443}
# Origin and path together.
LONGEST_PAGE = 300
LONGEST_HOST = 253


class Referrer(msgspec.Struct, frozen=True):
    """`host` has no port; `page` is origin and path. Both empty when there is none to speak of."""

    host: str = ""
    page: str = ""


NONE = Referrer()


def referrer(raw: bytes) -> Referrer:
    """Never raises. Names and passwords in the address, query and fragment are dropped."""
    try:
        parts = urlsplit(clean(raw, 2048))
        host, port = (parts.hostname or "").rstrip("."), parts.port
        if len(host) > LONGEST_HOST:
            # Nobody's name; and putting it into ASCII costs more than its length.
            return NONE
        if ":" in host:
            host = f"[{host}]"
        elif not host.isascii():
            host = host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return NONE
    host = host.lower()
    if parts.scheme not in _SCHEMES or not _HOST.fullmatch(host):
        return NONE
    shown_port = "" if port is None or port == _ORDINARY_PORTS.get(parts.scheme) else f":{port}"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    page = f"{parts.scheme}://{host}{shown_port}{path}"
    return Referrer(host=host, page=_CUT_ESCAPE.sub("", page[:LONGEST_PAGE]) if len(page) > LONGEST_PAGE else page)
