"""What a code's rules may ask of a visit."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl

import msgspec

from redirect.event_line import Seen
from redirect.language import LONGEST_HEADER, first_choice

LONGEST_QUERY = 2048
MOST_PARAMETERS = 64
# Of each kind of thing that many scans of an hour have in common.
KEPT = 4_096
_NOTHING: Mapping[str, list[str]] = {}


class Facts(msgspec.Struct, frozen=True, gc=False):
    """Read from the very pieces that the event is made of, so that what a rule saw is what is stored. Folded to one
    case, but for `os`, which is also as the event says it."""

    at_ms: int
    country: str
    region: str
    city: str
    device: str
    os: str
    folded_os: str
    browser: str
    language: str
    query: bytes


def facts(seen: Seen, query: bytes) -> Facts:
    spoken = seen[6].get(b"accept-language")
    return Facts(
        seen[0],
        *_place(seen[3]),
        *_agent(seen[4]),
        "" if spoken is None else _language(spoken[:LONGEST_HEADER]),
        query,
    )


def parameters(query: bytes) -> Mapping[str, list[str]]:
    """Of a scan's query: name → values, decoded."""
    return _parameters(query[:LONGEST_QUERY]) if query else _NOTHING


@lru_cache(KEPT)
def _place(piece: bytes) -> tuple[str, str, str]:
    country, region, city = _decode(piece)[:3]
    return country.casefold(), region.casefold(), city.casefold()


@lru_cache(KEPT)
def _agent(piece: bytes) -> tuple[str, str, str, str]:
    device, _, os, browser = _decode(piece)[:4]
    return device.casefold(), os, os.casefold(), browser.casefold()


_language = lru_cache(KEPT)(first_choice)


@lru_cache(KEPT)
def _parameters(query: bytes) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    text = "&".join(query.decode("latin-1").split("&")[:MOST_PARAMETERS])
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace"):
        found.setdefault(name, []).append(value)
    return found


def _decode(piece: bytes) -> list[str]:
    """A piece of a journal line (`redirect.event_line.piece`), read back."""
    return list(msgspec.json.decode(b"[" + piece[1:] + b"]"))
