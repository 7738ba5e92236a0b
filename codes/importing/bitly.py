"""Bitly: the CSV of its links page, or what its API answers at `/groups/{group}/bitlinks`."""

from codes.importing import history, parsing
from codes.importing.types import Link, LinkKey, NotImported, Row, UnusableEntry

NAME = "bitly"
TITLE = "Bitly: the CSV of its links page, or the JSON of its API"
ENTRIES = ("links",)
COLUMNS = (("link", "bitlink", "id", "custom_bitlinks", "custom link"), ("destination url", "long url", "long_url"))
SILENT = frozenset({"id", "created_by", "client_id", "references", "units", "unit", "unit_reference"})
WORDS = {
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
    """All back-halves of a link lead to it. Custom ones come first, since they are printed; the random one may be."""
    custom = parsing.words(row, "custom_bitlinks", "custom link")
    drawn = parsing.text(row, "link", "bitlink", "id")
    return tuple(dict.fromkeys(parsing.link_key(one) for one in (*custom, drawn) if one))


def link(row: Row) -> Link:
    status = parsing.text(row, "status").lower()
    if parsing.is_true(row, "is_deleted") or status == "deleted":
        raise UnusableEntry("it was deleted there")
    destination = parsing.text(row, *COLUMNS[1])
    if not destination:
        raise UnusableEntry("no destination: a page or a file at Bitly cannot be imported")
    return Link(
        destination=destination,
        label=parsing.text(row, "title") or None,
        tags=parsing.words(row, "tags"),
        expires_at_ms=parsing.time_ms(row, "expiration_at"),
        left_out=(NotImported("status", status),) if status not in {"", "active"} else (),
        history=history.beside(history.of_days(row.get("link_clicks")), history.total(row, "engagements", "clicks")),
    )
