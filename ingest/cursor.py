"""The cursor: how far a journal has been shipped.

It is written after each acknowledgement and not synced: with an older cursor, or none, some records are shipped again,
and the aggregator drops them by seq.
"""

from pathlib import Path

import msgspec

from infra.durable_files import replace_file
from ingest.journal_files import CURSOR


class Cursor(msgspec.Struct, frozen=True):
    """`following` is the offset of the first record that the bus has not acknowledged. `acknowledged` is the offset of
    the newest acknowledged Kafka record in the journal's partition, `epoch` that of the partition's leader at that
    time; -1 if unknown."""

    bus: str
    following: int
    acknowledged: int = -1
    epoch: int = -1


_cursor = msgspec.json.Decoder(Cursor)


def read_cursor(folder: Path, bus: str) -> Cursor:
    """Read the cursor for this bus; at the beginning if there is none that can be read."""
    try:
        cursor = _cursor.decode((folder / CURSOR).read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        return Cursor(bus, 0)
    return cursor if cursor.bus == bus else Cursor(bus, 0)


def write_cursor(folder: Path, cursor: Cursor) -> None:
    """Write the cursor. Raises OSError, for example on a full disk; the older cursor then remains."""
    replace_file(folder / CURSOR, msgspec.json.encode(cursor), durable=False)


def written_at(folder: Path) -> float | None:
    """When the cursor was written, in seconds since 1970."""
    try:
        return (folder / CURSOR).stat().st_mtime
    except FileNotFoundError:
        return None
