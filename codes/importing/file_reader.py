"""Read the entries of a CSV or JSON file, of any service, as rows of named cells.

A CSV without a header (phpMyAdmin and `SELECT … INTO OUTFILE` write none) is recognized by its first line, if that can
be read in one way only.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

import msgspec

from codes.importing import generic, yourls
from codes.importing.types import Row, UnreadableFile

# Whether entries with these columns (in lower case) are links of a known service.
Known = Callable[[frozenset[str]], bool]
Numbered = tuple[int, Row]

# How services name the total of links, of which an answer holds a page.
_TOTALS = ("total", "totalItems", "total_links")
_LINK_N = re.compile(r"link_\d+")
_WHITE = re.compile(r"\s*")
_WEB = re.compile(r"\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_TIME = re.compile(r"\s*\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
_WHOLE = re.compile(r"\s*\d+\s*")


def read_csv(content: str, known: Known, name: str | None) -> Iterator[Numbered]:
    """Yield the rows of a CSV, numbered by the line on which they begin. Raises UnreadableFile, also for a file without
    a header whose columns can be read in several ways."""
    csv.field_size_limit(1 << 20)
    try:
        delimiter, columns, named = _columns_of_csv(content, known, name)
        for number, cells in _lines(content, delimiter):
            if named:
                named = False
                continue
            surplus = any(cell.strip() for cell in cells[len(columns) :])
            yield number, Row(dict(zip(columns, cells, strict=False)), surplus)
    except csv.Error as error:
        raise UnreadableFile(str(error)) from None


def _columns_of_csv(content: str, known: Known, name: str | None) -> tuple[str, list[str], bool]:
    """Return the delimiter with which the first line makes sense, the columns, and whether that line names them."""
    head = content.lstrip().split("\n", 1)[0]
    wrong: UnreadableFile | None = None
    for delimiter in sorted(",;\t", key=head.count, reverse=True):
        _, cells = next(_lines(content, delimiter), (0, []))
        names = [cell.strip().lower() for cell in cells]
        if _are_names(cells) and known(frozenset(names)):
            return delimiter, names, True
        try:
            return delimiter, _guess_columns(cells, name), False
        except UnreadableFile as error:
            wrong = wrong or error
    assert wrong is not None
    raise wrong


def _lines(content: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that hold anything, with the number on which each begins."""
    lines = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=False)
    before = 0
    for cells in lines:
        number, before = before + 1, lines.line_num
        if any(cell.strip() for cell in cells):
            yield number, cells


def _are_names(cells: list[str]) -> bool:
    """Return whether these may be names of columns: none is an address."""
    return not any(_WEB.match(cell) for cell in cells)


def _guess_columns(cells: list[str], name: str | None) -> list[str]:
    """Name the columns by the first line; `name` is the format, if the user gave one. Raises UnreadableFile for a line
    that can be read in two ways."""
    web = [at for at, cell in enumerate(cells) if _WEB.match(cell)]
    if not web:
        shown = ", ".join(sorted(cell.strip().lower() for cell in cells)) or "(none)"
        raise UnreadableFile(
            f"no known export has the columns {shown}: a CSV of your own needs `slug` and `destination`, and one"
            " without names of columns addresses that begin with https://"
        )
    if name in (None, yourls.NAME) and _is_yourls(cells):
        return [*yourls.TABLE, *_rest(cells, len(yourls.TABLE))]
    if name not in (None, generic.NAME, yourls.NAME):
        raise UnreadableFile(f"its first line does not name the columns, which {name} has in no known order")
    if not (_is_pair(cells, web) or (_is_pair(cells[:2], web) and len(cells) == 3 and _WHOLE.fullmatch(cells[2]))):
        raise UnreadableFile(
            "its first line does not name the columns, and they can be read in several ways:"
            " put a line like `slug,destination` before it"
        )
    return _of_two(cells, web, name)


def _is_yourls(cells: list[str]) -> bool:
    """keyword, url, title, timestamp, ip, clicks; plugins add to the right."""
    return (
        len(cells) >= len(yourls.TABLE)
        and not _WEB.match(cells[0])
        and bool(_WEB.match(cells[1]) and _TIME.match(cells[3]) and _WHOLE.fullmatch(cells[5]))
    )


def _is_pair(cells: list[str], web: list[int]) -> bool:
    """A slug and a destination, in either order, or two addresses."""
    return len(cells) == 2 and all(at < 2 for at in web)


def _of_two(cells: list[str], web: list[int], name: str | None) -> list[str]:
    """Slug and destination in either order, or the short link and then the destination; perhaps with the clicks."""
    if len(web) == 2:
        short, long = web
    else:
        long = web[0]
        short = 0 if long else 1
    names = _rest(cells, 0)
    if name == yourls.NAME:
        names[short], names[long] = "source", "target"
    else:
        names[short] = "short link" if len(web) == 2 else "slug"
        names[long] = "destination"
    for at, cell in enumerate(cells):
        if at not in (short, long) and _WHOLE.fullmatch(cell):
            names[at] = "clicks"
    return names


def _rest(cells: list[str], start: int) -> list[str]:
    return [f"column {at + 1}" for at in range(start, len(cells))]


def read_json(content: str, known: Known, names: Collection[str]) -> tuple[list[Numbered], int]:
    """Return the rows, and the total of links as far as the answers say. The file may hold one answer of an API, a list
    of answers, several one after the other, or the entries alone. `names` are those that services give their lists.
    Raises UnreadableFile."""
    try:
        documents = _documents(content)
        entries = _entries(documents[0] if len(documents) == 1 else documents, known, frozenset(names))
        total = max((_total(one) for document in documents for one in _answers(document)), default=0)
    except RecursionError:
        raise UnreadableFile("its JSON is nested too deep") from None
    rows: list[Numbered] = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise UnreadableFile(f"entry {number} is no object")
        rows.append((number, Row(_lower_case(entry))))
    return rows, total


def _documents(content: str) -> list[Any]:
    try:
        return [msgspec.json.decode(content)]
    except msgspec.DecodeError as error:
        return _one_by_one(content, str(error))


def _one_by_one(content: str, wrong: str) -> list[Any]:
    """Answers that were appended to one file."""
    decoder = json.JSONDecoder()
    found: list[Any] = []
    at = _after_white(content, 0)
    while at < len(content):
        try:
            one, at = decoder.raw_decode(content, at)
        except ValueError:
            raise UnreadableFile(f"it begins as JSON and is none: {wrong}") from None
        found.append(one)
        at = _after_white(content, at)
    return found


def _after_white(content: str, at: int) -> int:
    found = _WHITE.match(content, at)
    return found.end() if found else at


def _entries(found: Any, known: Known, names: frozenset[str]) -> list[Any]:
    if isinstance(found, dict):
        inside = _inside(found, names)
        if inside is not None:
            return _entries(inside, known, names)
        if found and all(_LINK_N.fullmatch(name) for name in found):
            # YOURLS: link_1, link_2, …
            return list(found.values())
        if known(_columns([found])):
            return [found]
        raise UnreadableFile("the JSON has no list of links")
    if not isinstance(found, list):
        raise UnreadableFile("the JSON has no list of links")
    pages = [one for one in found if isinstance(one, dict) and _inside(one, names) is not None]
    if not pages:
        return found
    parts = [_entries(one, known, names) for one in pages]
    # phpMyAdmin writes a database's tables one after the other; those that are no links are none.
    links = [part for part in parts if known(_columns(part))]
    alone = [one for one in found if isinstance(one, dict) and known(_columns([one]))]
    return [entry for part in (links or parts) for entry in part] + alone


def _inside(found: dict[str, Any], names: frozenset[str]) -> Any:
    return next((value for name, value in found.items() if name in names and isinstance(value, list | dict)), None)


def _lower_case(entry: dict[str, Any]) -> dict[str, Any]:
    return {str(name).lower(): value for name, value in entry.items()}


def _columns(entries: list[Any]) -> frozenset[str]:
    return frozenset(str(name).lower() for entry in entries[:50] if isinstance(entry, dict) for name in entry)


def _answers(document: Any) -> Iterator[dict[str, Any]]:
    """An answer, and what it holds beside its entries: `pagination`, `stats`."""
    for one in document if isinstance(document, list) else [document]:
        if isinstance(one, dict):
            yield one
            for name in ("pagination", "stats", "shortUrls"):
                if isinstance(one.get(name), dict):
                    yield from _answers(one[name])


def _total(answer: dict[str, Any]) -> int:
    found = (str(answer.get(name)) for name in _TOTALS)
    return max((int(one) for one in found if one.isdecimal()), default=0)
