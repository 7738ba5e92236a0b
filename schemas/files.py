"""Uploaded files: what may be one, how its bytes are called where they are kept, and at which address of a
redirector they are served.

A key says all that a redirector must know to serve a file, so it asks nobody: the suffix decides the content type.
"""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

PREFIX = "/f/"

_KEY = re.compile(r"[0-9a-f]{64}\.(?P<suffix>[a-z0-9]{3,4})")
_NAME = re.compile(r"[^/\\]{1,600}")
_MB = 1024 * 1024


class Kind(NamedTuple):
    content_type: str
    suffix: str
    max_bytes: int


KINDS = (
    Kind("application/pdf", "pdf", 50 * _MB),
    Kind("image/png", "png", 20 * _MB),
    Kind("image/jpeg", "jpg", 20 * _MB),
    Kind("image/gif", "gif", 20 * _MB),
    Kind("image/webp", "webp", 20 * _MB),
    Kind("image/avif", "avif", 20 * _MB),
    Kind("audio/mpeg", "mp3", 50 * _MB),
    Kind("video/mp4", "mp4", 200 * _MB),
    Kind("video/webm", "webm", 200 * _MB),
)
OF_TYPE = {kind.content_type: kind for kind in KINDS}
OF_SUFFIX = {kind.suffix: kind for kind in KINDS}
MAX_BYTES = max(kind.max_bytes for kind in KINDS)


class StoredFile(msgspec.Struct, frozen=True):
    """An uploaded file, as `codes` keeps it in Redis."""

    id: str
    workspace: int
    key: str
    name: str
    content_type: str
    size: int
    created_at_ms: int
    created_by: str = ""

    @property
    def path(self) -> str:
        """Where redirectors serve it, on every host."""
        return f"{PREFIX}{self.key}/{quote(self.name, safe='')}"


def kind_of(key: str) -> Kind | None:
    """None for what is no key."""
    found = _KEY.fullmatch(key)
    return OF_SUFFIX.get(found["suffix"]) if found else None


def parse_path(path: str) -> tuple[str, str] | None:
    """Key and name, from a decoded path; None when it is no file's."""
    if not path.startswith(PREFIX):
        return None
    key, slash, name = path[len(PREFIX) :].partition("/")
    return (key, name) if slash and kind_of(key) and _NAME.fullmatch(name) else None


def path_of(folder: Path, key: str) -> Path:
    return folder / key[:2] / key
