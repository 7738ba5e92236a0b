"""The entries of a file, CSV or JSON, as rows of named cells, whoever's export it is."""

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

import msgspec

from codes.importing import headers
from codes.importing.link import Row, Unreadable

# Whether entries with these columns (in small letters) are somebody's links.
Known = Callable[[frozenset[str]], bool]
Numbered = tuple[int, Row]

# How services say how many links there are, of which an answer holds a page.
_TOTALS = ("total", "totalItems", "total_links")
_LINK_N = re.compile(r"link_\d+")
_WHITE = re.compile(r"\s*")


def read_csv(content: str, known: Known, name: str | None) -> Iterator[Numbered]:
    """Entries are numbered by the line on which they begin. Without a line of names the columns are told by what the
    first line holds (`headers`), or not at all: no first line is taken for names that it is not. Raises Unreadable."""
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
        raise Unreadable(str(error)) from None


def _columns_of_csv(content: str, known: Known, name: str | None) -> tuple[str, list[str], bool]:
    """The delimiter with which the first line makes sense, the columns, and whether that line names them."""
    head = content.lstrip().split("\n", 1)[0]
    wrong: Unreadable | None = None
    for delimiter in sorted(",;\t", key=head.count, reverse=True):
        _, cells = next(_lines(content, delimiter), (0, []))
        names = [cell.strip().lower() for cell in cells]
        if headers.are_names(cells) and known(frozenset(names)):
            return delimiter, names, True
        try:
            return delimiter, headers.guessed(cells, name), False
        except Unreadable as error:
            wrong = wrong or error
    assert wrong is not None
    raise wrong


def _lines(content: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Those that hold anything, with the number on which each begins."""
    lines = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=False)
    before = 0
    for cells in lines:
        number, before = before + 1, lines.line_num
        if any(cell.strip() for cell in cells):
            yield number, cells


def read_json(content: str, known: Known, names: Collection[str]) -> tuple[list[Numbered], int]:
    """`names` are those under which services put their lists. The file may hold one answer of an API, a list of them
    or several one after the other, or the entries alone. Also returns how many links there are in all, as far as the
    answers say. Raises Unreadable."""
    try:
        documents = _documents(content)
        entries = _entries(documents[0] if len(documents) == 1 else documents, known, frozenset(names))
        total = max((_total(one) for document in documents for one in _answers(document)), default=0)
    except RecursionError:
        raise Unreadable("its JSON is nested too deep") from None
    rows: list[Numbered] = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise Unreadable(f"entry {number} is no object")
        rows.append((number, Row(_small(entry))))
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
            raise Unreadable(f"it begins as JSON and is none: {wrong}") from None
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
        raise Unreadable("the JSON has no list of links")
    if not isinstance(found, list):
        raise Unreadable("the JSON has no list of links")
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


def _small(entry: dict[str, Any]) -> dict[str, Any]:
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
