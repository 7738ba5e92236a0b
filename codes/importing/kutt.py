"""Kutt: what its API answers at `/api/v2/links`, or its table of links as CSV."""

from codes.importing import cells
from codes.importing.link import Link, LinkKey, Row, Unusable, says_something

NAME = "kutt"
TITLE = "Kutt: the JSON of its API, or its table of links as CSV"
ENTRIES = ("data", "list")
COLUMNS = (("address", "link"), ("target",))
SILENT = frozenset({"id", "uuid", "user_id", "domain_id", "banned_by_id", "updated_at", "link"})
WORDS = {"visit_count": "visits", "created_at": "the time it was made"}


def knows(columns: frozenset[str]) -> bool:
    return {"address", "target"} <= columns


def keys(row: Row) -> tuple[LinkKey, ...]:
    """The domain is null for the default one, which the link still names."""
    whole, address = cells.text(row, "link"), cells.text(row, "address")
    if not address:
        return (cells.link_key(whole),)
    host = cells.host(cells.text(row, "domain")) or (cells.host(whole) if whole else "")
    return (LinkKey(host, address),)


def link(row: Row) -> Link:
    if cells.is_true(row, "banned"):
        raise Unusable("it was banned there")
    if says_something(row.get("password")):
        raise Unusable("it has a password, which the export does not say")
    return Link(
        destination=cells.text(row, "target"),
        label=cells.text(row, "description") or None,
        expires_at_ms=cells.time_ms(row, "expire_in"),
    )
