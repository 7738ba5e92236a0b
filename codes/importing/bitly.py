"""Bitly: the CSV of its links page, or what its API answers at `/groups/{group}/bitlinks`."""

from codes.importing import cells
from codes.importing.link import LeftOut, Link, LinkKey, Row, Unusable

NAME = "bitly"
TITLE = "Bitly: the CSV of its links page, or the JSON of its API"
ENTRIES = ("links",)
COLUMNS = (("link", "bitlink", "id", "custom_bitlinks", "custom link"), ("destination url", "long url", "long_url"))
SILENT = frozenset({"id", "created_by", "client_id", "references"})
WORDS = {
    "engagements": "clicks",
    "date created": "the time it was made",
    "created_at": "the time it was made",
    "deeplinks": "links into apps",
    "launchpad_ids": "pages that show it",
    "campaign_ids": "campaigns",
    "archived": "that it is archived",
}


def knows(columns: frozenset[str]) -> bool:
    return (
        {"link", "destination url", "engagements"} <= columns
        or {"bitlink", "long url"} <= columns
        or ({"long_url", "custom_bitlinks"} <= columns)
    )


def keys(row: Row) -> tuple[LinkKey, ...]:
    """All back-halves of a link lead to it. A custom one is the one that is printed; the one that was drawn may be."""
    custom = cells.words(row, "custom_bitlinks", "custom link")
    drawn = cells.text(row, "link", "bitlink", "id")
    return tuple(dict.fromkeys(cells.link_key(one) for one in (*custom, drawn) if one))


def link(row: Row) -> Link:
    status = cells.text(row, "status").lower()
    if cells.is_true(row, "is_deleted") or status == "deleted":
        raise Unusable("it was deleted there")
    destination = cells.text(row, *COLUMNS[1])
    if not destination:
        raise Unusable("no destination: a page or a file at Bitly cannot be brought along")
    return Link(
        destination=destination,
        label=cells.text(row, "title") or None,
        tags=cells.words(row, "tags"),
        expires_at_ms=cells.time_ms(row, "expiration_at"),
        left_out=(LeftOut("status", status),) if status not in {"", "active"} else (),
    )
