"""Export files of other services: recognize the format, and read the links entry by entry."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec

from codes.importing import bitly, chhoto, dub, file_reader, generic, kutt, shlink, yourls
from codes.importing.types import Entry, Link, LinkKey, NotImported, Row, UnreadableFile, UnusableEntry
from infra import clock

MAX_BYTES = 512 << 20


class Format(Protocol):
    NAME: str
    TITLE: str
    # Names of the list of entries in JSON, from the outside in.
    ENTRIES: tuple[str, ...]
    # Columns for the slug and for the destination; one of each is needed.
    COLUMNS: tuple[tuple[str, ...], tuple[str, ...]]
    # Columns that nobody misses when they are not imported.
    SILENT: frozenset[str]
    # What to call other columns that are not imported.
    WORDS: dict[str, str]

    def knows(self, columns: frozenset[str]) -> bool:
        """Return whether entries with these columns (in lower case) are certainly of this format."""

    def keys(self, row: Row) -> tuple[LinkKey, ...]:
        """Return all short addresses of the entry, the main one first. Raises UnusableEntry."""

    def link(self, row: Row) -> Link:
        """Raises UnusableEntry."""


_MODULES: tuple[Any, ...] = (bitly, shlink, yourls, kutt, dub, chhoto, generic)
# By name. The last one takes what no other knows.
FORMATS: dict[str, Format] = {module.NAME: module for module in _MODULES}


class Export:
    """A whole file. Entries are numbered as people count them, in CSV by the line on which they begin. `missing` is how
    many links of the service are not in the file, when only one page of an API's answer was saved."""

    def __init__(
        self,
        source: Path | bytes,
        name: str | None = None,
        now_ms: Callable[[], int] = clock.now_ms,
    ) -> None:
        """Raises UnreadableFile, OSError."""
        try:
            content = (source if isinstance(source, bytes) else _read(source)).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UnreadableFile(f"it is not text in UTF-8 (at byte {error.start})") from None
        total = 0
        if content.lstrip()[:1] in ("{", "["):
            names = {entries for one in FORMATS.values() for entries in one.ENTRIES}
            self.rows, total = file_reader.read_json(content, _is_known, names)
        else:
            self.rows = list(file_reader.read_csv(content, _names_columns if name else _is_known, name))
        self.missing = max(0, total - len(self.rows))
        columns = frozenset(column for _, row in self.rows[:50] for column in row.names)
        self.format = _recognized(columns) if name is None else FORMATS[name]
        self._now_ms = now_ms

    def __len__(self) -> int:
        return len(self.rows)

    def entries(self) -> Iterator[Entry]:
        for number, row in self.rows:
            keys: tuple[LinkKey, ...] = ()
            try:
                keys = self._keys(row)
                yield Entry(number, keys, self._link(row))
            except UnusableEntry as error:
                yield Entry(number, keys, str(error))
            except RecursionError:
                yield Entry(number, keys, "it is nested too deep")

    def _keys(self, row: Row) -> tuple[LinkKey, ...]:
        keys = self.format.keys(row)
        if not all(key.slug for key in keys):
            raise UnusableEntry("no slug")
        return keys

    def _link(self, row: Row) -> Link:
        if row.surplus:
            raise UnusableEntry("it has more cells than there are columns: a comma in a text without quotes?")
        link = self.format.link(row)
        if not link.destination:
            raise UnusableEntry("no destination")
        lost = [*link.left_out]
        if link.variants and link.variants_until_ms is not None:
            if link.variants_until_ms <= self._now_ms():
                link = msgspec.structs.replace(link, variants=())
            else:
                lost.append(NotImported("the end of a test of variants"))
        words = self.format.WORDS
        lost += (NotImported(words.get(name, name)) for name in row.unread() if name not in self.format.SILENT)
        return msgspec.structs.replace(link, left_out=tuple(dict.fromkeys(lost)))


def _read(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableFile(f"the file is larger than {MAX_BYTES >> 20} MiB: split it")
    return path.read_bytes()


def _is_known(columns: frozenset[str]) -> bool:
    return any(one.knows(columns) for one in FORMATS.values())


def _names_columns(columns: frozenset[str]) -> bool:
    """Return whether any format finds a slug and a destination in these columns."""
    return any(columns & set(slugs) and columns & set(destinations) for slugs, destinations in _columns())


def _columns() -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    return (one.COLUMNS for one in FORMATS.values())


def _recognized(columns: frozenset[str]) -> Format:
    for one in FORMATS.values():
        if one.knows(columns):
            return one
    raise UnreadableFile(
        f"no known export has the columns {', '.join(sorted(columns)) or '(none)'}:"
        " a CSV of your own needs `slug` and `destination`"
    )
