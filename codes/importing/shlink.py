"""Shlink: the CSV of its web client, or what its API answers at `/rest/v3/short-urls`, with the answers of
`…/redirect-rules` put into the entries."""

from collections.abc import Mapping
from typing import Any

import msgspec

from codes.importing import cells, shlink_rules
from codes.importing.link import LeftOut, Link, LinkKey, Row, says_something

NAME = "shlink"
TITLE = "Shlink: the CSV of its web client, or the JSON of its API"
ENTRIES = ("shortUrls", "data")
COLUMNS = (("shortcode", "shorturl"), ("longurl",))
SILENT = frozenset({"shorturl"})
WORDS = {
    "createdat": "the time it was made",
    "datecreated": "the time it was made",
    "visitssummary": "visits",
    "visitscount": "visits",
    "crawlable": "that search engines may list it",
}
# (At Shlink the query is passed on unless somebody turned that off for a link.)
_NOT_IN_CSV = LeftOut("rules, dates, limits and forwarding of the query, which the CSV does not hold")


def knows(columns: frozenset[str]) -> bool:
    return {"shorturl", "longurl"} <= columns and bool(columns & {"visits", "shortcode", "visitssummary"})


def keys(row: Row) -> tuple[LinkKey, ...]:
    """The domain is null for the default one, which the link still names. Slugs may have several parts."""
    whole = cells.text(row, "shorturl")
    named = cells.link_key(whole) if whole else LinkKey("", "")
    return (LinkKey(cells.text(row, "domain") or named.host, cells.text(row, "shortcode").strip("/") or named.slug),)


def link(row: Row) -> Link:
    meta = row.get("meta")
    limits = Row({str(name).lower(): value for name, value in meta.items()}) if isinstance(meta, dict) else row
    visits = _visits(row)
    most = cells.number(limits, "maxvisits")
    rules, lost = shlink_rules.read(row)
    found = Link(
        destination=cells.text(row, "longurl"),
        label=cells.text(row, "title") or None,
        tags=cells.words(row, "tags"),
        starts_at_ms=cells.time_ms(limits, "validsince"),
        expires_at_ms=cells.time_ms(limits, "validuntil"),
        scan_limit=most,
        query="append" if cells.is_true(row, "forwardquery") else "drop",
        rules=rules,
        left_out=lost if "forwardquery" in row.names or "meta" in row.names else (*lost, _NOT_IN_CSV),
    )
    return found if most is None or not visits else _without_used(found, most, visits)


def _without_used(link: Link, most: int, visits: int) -> Link:
    """What is used up there stays so: the limit is what is left of it."""
    if visits < most:
        return msgspec.structs.replace(link, scan_limit=most - visits)
    return msgspec.structs.replace(
        link, paused=True, left_out=(*link.left_out, LeftOut("a limit of visits that is used up (paused)", str(most)))
    )


def _visits(row: Row) -> int:
    """(Not read from the row, so that they are told as left out.)"""
    summary = row.peek("visitssummary")
    total: Any = summary.get("total") if isinstance(summary, Mapping) else None
    for value in (total, row.peek("visitscount"), row.peek("visits")):
        if says_something(value) and str(value).isdecimal():
            return int(value)
    return 0
