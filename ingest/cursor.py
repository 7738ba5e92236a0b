"""How far a journal has been shipped.

Written after each acknowledgement and not synced: an older cursor, or none, only ships some records
once more, and the aggregator drops them by their seq.
"""

from pathlib import Path

import msgspec

from ingest.layout import CURSOR, replace_file


class Cursor(msgspec.Struct, frozen=True):
    """The offset of the first record that the bus has not acknowledged."""

    bus: str
    following: int


_cursor = msgspec.json.Decoder(Cursor)


def read_cursor(folder: Path, bus: str) -> int:
    """Where to go on, on this bus; 0 when nothing (readable) says so."""
    try:
        cursor = _cursor.decode((folder / CURSOR).read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        return 0
    return cursor.following if cursor.bus == bus else 0


def write_cursor(folder: Path, bus: str, following: int) -> None:
    """Raises OSError, on a full disk for example; then the older cursor stands."""
    replace_file(folder / CURSOR, msgspec.json.encode(Cursor(bus, following)), durable=False)
