"""CSV with columns of your own: one for the slug or the short link, one for the destination, and optional ones."""

from codes.importing import history, parsing
from codes.importing.types import Link, LinkKey, NotImported, Row

NAME = "csv"
TITLE = "CSV with columns of your own"
ENTRIES = ("links", "data")
SLUG = ("slug", "short code", "shortcode", "keyword", "back-half", "backhalf", "alias")
SHORT = ("short link", "short url", "short_url", "shorturl", "link")
DESTINATION = ("destination", "destination url", "url", "long url", "long_url", "longurl", "target")
PAUSED = frozenset({"paused", "inactive", "disabled", "archived"})
COLUMNS = ((*SLUG, *SHORT), DESTINATION)
SILENT: frozenset[str] = frozenset()
WORDS: dict[str, str] = {}


def knows(columns: frozenset[str]) -> bool:
    return bool(columns & {*SLUG, *SHORT}) and bool(columns & set(DESTINATION))


def keys(row: Row) -> tuple[LinkKey, ...]:
    host = parsing.host(parsing.text(row, "domain", "host"))
    slug = parsing.text(row, *SLUG)
    first = LinkKey(host, slug) if slug else parsing.link_key(parsing.text(row, *SHORT))
    others = (LinkKey(first.host, one.strip("/")) for one in parsing.words(row, "aliases"))
    return tuple(dict.fromkeys((first, *others)))


def link(row: Row) -> Link:
    status = parsing.text(row, "status").lower()
    return Link(
        destination=parsing.text(row, *DESTINATION),
        label=parsing.text(row, "label", "title", "name") or None,
        tags=parsing.words(row, "tags"),
        paused=status in PAUSED,
        starts_at_ms=parsing.time_ms(row, "starts_at", "starts at"),
        expires_at_ms=parsing.time_ms(row, "expires_at", "expires at", "expires"),
        expired_destination=parsing.text(row, "expired_destination") or None,
        scan_limit=parsing.number(row, "scan_limit", "max visits"),
        utm=utm(row),
        history=history.of_total(row, "clicks", "hits", "visits", "scans"),
        left_out=(NotImported("status", status),) if status not in {"", "active", "enabled", *PAUSED} else (),
    )


def utm(row: Row) -> dict[str, str]:
    """Return the campaign columns, which several services name alike."""
    names = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
    return {name: value for name in names if (value := parsing.text(row, name, name.replace("_", " ")))}
