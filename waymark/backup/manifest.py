"""What a backup consists of: a list of files, and the pieces that their bytes are in.

    <target>/backups/<id>.json      one for each backup; the id ends with the digest of the file
             pieces/<2>/<digest>    up to 16 MiB each, named by the BLAKE2b of what is in it

A backup is there once its list is, which is written last. Backups share pieces: the next one sends only what is new.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from waymark.errors import UserError

FORMAT = 1
PIECE_BYTES = 16 << 20
BACKUPS = "backups/"
PIECES = "pieces/"
_ID = re.compile(r"\d{8}T\d{6}Z-([0-9a-f]{16})")


class Damaged(UserError):
    """A backup cannot be restored; the message names what is damaged or missing."""


class Piece(msgspec.Struct, frozen=True, array_like=True):
    digest: str
    size: int

    @property
    def key(self) -> str:
        return key_of(self.digest)


class File(msgspec.Struct, frozen=True, array_like=True):
    """`path` is relative; its first part says which folder it belongs to."""

    path: str
    size: int


class Stream(msgspec.Struct, frozen=True):
    """Files one after another, cut into pieces. Where `identity` is that of a stream of an earlier backup, so are the
    bytes, and they are not read again."""

    files: list[File]
    pieces: list[Piece]
    identity: str = ""

    @property
    def size(self) -> int:
        return sum(piece.size for piece in self.pieces)


class Manifest(msgspec.Struct, frozen=True):
    """`deployment` names whose it is: a target belongs to one. `links` are symbolic ones. `register` is what Redis had
    on record of the sources when the journals were noted: what its file says may be a moment newer, and is replaced."""

    format: int
    waymark: str
    taken_at_ms: int
    deployment: str
    streams: list[Stream]
    links: dict[str, str] = {}
    register: dict[str, str] | None = None

    @property
    def size(self) -> int:
        return sum(stream.size for stream in self.streams)

    @property
    def files(self) -> int:
        return sum(len(stream.files) for stream in self.streams)

    def pieces(self) -> dict[Piece, str]:
        """Each piece once, with the name of a file of which it has bytes."""
        return {
            piece: path for stream in self.streams for piece, path in zip(stream.pieces, _begins(stream), strict=True)
        }


def _begins(stream: Stream) -> Iterator[str]:
    """For each piece the file that its first byte belongs to."""
    end, at = 0, 0
    files = iter(stream.files)
    path = ""
    for piece in stream.pieces:
        while end <= at and (file := next(files, None)) is not None:
            path, end = file.path, end + file.size
        yield path
        at += piece.size


def digest_of(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=32).hexdigest()


def key_of(digest: str) -> str:
    return f"{PIECES}{digest[:2]}/{digest}"


def encoded(manifest: Manifest) -> tuple[str, bytes]:
    """The backup's id, and the content of its list."""
    content = msgspec.json.encode(manifest) + b"\n"
    at = datetime.fromtimestamp(manifest.taken_at_ms / 1000, UTC)
    return f"{at:%Y%m%dT%H%M%SZ}-{digest_of(content)[:16]}", content


def decoded(backup: str, content: bytes) -> Manifest:
    """Raises Damaged."""
    found = _ID.fullmatch(backup)
    if found is None or digest_of(content)[:16] != found[1]:
        raise Damaged(f"the list of the backup {backup} is damaged")
    try:
        if (number := msgspec.json.decode(content, type=_Format).format) != FORMAT:
            raise Damaged(f"the backup {backup} has format {number}, and this Waymark reads {FORMAT}: use a newer one")
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise Damaged(f"the list of the backup {backup} cannot be read: {error}") from None


class _Format(msgspec.Struct):
    format: int


def ids(keys: Iterable[str]) -> list[str]:
    """Of the lists with these keys, oldest first."""
    names = (key.removeprefix(BACKUPS).removesuffix(".json") for key in keys if key.endswith(".json"))
    return sorted(name for name in names if _ID.fullmatch(name))
