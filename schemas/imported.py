"""Scans that another service counted before a code was brought here: daily sums, kept apart from our own.

They come from an export of that service, are no rows of `scans`, and so are never part of a total, of a proof, or of
the rollups.
"""

from datetime import date
from typing import Literal

import msgspec

from schemas.event import Kind

# Unknown where the service counts all visits as one.
PastKind = Kind | Literal[""]


class PastScans(msgspec.Struct, frozen=True):
    """`n` scans of one day; without a day the export says only how many there were in all. Unknown values are empty."""

    n: int
    day: date | None = None
    kind: PastKind = ""
    country: str = ""
    referrer_host: str = ""


class ImportedHistory(msgspec.Struct, frozen=True):
    """All that one service says of one code. It replaces what the same service said before."""

    workspace: int
    # The code's number.
    code: int
    service: str
    scans: tuple[PastScans, ...]
