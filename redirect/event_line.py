"""Encode parts of a journal line."""

import msgspec

from schemas.event import Kind

# What a scan's request says: at_ms, kind, the scanner's address, location (a piece of a line, country to longitude),
# client (another piece, device to campaign), entry (a third, entry and placement), visitor, the request's headers, and
# the codes for which what the headers say, and what the query says, may be recorded unchanged (`redirect.cardinality`).
# A plain tuple, because every scan makes one.
Observation = tuple[int, Kind, bytes, bytes, bytes, bytes, int, dict[bytes, bytes], set[bytes], set[bytes]]


def piece(*values: object) -> bytes:
    """Encode values as in a line, each after a comma."""
    return b"," + msgspec.json.encode(values)[1:-1]
