"""How far a journal has been shipped.

Written after each acknowledgement and not synced: an older cursor, or none, only ships some records
once more, and the aggregator drops them by their seq.
"""

from pathlib import Path

import msgspec

from infra.durable_files import replace_file
from ingest.journal_files import CURSOR


class Cursor(msgspec.Struct, frozen=True):
    """`following` is the offset of the first record that the bus has not acknowledged; `acknowledged` that of the
    newest Kafka record that it has, in the journal's partition, and `epoch` that of the partition's leader then; -1
    without."""

    bus: str
    following: int
    acknowledged: int = -1
    epoch: int = -1


_cursor = msgspec.json.Decoder(Cursor)


def read_cursor(folder: Path, bus: str) -> Cursor:
    """Where to go on, on this bus; at the beginning when nothing (readable) says so."""
    try:
        cursor = _cursor.decode((folder / CURSOR).read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        return Cursor(bus, 0)
    return cursor if cursor.bus == bus else Cursor(bus, 0)


def write_cursor(folder: Path, cursor: Cursor) -> None:
    """Raises OSError, on a full disk for example; then the older cursor stands."""
    replace_file(folder / CURSOR, msgspec.json.encode(cursor), durable=False)


def written_at(folder: Path) -> float | None:
    """When, in seconds since 1970."""
    try:
        return (folder / CURSOR).stat().st_mtime
    except FileNotFoundError:
        return None
