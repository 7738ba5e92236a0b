"""Parts of a journal line."""

import msgspec

from schemas.event import Kind

# What a visit says of itself: its time, its kind, the scanner's address, where that is (a piece of a line, country to
# longitude), what else is known of the scanner (another, device to campaign), the visitor, the request's headers, and
# the codes for which the former may be recorded as it is (`redirect.cardinality`).
# A plain tuple, because every visit has one.
Observation = tuple[int, Kind, bytes, bytes, bytes, int, dict[bytes, bytes], set[bytes]]
# How a line says that no variant and no rule was taken.
NO_VARIANT = b'""'


def piece(*values: object) -> bytes:
    """Values as they stand in a line, each after its comma."""
    return b"," + msgspec.json.encode(values)[1:-1]
