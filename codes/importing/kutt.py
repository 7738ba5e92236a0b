"""Kutt: what its API answers at `/api/v2/links`, or its table of links as CSV."""

from codes.importing import cells
from codes.importing.link import Link, Row, Unusable

NAME = "kutt"
TITLE = "Kutt: the JSON of its API, or its table of links as CSV"
ENTRIES = ("data", "list")


def knows(columns: frozenset[str]) -> bool:
    return {"address", "target"} <= columns


def link(row: Row) -> Link:
    if cells.is_true(row, "banned"):
        raise Unusable("it was banned there")
    if cells.text(row, "password").lower() not in {"", "false", "0"}:
        raise Unusable("it has a password, which the export does not say")
    host = cells.place(cells.text(row, "link"))[0] if cells.text(row, "link") else ""
    return Link(
        slug=cells.text(row, "address"),
        host=cells.host(cells.text(row, "domain")) or host,
        destination=cells.text(row, "target"),
        label=cells.text(row, "description") or None,
        expires_at_ms=cells.time_ms(row, "expire_in"),
        left_out=cells.said(row, visits="visit_count", the_time_it_was_made="created_at"),
    )
