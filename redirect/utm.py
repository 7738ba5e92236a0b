"""The campaign that a short link's own query names."""

from urllib.parse import parse_qsl

import msgspec

from redirect.text import tidy

LONGEST_QUERY = 2048
LONGEST_VALUE = 128


class Utm(msgspec.Struct, frozen=True):
    source: str = ""
    medium: str = ""
    campaign: str = ""


NONE = Utm()


def utm(query: bytes) -> Utm:
    """Never raises. The first of a repeated name counts; values are cut to 128 characters."""
    if b"utm_" not in query.lower():
        return NONE
    found: dict[str, str] = {}
    text = query[:LONGEST_QUERY].decode("ascii", "ignore")
    for name, value in parse_qsl("&".join(text.split("&")[:64]), errors="replace"):
        if name.lower() in {"utm_source", "utm_medium", "utm_campaign"}:
            found.setdefault(name.lower()[4:], tidy(value, LONGEST_VALUE))
    return Utm(**found)
