"""The campaign that a short link's own query names."""

from urllib.parse import parse_qsl

import msgspec

from redirect.request_fields import tidy

LONGEST_QUERY = 2048
LONGEST_VALUE = 128
# As it is stored: of some scripts a character takes four.
LONGEST_BYTES = 256


class Utm(msgspec.Struct, frozen=True):
    source: str = ""
    medium: str = ""
    campaign: str = ""


NONE = Utm()


def utm(query: bytes) -> Utm:
    """Never raises. The first of a repeated name counts; values are cut to 128 characters and 256 bytes."""
    if b"utm_" not in query.lower():
        return NONE
    found: dict[str, str] = {}
    text = query[:LONGEST_QUERY].decode("ascii", "ignore")
    for name, value in parse_qsl("&".join(text.split("&")[:64]), errors="replace"):
        if name.lower() in {"utm_source", "utm_medium", "utm_campaign"}:
            found.setdefault(name.lower()[4:], _cut(value))
    return Utm(**found)


def _cut(value: str) -> str:
    value = tidy(value, LONGEST_VALUE)
    return value if value.isascii() else value.encode()[:LONGEST_BYTES].decode(errors="ignore").rstrip()
