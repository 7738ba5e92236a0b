"""Parts of a journal line."""

import msgspec

from schemas.event import Kind

# What is read from the request of a scan: at_ms, kind, the scanner's address, location (a piece of a line, country to
# longitude), client (another piece, device to campaign), visitor, the request's headers, and the codes for which
# `client` may be recorded as it is (`redirect.cardinality`). A plain tuple, because every scan has one.
Observation = tuple[int, Kind, bytes, bytes, bytes, int, dict[bytes, bytes], set[bytes]]
# How a line says that no variant and no rule was taken.
NO_VARIANT = b'""'


def piece(*values: object) -> bytes:
    """Values as they stand in a line, each after its comma."""
    return b"," + msgspec.json.encode(values)[1:-1]
