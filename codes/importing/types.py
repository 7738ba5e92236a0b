"""What a reader makes of the entries of an export."""

from typing import Any

import msgspec

from codes.variants import NewRule, NewVariant
from schemas.imported import PastScans
from schemas.scan_options import Apps, Query

# Empty cells, and how programs write them.
_EMPTY = {"", "null", "none", "undefined", "n/a", "\\n"}
_NO = {"0", "0.0", "false", "f", "no", "off"}


class LinkKey(msgspec.Struct, frozen=True):
    """Host and slug of a short link; `host` is "" if the export does not say it."""

    host: str
    slug: str

    def __str__(self) -> str:
        return f"{self.host}/{self.slug}" if self.host else self.slug


class NotImported(msgspec.Struct, frozen=True):
    """Something of a link that is not imported: `what` it is, which is counted, and which one (`detail`)."""

    what: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.detail}" if self.detail else self.what


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link to import, without its short addresses. Its variants end at `variants_until_ms`; then the destination
    alone counts."""

    destination: str
    label: str | None = None
    tags: tuple[str, ...] = ()
    paused: bool = False
    starts_at_ms: int | None = None
    expires_at_ms: int | None = None
    expired_destination: str | None = None
    scan_limit: int | None = None
    password: str | None = None
    query: Query = "drop"
    variants: tuple[NewVariant, ...] = ()
    variants_until_ms: int | None = None
    rules: tuple[NewRule, ...] = ()
    apps: Apps | None = None
    utm: dict[str, str] = {}
    left_out: tuple[NotImported, ...] = ()
    history: tuple[PastScans, ...] = ()


class UnusableEntry(Exception):
    """An entry that cannot be imported; the text says why."""


class UnreadableFile(Exception):
    """The file is no readable export."""


class Entry(msgspec.Struct, frozen=True):
    """An entry of an export: its short addresses (the first is the main one), and the link or why it is unusable."""

    number: int
    keys: tuple[LinkKey, ...]
    found: Link | str


class Row:
    """The cells of one entry by their names in lower case. It records which cells were read, so that everything a
    reader does not use can be reported."""

    def __init__(self, cells: dict[str, Any], surplus: bool = False) -> None:
        self._cells = cells
        self._read: set[str] = set()
        # More cells than the header names.
        self.surplus = surplus

    def get(self, name: str) -> Any:
        self._read.add(name)
        return self._cells.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._cells)

    def unread(self) -> tuple[str, ...]:
        """Return the names of cells that say something and were not read."""
        return tuple(name for name, value in self._cells.items() if name not in self._read and says_something(value))


def says_something(value: Any) -> bool:
    """Return whether a value says anything: false, zero and empty do not."""
    if isinstance(value, dict):
        return any(map(says_something, value.values()))
    if isinstance(value, list):
        return bool(value)
    return bool(value) and str(value).strip().lower() not in _EMPTY | _NO


def is_empty(text: str) -> bool:
    return text.strip().lower() in _EMPTY
