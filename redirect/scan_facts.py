"""Read the facts that rules can test from the pieces of the event, so rules see exactly what is stored."""

from functools import lru_cache

import msgspec

from decisions.accept_language import LONGEST_HEADER, first_choice
from decisions.rules import Facts
from redirect.event_line import Observation

# Cache size for each kind of fact that many scans of an hour share.
KEPT = 4_096


def facts(observation: Observation, query: bytes) -> Facts:
    at_ms, _, _, location, client, _, _, headers, _, _ = observation
    spoken = headers.get(b"accept-language")
    return Facts(
        at_ms,
        *_location(location),
        *_agent(client),
        "" if spoken is None else _language(spoken[:LONGEST_HEADER]),
        query,
    )


@lru_cache(KEPT)
def _location(piece: bytes) -> tuple[str, str, str]:
    country, region, city = _decode(piece)[:3]
    return country.casefold(), region.casefold(), city.casefold()


@lru_cache(KEPT)
def _agent(piece: bytes) -> tuple[str, str, str, str]:
    device, _, os, browser = _decode(piece)[:4]
    return device.casefold(), os, os.casefold(), browser.casefold()


_language = lru_cache(KEPT)(first_choice)


def _decode(piece: bytes) -> list[str]:
    """Decode a piece of a journal line (`redirect.event_line.piece`)."""
    return list(msgspec.json.decode(b"[" + piece[1:] + b"]"))
