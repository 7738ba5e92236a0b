"""Chhoto URL: what its API answers at `/api/all`."""

from codes.importing import cells
from codes.importing.link import Link, LinkKey, Row

NAME = "chhoto"
TITLE = "Chhoto URL: the JSON of its API"
ENTRIES = ("links",)
COLUMNS = (("shortlink",), ("longlink",))
SILENT: frozenset[str] = frozenset()
WORDS: dict[str, str] = {}


def knows(columns: frozenset[str]) -> bool:
    return {"shortlink", "longlink"} <= columns


def keys(row: Row) -> tuple[LinkKey, ...]:
    return (LinkKey("", cells.text(row, "shortlink")),)


def link(row: Row) -> Link:
    """(An end of 0 is none.)"""
    ends = cells.text(row, "expiry_time")
    return Link(
        destination=cells.text(row, "longlink"),
        label=cells.text(row, "notes") or None,
        expires_at_ms=cells.time_ms(row, "expiry_time") if ends != "0" else None,
    )
