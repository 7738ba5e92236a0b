"""Shlink: the CSV of its web client, or what its API answers at `/rest/v3/short-urls`."""

from codes.importing import cells
from codes.importing.link import Link, Row

NAME = "shlink"
TITLE = "Shlink: the CSV of its web client, or the JSON of its API"
ENTRIES = ("shortUrls", "data")


def knows(columns: frozenset[str]) -> bool:
    return {"shorturl", "longurl"} <= columns and bool(columns & {"visits", "shortcode", "visitssummary"})


def link(row: Row) -> Link:
    host, slug = cells.place(cells.text(row, "shorturl")) if cells.text(row, "shorturl") else ("", "")
    meta = row.get("meta")
    limits = {str(name).lower(): value for name, value in meta.items()} if isinstance(meta, dict) else row
    return Link(
        slug=cells.text(row, "shortcode") or slug,
        host=cells.text(row, "domain") or host,
        destination=cells.text(row, "longurl"),
        label=cells.text(row, "title") or None,
        tags=cells.words(row, "tags"),
        starts_at_ms=cells.time_ms(limits, "validsince"),
        expires_at_ms=cells.time_ms(limits, "validuntil"),
        scan_limit=cells.number(limits, "maxvisits"),
        left_out=(
            *cells.said(row, visits="visits", the_time_it_was_made="createdat"),
            *(("its redirect rules",) if cells.is_true(row, "hasredirectrules") else ()),
        ),
    )
