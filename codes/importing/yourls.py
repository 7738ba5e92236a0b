"""YOURLS: its table of links as CSV or JSON (phpMyAdmin, other database tools), the CSV of the Import Export plugin, or
what its API answers to `action=stats`."""

from codes.importing import history, parsing
from codes.importing.types import Link, LinkKey, Row

NAME = "yourls"
TITLE = "YOURLS: its table of links as CSV or JSON, the plugin's CSV, or the JSON of its API"
ENTRIES = ("links", "data")
COLUMNS = (("keyword", "shorturl", "source"), ("url", "target"))
# The creator's IP address is in the export, too. It is ignored.
SILENT = frozenset({"ip"})
WORDS = {"timestamp": "the time it was made"}
# The columns of its table, in order.
TABLE = ("keyword", "url", "title", "timestamp", "ip", "clicks")


def knows(columns: frozenset[str]) -> bool:
    return {"keyword", "url", "clicks"} <= columns or (
        {"shorturl", "url", "clicks"} <= columns or {"source", "target", "hits"} <= columns
    )


def keys(row: Row) -> tuple[LinkKey, ...]:
    """The plugin writes `/keyword/`, the API the whole link."""
    if keyword := parsing.text(row, "keyword"):
        return (LinkKey("", keyword),)
    source = parsing.text(row, "source")
    if source and "//" not in source:
        return (LinkKey("", source.strip("/")),)
    return (parsing.link_key(source or parsing.text(row, "shorturl")),)


def link(row: Row) -> Link:
    return Link(
        destination=parsing.text(row, *COLUMNS[1]),
        label=parsing.text(row, "title") or None,
        history=history.of_total(row, "clicks", "hits"),
    )
