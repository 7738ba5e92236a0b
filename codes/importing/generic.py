"""CSV by hand: a column for the slug (or the short link) and one for the destination; the rest is welcome."""

from codes.importing import cells
from codes.importing.link import LeftOut, Link, LinkKey, Row

NAME = "csv"
TITLE = "CSV with columns of your own"
ENTRIES = ("links", "data")
SLUG = ("slug", "short code", "shortcode", "keyword", "back-half", "backhalf", "alias")
SHORT = ("short link", "short url", "short_url", "shorturl", "link")
DESTINATION = ("destination", "destination url", "url", "long url", "long_url", "longurl", "target")
PAUSED = frozenset({"paused", "inactive", "disabled", "archived"})
COLUMNS = ((*SLUG, *SHORT), DESTINATION)
SILENT: frozenset[str] = frozenset()
WORDS = {"hits": "clicks"}


def knows(columns: frozenset[str]) -> bool:
    return bool(columns & {*SLUG, *SHORT}) and bool(columns & set(DESTINATION))


def keys(row: Row) -> tuple[LinkKey, ...]:
    host = cells.host(cells.text(row, "domain", "host"))
    slug = cells.text(row, *SLUG)
    first = LinkKey(host, slug) if slug else cells.link_key(cells.text(row, *SHORT))
    others = (LinkKey(first.host, one.strip("/")) for one in cells.words(row, "aliases"))
    return tuple(dict.fromkeys((first, *others)))


def link(row: Row) -> Link:
    status = cells.text(row, "status").lower()
    return Link(
        destination=cells.text(row, *DESTINATION),
        label=cells.text(row, "label", "title", "name") or None,
        tags=cells.words(row, "tags"),
        paused=status in PAUSED,
        starts_at_ms=cells.time_ms(row, "starts_at", "starts at"),
        expires_at_ms=cells.time_ms(row, "expires_at", "expires at", "expires"),
        expired_destination=cells.text(row, "expired_destination") or None,
        scan_limit=cells.number(row, "scan_limit", "max visits"),
        utm=utm(row),
        left_out=(LeftOut("status", status),) if status not in {"", "active", "enabled", *PAUSED} else (),
    )


def utm(row: Row) -> dict[str, str]:
    """Columns that several services name alike."""
    names = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
    return {name: value for name in names if (value := cells.text(row, name, name.replace("_", " ")))}
