"""Bitly: the CSV of its links page, or what its API answers at `/groups/{group}/bitlinks`."""

from codes.importing import cells
from codes.importing.link import Link, Row, Unusable

NAME = "bitly"
TITLE = "Bitly: the CSV of its links page, or the JSON of its API"
ENTRIES = ("links",)


def knows(columns: frozenset[str]) -> bool:
    return (
        {"link", "destination url", "engagements"} <= columns
        or {"bitlink", "long url"} <= columns
        or ({"long_url", "custom_bitlinks"} <= columns)
    )


def link(row: Row) -> Link:
    """The custom back-half is the one that is printed; the drawn one keeps working at Bitly alone."""
    custom = cells.words(row, "custom_bitlinks", "custom link")
    drawn = cells.text(row, "link", "bitlink", "id")
    host, slug = cells.place(custom[0] if custom else drawn)
    if not cells.text(row, "destination url", "long url", "long_url"):
        raise Unusable("no destination: a page or a file at Bitly cannot be brought along")
    left_out = cells.said(row, clicks="engagements", the_time_it_was_made="date created")
    if len(custom) > 1 or (custom and drawn and cells.place(drawn)[1] != slug):
        left_out = (*left_out, "its other back-halves")
    return Link(
        slug=slug,
        host=host,
        destination=cells.text(row, "destination url", "long url", "long_url"),
        label=cells.text(row, "title") or None,
        tags=cells.words(row, "tags"),
        expires_at_ms=cells.time_ms(row, "expiration_at"),
        left_out=left_out,
    )
