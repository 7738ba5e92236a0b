"""Kutt: what its API answers at `/api/v2/links`, or its table of links as CSV."""

from codes.importing import history, parsing
from codes.importing.types import Link, LinkKey, Row, UnusableEntry, says_something

NAME = "kutt"
TITLE = "Kutt: the JSON of its API, or its table of links as CSV"
ENTRIES = ("data", "list")
COLUMNS = (("address", "link"), ("target",))
SILENT = frozenset({"id", "uuid", "user_id", "domain_id", "banned_by_id", "updated_at", "link"})
WORDS = {"created_at": "the time it was made"}


def knows(columns: frozenset[str]) -> bool:
    return {"address", "target"} <= columns


def keys(row: Row) -> tuple[LinkKey, ...]:
    """The domain is null for the default one; the link names it."""
    whole, address = parsing.text(row, "link"), parsing.text(row, "address")
    if not address:
        return (parsing.link_key(whole),)
    host = parsing.host(parsing.text(row, "domain")) or (parsing.host(whole) if whole else "")
    return (LinkKey(host, address),)


def link(row: Row) -> Link:
    if parsing.is_true(row, "banned"):
        raise UnusableEntry("it was banned there")
    if says_something(row.get("password")):
        raise UnusableEntry("it has a password, which the export does not say")
    return Link(
        destination=parsing.text(row, "target"),
        label=parsing.text(row, "description") or None,
        expires_at_ms=parsing.time_ms(row, "expire_in"),
        history=history.of_total(row, "visit_count"),
    )
