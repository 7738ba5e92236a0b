"""YOURLS: its table of links as CSV, as export plugins and database tools write it."""

from codes.importing import cells
from codes.importing.link import Link, Row

NAME = "yourls"
TITLE = "YOURLS: its table of links as CSV or JSON"
ENTRIES = ("links", "data")


def knows(columns: frozenset[str]) -> bool:
    return {"keyword", "url", "clicks"} <= columns


def link(row: Row) -> Link:
    # The address of whoever made the link is in the export too. Nothing here looks at it.
    return Link(
        slug=cells.text(row, "keyword"),
        destination=cells.text(row, "url"),
        label=cells.text(row, "title") or None,
        left_out=cells.said(row, clicks="clicks", the_time_it_was_made="timestamp"),
    )
