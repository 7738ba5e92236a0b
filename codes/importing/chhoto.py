"""Chhoto URL: what its API answers at `/api/all`."""

from codes.importing import history, parsing
from codes.importing.types import Link, LinkKey, Row

NAME = "chhoto"
TITLE = "Chhoto URL: the JSON of its API"
ENTRIES = ("links",)
COLUMNS = (("shortlink",), ("longlink",))
SILENT: frozenset[str] = frozenset()
WORDS: dict[str, str] = {}


def knows(columns: frozenset[str]) -> bool:
    return {"shortlink", "longlink"} <= columns


def keys(row: Row) -> tuple[LinkKey, ...]:
    return (LinkKey("", parsing.text(row, "shortlink")),)


def link(row: Row) -> Link:
    """An expiry of 0 is none."""
    ends = parsing.text(row, "expiry_time")
    return Link(
        destination=parsing.text(row, "longlink"),
        label=parsing.text(row, "notes") or None,
        expires_at_ms=parsing.time_ms(row, "expiry_time") if ends != "0" else None,
        history=history.of_total(row, "hits"),
    )
