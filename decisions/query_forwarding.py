"""Build the query of the destination: its own parameters, those of the scan, and campaign defaults.

Parameters are kept byte for byte, in their order and with their encoding.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote_to_bytes

import msgspec

from schemas.scan_options import Query
from schemas.short_links import ENTRY_PARAMETER, PLACEMENT_PARAMETER

# A longer query is not forwarded: servers and proxies refuse such long addresses.
LONGEST = 8192
# Bytes that are not allowed in a header or would end the query. Browsers never send them.
_IMPOSSIBLE = re.compile(rb"[\x00-\x20#\x7f]")
_WEB = re.compile(rb"https?://", re.IGNORECASE)
# Parameters of the short link that are meant for Waymark alone.
LABELS = (ENTRY_PARAMETER.encode(), PLACEMENT_PARAMETER.encode())


class Forwarding(msgspec.Struct, frozen=True):
    """A route's settings. `withheld` are names that are never forwarded from a scan; `defaults` are encoded parameters
    that a destination gets unless it has them."""

    mode: Query
    defaults: tuple[tuple[bytes, bytes], ...] = ()
    withheld: frozenset[bytes] = frozenset(LABELS)


def forwarding(mode: Query, utm: dict[str, str], withheld: Iterable[bytes] = ()) -> Forwarding:
    defaults = tuple((name.encode(), quote(value, safe="").encode()) for name, value in utm.items() if value)
    return Forwarding(mode=mode, defaults=defaults, withheld=frozenset((*LABELS, *withheld)))


def forwarded(destination: bytes, query: bytes, how: Forwarding) -> bytes:
    """The destination for a scan with this query. Only web addresses get parameters."""
    if (not query and not how.defaults) or not _WEB.match(destination):
        return destination
    address, mark, own_query = destination.partition(b"#")[0].partition(b"?")
    fragment = destination[len(address) + len(mark) + len(own_query) :]
    own = own_query.split(b"&") if own_query else []
    scans = _scans(query, how)
    if how.mode == "override" and scans:
        replaced = _names(scans)
        own = [part for part in own if not part or _name(part) not in replaced]
    if how.defaults:
        there = _names(own) | _names(scans)
        scans += [name + b"=" + value for name, value in how.defaults if name not in there]
    if not scans:
        return destination
    while own and not own[-1]:
        # The address may already end in `?` or `&`.
        own.pop()
    return address + b"?" + b"&".join(own + scans) + fragment


def _scans(query: bytes, how: Forwarding) -> list[bytes]:
    if how.mode == "drop" or not query or len(query) > LONGEST:
        return []
    parts = _IMPOSSIBLE.sub(lambda found: b"%%%02X" % found[0][0], query).split(b"&")
    return [part for part in parts if _name(part) not in how.withheld]


def _names(parts: list[bytes]) -> set[bytes]:
    return {_name(part) for part in parts if part}


def _name(part: bytes) -> bytes:
    """The decoded name, however it was encoded."""
    name = part.partition(b"=")[0]
    if b"+" in name or b"%" in name:
        return unquote_to_bytes(name.replace(b"+", b" "))
    return name
