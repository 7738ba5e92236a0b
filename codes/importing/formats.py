"""Reading an export: CSV or JSON, its format said or seen from its columns, entry by entry."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import msgspec

from codes.importing import bitly, dub, generic, kutt, shlink, yourls
from codes.importing.link import Link, Row, Unusable

MAX_BYTES = 512 << 20


class Format(Protocol):
    NAME: str
    TITLE: str
    # Where the entries are in JSON, from the outside in.
    ENTRIES: tuple[str, ...]

    def knows(self, columns: frozenset[str]) -> bool:
        """Whether entries with these columns (in small letters) are surely this format's."""

    def link(self, row: Row) -> Link:
        """Raises Unusable."""


_MODULES: tuple[Any, ...] = (bitly, shlink, yourls, kutt, dub, generic)
# By name. The last one is the one for whatever is not known.
FORMATS: dict[str, Format] = {module.NAME: module for module in _MODULES}


class Unreadable(Exception):
    """Not an export that can be read."""


class Export:
    """A whole file. Entries are numbered as people count them: in CSV by the line on which they begin."""

    def __init__(self, path: Path, name: str | None = None) -> None:
        """Raises Unreadable, OSError."""
        if path.stat().st_size > MAX_BYTES:
            raise Unreadable(f"the file is larger than {MAX_BYTES >> 20} MiB: split it")
        try:
            content = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Unreadable(f"it is not text in UTF-8 (at byte {error.start})") from None
        begins = content.lstrip()[:1]
        self.rows = list(_json(content) if begins in ("{", "[") else _csv(content))
        columns = frozenset(column for _, row in self.rows[:50] for column in row)
        if name is not None:
            self.format = FORMATS[name]
        else:
            self.format = _recognized(columns)

    def __len__(self) -> int:
        return len(self.rows)

    def entries(self) -> Iterator[tuple[int, Link | Unusable]]:
        for number, row in self.rows:
            try:
                yield number, _whole(self.format.link(row))
            except Unusable as error:
                yield number, error
            except RecursionError:
                yield number, Unusable("it is nested too deep")


def _whole(link: Link) -> Link:
    if not link.slug:
        raise Unusable("no slug")
    if not link.destination:
        raise Unusable("no destination")
    return link


def _recognized(columns: frozenset[str]) -> Format:
    for one in FORMATS.values():
        if one.knows(columns):
            return one
    raise Unreadable(
        f"no known export has the columns {', '.join(sorted(columns)) or '(none)'}:"
        " a CSV of your own needs `slug` and `destination`"
    )


def _csv(content: str) -> Iterator[tuple[int, Row]]:
    first = content.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(1 << 20)
    lines = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=False)
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        before = lines.line_num
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield before + 1, dict(zip(header, cells, strict=False))
            before = lines.line_num
    except csv.Error as error:
        raise Unreadable(f"line {lines.line_num}: {error}") from None


def _json(content: str) -> Iterator[tuple[int, Row]]:
    try:
        found: Any = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise Unreadable(f"it begins as JSON and is none: {error}") from None
    except RecursionError:
        raise Unreadable("its JSON is nested too deep") from None
    names = {name for one in FORMATS.values() for name in one.ENTRIES}
    while isinstance(found, dict):
        inside = [found[name] for name in found if name in names]
        if not inside:
            raise Unreadable("the JSON has no list of links")
        found = inside[0]
    if not isinstance(found, list):
        raise Unreadable("the JSON has no list of links")
    for number, entry in enumerate(found, 1):
        if not isinstance(entry, dict):
            raise Unreadable(f"entry {number} is no object")
        yield number, {str(name).lower(): value for name, value in entry.items()}
