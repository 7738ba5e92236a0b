"""The layout of a journal on disk: the names in its folder, its header, its segments.

    <journals>/<source>/header.json    who and when (written by the owner; the shipper adds its partition)
                        lock           held with flock for as long as the owner lives
                        refused        the refused ranges, in space taken beforehand
                        cursor.json    how far the shipper got
                        00000000000000000000-0000000000000000.log, ...   the segments

A segment's name gives a lower bound of its offsets, and the digest (`schemas.event`) of all events before it: so the
digest can be computed from any segment on, and a missing segment is noticed. A folder with a name that starts with a
dot is being created or removed, and is no journal.
"""

import os
import re
import shutil
import time
from pathlib import Path

import msgspec

from infra.durable_files import replace_file, sync_folder

HEADER = "header.json"
LOCK = "lock"
REFUSED = "refused"
CURSOR = "cursor.json"
SEGMENT_SUFFIX = ".log"
_SEGMENT = re.compile(r"(\d{20})-([0-9a-f]{16})\.log")


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """A journal's header. `bus` and `partition` are where the shipper sends it, chosen once per bus."""

    source: int
    opened_at_ms: int
    boot: str = ""
    bus: str = ""
    partition: int = -1


_header = msgspec.json.Decoder(Header)


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def boot_id() -> str:
    """The id of this boot of the machine. A journal from another boot may have lost its unsynced end."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def read_header(folder: Path) -> Header:
    """Read the header. Raises OSError or msgspec.DecodeError."""
    return _header.decode((folder / HEADER).read_bytes())


def write_header(folder: Path, header: Header) -> None:
    replace_file(folder / HEADER, msgspec.json.encode(header) + b"\n", durable=True)


def segment_name(first: int, digest: int) -> str:
    return f"{first:020d}-{digest:016x}{SEGMENT_SUFFIX}"


def segment_path(folder: Path, first: int) -> Path:
    """The segment that begins at `first`. Raises FileNotFoundError."""
    for name in os.listdir(folder):
        if name.startswith(f"{first:020d}-") and _SEGMENT.fullmatch(name):
            return folder / name
    raise FileNotFoundError(f"{folder} has no segment {first}")


def digest_before(segment: Path) -> int:
    """The digest of all the source's events before this segment, from its name."""
    return int(segment.name[21:37], 16)


def segments(folder: Path) -> list[int]:
    """The first offsets of the segments, oldest first."""
    return sorted(int(found[1]) for name in os.listdir(folder) if (found := _SEGMENT.fullmatch(name)))


def sources(journals: Path) -> list[int]:
    """Every journal in the folder, with a live or a dead owner; empty if there is no folder yet."""
    try:
        return sorted(int(name) for name in os.listdir(journals) if name.isdecimal())
    except FileNotFoundError:
        return []


def disk_use(journals: Path) -> int:
    """Bytes in the segments of all journals of the folder. A journal removed meanwhile counts nothing."""
    total = 0
    for source in sources(journals):
        try:
            with os.scandir(journals / str(source)) as entries:
                total += sum(entry.stat().st_size for entry in entries if entry.name.endswith(SEGMENT_SUFFIX))
        except FileNotFoundError:
            continue
    return total


def remove_journal(folder: Path) -> None:
    """Remove a journal. It is there as a whole or not at all, even after a kill halfway."""
    going = folder.with_name(f".{folder.name}.gone")
    folder.rename(going)
    sync_folder(folder.parent)
    shutil.rmtree(going)


def sweep(journals: Path, now_ms: int) -> None:
    """Delete what was left half created or half removed more than a minute ago."""
    for name in os.listdir(journals):
        if not (name.startswith(".") and name.endswith((".new", ".gone"))):
            continue
        folder = journals / name
        try:
            old = now_ms - folder.stat().st_mtime_ns // 1_000_000 > 60_000
        except FileNotFoundError:
            continue
        if old:
            shutil.rmtree(folder, ignore_errors=True)
