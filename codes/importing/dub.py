"""Dub: the CSV of its links, with the columns' names or their titles, or what its API answers at `/links`."""

from codes.importing import cells, generic
from codes.importing.link import Link, Row, Unusable
from schemas.scan_options import Apps

NAME = "dub"
TITLE = "Dub: its CSV, or the JSON of its API"
ENTRIES = ("links", "data")


def knows(columns: frozenset[str]) -> bool:
    return {"domain", "key", "url"} <= columns or (
        {"short link", "destination url"} <= columns and not columns & {"engagements", "slug"}
    )


def link(row: Row) -> Link:
    if cells.text(row, "password", "passwordenabledat").lower() not in {"", "false"}:
        raise Unusable("it has a password, which the export does not say")
    host, slug = cells.host(cells.text(row, "domain")), cells.text(row, "key")
    if not slug:
        host, slug = cells.place(cells.text(row, "shortlink", "short link", "link"))
    ios, android = cells.text(row, "ios"), cells.text(row, "android")
    countries = [name for name in row if name.startswith("geo") and cells.text(row, name)]
    return Link(
        slug=slug,
        host=host,
        destination=cells.text(row, "url", "destination url"),
        label=cells.text(row, "title", "comments", "description") or None,
        tags=cells.words(row, "tags"),
        paused=cells.is_true(row, "archived"),
        expires_at_ms=cells.time_ms(row, "expiresat", "expires at"),
        expired_destination=cells.text(row, "expiredurl", "expired url") or None,
        # (Its destination holds them already; to add them again would double them.)
        utm={} if "utm_" in cells.text(row, "url", "destination url") else generic.utm(row),
        apps=Apps(ios=ios, android=android) if ios or android else None,
        left_out=(
            *cells.said(row, clicks="clicks", the_time_it_was_made="createdat"),
            *(("its destinations by country",) if countries else ()),
        ),
    )
