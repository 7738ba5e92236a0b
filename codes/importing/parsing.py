"""Parse cells of exports: texts, booleans, times, lists and links."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from codes.importing.types import LinkKey, Row, UnusableEntry, is_empty

_TRUE = {"true", "t", "1", "yes", "on"}
_NUMERIC_ZONE = re.compile(r"([+-]\d\d)(\d\d)$")
# Unix seconds: some exports write times like this.
_SECONDS = re.compile(r"[0-9]{9,11}")


def text(row: Row, *names: str) -> str:
    """Return the first of these columns that says something, trimmed."""
    for name in names:
        value = row.get(name)
        if value is not None and not isinstance(value, dict | list):
            found = str(value).strip()
            if not is_empty(found):
                return found
    return ""


def is_true(row: Row, *names: str) -> bool:
    return text(row, *names).lower() in _TRUE


def number(row: Row, *names: str) -> int | None:
    found = text(row, *names)
    if not found:
        return None
    if not found.isdecimal():
        raise UnusableEntry(f"{names[0]}: {found!r} is not a number")
    return int(found)


def time_ms(row: Row, *names: str) -> int | None:
    """Return Unix milliseconds from an ISO time (UTC if it has no zone) or from Unix seconds."""
    found = text(row, *names)
    if not found:
        return None
    if _SECONDS.fullmatch(found):
        return int(found) * 1000
    try:
        at = datetime.fromisoformat(_NUMERIC_ZONE.sub(r"\1:\2", found.replace("Z", "+00:00")))
    except ValueError:
        raise UnusableEntry(f"{names[0]}: {found!r} is not a time") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def words(row: Row, *names: str) -> tuple[str, ...]:
    """Return the words of a JSON list (of texts, or of objects with a name), or of a cell with `|`, `;` or commas."""
    for name in names:
        value: Any = row.get(name)
        if isinstance(value, str) and value.lstrip().startswith("["):
            with suppress(msgspec.DecodeError):
                value = msgspec.json.decode(value)
        if isinstance(value, list):
            found = [str(one.get("name", "")) if isinstance(one, dict) else str(one) for one in value]
            return tuple(word.strip() for word in found if word.strip())
        if isinstance(value, str) and not is_empty(value):
            between = next((mark for mark in "|;" if mark in value), ",")
            return tuple(word.strip() for word in value.split(between) if word.strip())
    return ()


def link_key(link: str) -> LinkKey:
    """Parse a short link, with or without its scheme. Raises UnusableEntry."""
    split = _split(link)
    slug = unquote(split.path.strip("/"))
    if not split.hostname or not slug:
        raise UnusableEntry(f"{link!r} is not a short link")
    return LinkKey(split.hostname, slug)


def host(domain: str) -> str:
    """Return the host of a domain column: a name, or the base of links."""
    return _split(domain).hostname or ""


def _split(link: str) -> Any:
    try:
        split = urlsplit(link if "//" in link else f"//{link}")
        _ = split.hostname
    except ValueError:
        raise UnusableEntry(f"{link!r} is not a short link") from None
    return split
