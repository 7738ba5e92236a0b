"""Copy a snapshot to a target: only the pieces that are not there yet."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

import msgspec

from infra.progress import Progress
from infra.version import VERSION
from waymark.backup.manifest import (
    BACKUPS,
    FORMAT,
    PIECE_BYTES,
    PIECES,
    File,
    Manifest,
    Piece,
    Stream,
    decoded,
    digest_of,
    encoded,
    ids,
    key_of,
)
from waymark.backup.snapshot import Entry, Snapshot
from waymark.backup.targets import Target
from waymark.errors import UserError

MIB = 1 << 20
# Files that change with each backup, and are small, share a stream.
_SMALL = 64 << 10
_CHECKSUMS = "checksums.txt"


class Made(msgspec.Struct, frozen=True):
    """`new_bytes` were sent; `bytes` is all that the backup has. `dropped` are the backups that were removed."""

    backup: str
    files: int
    bytes: int
    new_bytes: int
    dropped: list[str] = []


class Content(msgspec.Struct, frozen=True):
    """A file that is nowhere yet: `read` makes it."""

    identity: str
    path: str
    read: Callable[[], Iterator[bytes]]


class WrongTarget(UserError):
    """The target holds backups of another deployment."""


def create(
    snapshot: Snapshot,
    target: Target,
    taken_at_ms: int,
    progress: Progress,
    *,
    contents: Iterable[Content] = (),
    keep: int | None = None,
) -> Made:
    """Returns once the backup is there for good. Raises WrongTarget, Damaged and OSError; then there is none, and what
    was sent is not sent again."""
    before = manifests(target)
    newest = before[-1][1] if before else None
    # (A deployment without a name may be any.)
    names = {newest.deployment if newest else "", snapshot.deployment} - {""}
    if len(names) > 1:
        raise WrongTarget(
            "The target has the backups of another deployment: give each a target of its own, since one of them would "
            "drop the other's"
        )
    known = {stream.identity: stream for stream in (newest.streams if newest else []) if stream.identity}
    sending = _Sending(target, progress, sum(entry.size for entry in snapshot.entries))
    streams = [
        _stream(identity, [(entry.path, _contents(entry)) for entry in entries], known, sending)
        for identity, entries in _grouped(snapshot.entries)
    ]
    streams += [_stream(one.identity, [(one.path, one.read())], known, sending) for one in contents]
    made = Manifest(
        FORMAT, VERSION, taken_at_ms, snapshot.deployment, streams, dict(sorted(snapshot.links.items())),
        snapshot.register,
    )  # fmt: skip
    backup, content = encoded(made)
    target.put(f"{BACKUPS}{backup}.json", content)
    sending.finish()
    dropped = _drop(target, [*before, (backup, made)], keep) if keep is not None else []
    return Made(backup, made.files, made.size, sending.sent, dropped)


def manifests(target: Target) -> list[tuple[str, Manifest]]:
    """The backups that are there, oldest first. Raises Damaged."""
    found = ids(target.keys(BACKUPS))
    return [(backup, decoded(backup, target.get(f"{BACKUPS}{backup}.json"))) for backup in found]


class _Sending:
    """Sends pieces that are not there."""

    def __init__(self, target: Target, progress: Progress, size: int) -> None:
        self.there = set(target.keys(PIECES))
        self.sent = 0
        self._target = target
        self._progress = progress
        self._size = size
        self._done = 0

    def put(self, content: bytes) -> Piece:
        piece = Piece(digest_of(content), len(content))
        if piece.key not in self.there:
            self._target.put(piece.key, content)
            self.there.add(piece.key)
            self.sent += len(content)
        self.passed(len(content))
        return piece

    def passed(self, size: int) -> None:
        self._done += size
        self._progress("MiB", self._done // MIB, max(self._size, self._done) // MIB)

    def finish(self) -> None:
        self._progress("MiB", self._done // MIB, self._done // MIB)


def _grouped(entries: Iterable[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Streams, each with its identity ("" where the bytes decide). A part of the warehouse is one, named by the
    engine's own checksums of it. An uploaded file never changes. Small files are one together, large ones one each."""
    ordered = sorted(entries, key=lambda entry: entry.path)
    parts = {str(Path(entry.path).parent) for entry in ordered if Path(entry.path).name == _CHECKSUMS}
    small: list[Entry] = []
    for part, group in groupby(ordered, key=lambda entry: _part_of(entry.path, parts)):
        if part:
            files = list(group)
            yield _identity(part, files), files
            continue
        for entry in group:
            if entry.path.startswith("files/"):
                yield f"file {entry.path} {entry.size}", [entry]
            elif entry.size < _SMALL:
                small.append(entry)
            else:
                yield "", [entry]
    yield "", small


def _part_of(path: str, parts: set[str]) -> str:
    """The folder of a part that the file is in, at any depth (projections); "" for others."""
    return next((str(above) for above in reversed(Path(path).parents) if str(above) in parts), "")


def _identity(part: str, files: list[Entry]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for entry in files:
        digest.update(f"{entry.path} {entry.size}\n".encode())
        if Path(entry.path).name == _CHECKSUMS:
            digest.update(Path(entry.at).read_bytes())
    return f"part {part} {digest.hexdigest()}"


def _stream(
    identity: str, contents: list[tuple[str, Iterator[bytes]]], known: dict[str, Stream], sending: _Sending
) -> Stream:
    same = known.get(identity)
    if same is not None and all(key_of(piece.digest) in sending.there for piece in same.pieces):
        sending.passed(same.size)
        return same
    files: list[File] = []
    pieces: list[Piece] = []
    block = bytearray()
    for path, parts in contents:
        read = 0
        for content in parts:
            block += content
            read += len(content)
            while len(block) >= PIECE_BYTES:
                pieces.append(sending.put(bytes(block[:PIECE_BYTES])))
                del block[:PIECE_BYTES]
        files.append(File(path, read))
    if block:
        pieces.append(sending.put(bytes(block)))
    return Stream(files, pieces, identity)


def _contents(entry: Entry) -> Iterator[bytes]:
    left = entry.size
    with open(entry.at, "rb") as file:
        while left and (content := file.read(min(left, MIB))):
            left -= len(content)
            yield content
    if left and not entry.grows:
        raise OSError(f"{entry.at} has become shorter while it was copied")


def _drop(target: Target, there: list[tuple[str, Manifest]], keep: int) -> list[str]:
    """Remove all but the newest backups, and every piece that none of those has. The lists go first: what is left of a
    kill between is removed by the next one."""
    going, staying = there[:-keep], there[-keep:]
    for backup, _ in going:
        target.remove(f"{BACKUPS}{backup}.json")
    needed = {piece.key for _, manifest in staying for piece in manifest.pieces()}
    for key in list(target.keys(PIECES)):
        if key not in needed:
            target.remove(key)
    return [backup for backup, _ in going]
