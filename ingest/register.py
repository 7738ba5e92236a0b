"""The register of sources on the machine that writes them: one small file per source, beside the journals.

    <journals>/register/<source>

It is not part of the journal and outlives it, as evidence of what the journal must have held. The owner writes it after
a sync, in space taken beforehand: so a full disk does not stop it, and after a power loss the journal is at least as
long as the register says.
"""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from xxhash import xxh3_64_hexdigest

from infra.durable_files import make_folder, sync_folder
from ingest.journal_files import boot_id
from schemas.event import SourceClosed
from schemas.register import SourceEntry, decode_entry, encode_entry

FOLDER = "register"
# One sector of a disk, which is written as a whole or not at all.
_SIZE = 512


class RegisterFile:
    """One source's entry, for its owner. Every method raises OSError."""

    def __init__(self, journals: Path, source: int) -> None:
        make_folder(journals / FOLDER)
        self._fd = os.open(journals / FOLDER / str(source), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            if os.fstat(self._fd).st_size < _SIZE:
                if os.pwrite(self._fd, b" " * _SIZE, 0) != _SIZE:
                    raise OSError(errno.ENOSPC, f"no room for the register of source {source}")
                os.fsync(self._fd)
                sync_folder(journals / FOLDER)
        except OSError:
            os.close(self._fd)
            raise

    def write(self, entry: SourceEntry) -> None:
        """Write the entry. A kill leaves the old one or the new."""
        os.pwrite(self._fd, _packed(entry), 0)

    def close(self) -> None:
        """Make the entry durable and close the file. Raises OSError after closing it."""
        try:
            os.fdatasync(self._fd)
        finally:
            os.close(self._fd)


class Head(NamedTuple):
    """An owner's head: the highest seq given out, the digest of the events written, how many were refused."""

    seq: int
    digest: int
    refused: int


class OwnEntry:
    """The entry of a live owner. It states only what is on disk, because a power loss may take the rest."""

    def __init__(self, file: RegisterFile, source: int, now_ms: Callable[[], int]) -> None:
        self._file = file
        self._source = source
        self._now_ms = now_ms
        self._host, self._boot = this_host(), boot_id()
        # The highest seq entered.
        self.seq = -1

    def tell(self, head: Head, state: Literal["open", "closed"]) -> None:
        """Raises OSError."""
        if head.seq > self.seq or state == "closed":
            self._file.write(SourceEntry(self._source, *head, state, self._now_ms(), self._host, self._boot))
            self.seq = head.seq

    def close(self) -> None:
        """As `RegisterFile.close`."""
        self._file.close()


def this_host() -> str:
    return socket.gethostname()[:64]


def _packed(entry: SourceEntry) -> bytes:
    body = encode_entry(entry)
    return b"%b %b\n" % (body.ljust(_SIZE - 18), xxh3_64_hexdigest(body).encode())


def read(journals: Path, source: int) -> SourceEntry | None:
    """Read an entry; None if there is none, or it is damaged."""
    try:
        raw = (journals / FOLDER / str(source)).read_bytes()
    except FileNotFoundError:
        return None
    body = raw[:-18].rstrip()
    if raw[-17:].strip() != xxh3_64_hexdigest(body).encode():
        return None
    try:
        entry = decode_entry(body)
    except msgspec.DecodeError:
        return None
    return entry if entry.source == source else None


def sources(journals: Path) -> list[int]:
    """Every source with an entry, with a live or a dead owner."""
    try:
        return sorted(int(name) for name in os.listdir(journals / FOLDER) if name.isdecimal())
    except FileNotFoundError:
        return []


def changed(journals: Path) -> dict[int, int]:
    """When each entry was last written, in nanoseconds. Raises OSError."""
    try:
        with os.scandir(journals / FOLDER) as files:
            return {int(one.name): one.stat().st_mtime_ns for one in files if one.name.isdecimal()}
    except FileNotFoundError:
        return {}


def entries(journals: Path) -> Iterator[SourceEntry]:
    """The entries that can be read. Raises OSError."""
    for source in sources(journals):
        entry = read(journals, source)
        if entry is not None:
            yield entry


def end(journals: Path, note: SourceClosed) -> None:
    """Enter the end of a dead owner's source. Raises the entry as far as the lines proved, and never lowers it. Raises
    OSError."""
    known = read(journals, note.source)
    as_known = known is None or (note.last_seq, note.digest) == (known.last_seq, known.digest)
    if note.digest is not None and (known is None or as_known or note.last_seq > known.last_seq):
        refused = sum(last - first + 1 for first, last in note.refused)
        ended = SourceEntry(
            note.source, note.last_seq, note.digest, refused, "closed", note.at_ms, this_host(), boot_id()
        )
    elif known is not None:
        ended = msgspec.structs.replace(known, state="closed", at_ms=note.at_ms)
    else:
        return
    file = RegisterFile(journals, note.source)
    try:
        file.write(ended)
    finally:
        file.close()
