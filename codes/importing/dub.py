"""Dub: the CSV of its links, with the columns' names or their titles, or what its API answers at `/links`."""

import json
from typing import Any

from codes import conditions
from codes.errors import Refused
from codes.importing import generic, history, parsing
from codes.importing.types import Link, LinkKey, NotImported, Row, UnusableEntry, says_something
from codes.variants import NewRule, NewVariant
from schemas.scan_options import Apps, Conditions

NAME = "dub"
TITLE = "Dub: its CSV, or the JSON of its API"
ENTRIES = ("links", "data")
COLUMNS = (("key", "shortlink", "short link", "link"), ("url", "destination url"))
SILENT = frozenset(
    {
        *("id", "shortlink", "qrcode", "userid", "workspaceid", "projectid", "updatedat", "updated at", "lastclicked"),
        *("tagid", "tagids", "teststartedat"),
        # In the destination already, or read elsewhere.
        *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
    }
)
WORDS = {
    "createdat": "the time it was made",
    "created at": "the time it was made",
    "image": "the preview's picture",
    "video": "the preview's video",
    "description": "the preview's text",
    "proxy": "the preview's own text and picture",
    "rewrite": "cloaking",
    "publicstats": "public statistics",
    "doindex": "that search engines may list it",
    "trackconversion": "tracking of conversions",
    "webhookids": "webhooks",
    "folderid": "folder",
    "externalid": "the id of your own",
    "saleamount": "sales",
    "partnerid": "partner",
    "programid": "partner program",
}
_IOS, _ANDROID = ("iOS", "iPadOS"), ("Android",)


def knows(columns: frozenset[str]) -> bool:
    return {"domain", "key", "url"} <= columns or (
        {"short link", "destination url"} <= columns and not columns & {"engagements", "slug"}
    )


def keys(row: Row) -> tuple[LinkKey, ...]:
    host, slug = parsing.host(parsing.text(row, "domain")), parsing.text(row, "key").strip("/")
    return (LinkKey(host, slug) if slug else parsing.link_key(parsing.text(row, "shortlink", "short link", "link")),)


def link(row: Row) -> Link:
    if parsing.text(row, "key") == "_root":
        raise UnusableEntry("it is the page of the domain itself, which has no slug")
    password = parsing.text(row, "password")
    if password.lower() in {"true", "false"}:
        password = ""
        locked = parsing.is_true(row, "password")
    else:
        locked = says_something(row.get("passwordenabledat"))
    if locked and not password:
        raise UnusableEntry("it has a password, which the export does not say")
    destination = parsing.text(row, "url", "destination url")
    rules, apps, lost = _targets(row)
    return Link(
        destination=destination,
        label=parsing.text(row, "title", "comments", "description") or None,
        tags=parsing.words(row, "tags"),
        # Dub still serves archived links; here they are paused, and one edit resumes them.
        paused=parsing.is_true(row, "archived") or bool(parsing.text(row, "disabledat", "disabled at")),
        password=password or None,
        expires_at_ms=parsing.time_ms(row, "expiresat", "expires at"),
        expired_destination=parsing.text(row, "expiredurl", "expired url") or None,
        # Dub forwards the query of a scan, and it overrides that of the destination.
        query="override",
        utm={} if "utm_" in destination else generic.utm(row),
        rules=rules,
        apps=apps,
        variants=_variants(row),
        variants_until_ms=parsing.time_ms(row, "testcompletedat"),
        left_out=lost,
        history=history.of_total(row, "clicks"),
    )


def _variants(row: Row) -> tuple[NewVariant, ...]:
    found = _json(row.get("testvariants"))
    if not isinstance(found, list):
        return ()
    return tuple(
        NewVariant(url=str(one.get("url", "")), weight=int(one["percentage"]))
        for one in found
        if isinstance(one, dict) and str(one.get("percentage")).isdecimal()
    )


def _targets(row: Row) -> tuple[tuple[NewRule, ...], Apps | None, tuple[NotImported, ...]]:
    """Dub checks the system before the country; here rules come before apps. So, with countries, the apps become
    rules."""
    ios, android = parsing.text(row, "ios"), parsing.text(row, "android")
    countries, lost = _countries(row)
    web = [app for app in (ios, android) if app.lower().startswith("http://")]
    if not countries and not web:
        return (), Apps(ios=ios, android=android) if ios or android else None, lost
    systems = tuple(NewRule(when=Conditions(os=os), to=app) for os, app in ((_IOS, ios), (_ANDROID, android)) if app)
    return (*systems, *countries), None, lost


def _countries(row: Row) -> tuple[tuple[NewRule, ...], tuple[NotImported, ...]]:
    """Return one rule for each destination, with all its countries. In CSV they are columns: `geo.DE`."""
    given = _json(row.get("geo"))
    found: dict[str, Any] = dict(given) if isinstance(given, dict) else {}
    found |= {name[4:]: url for name in row.names if name.startswith("geo.") and (url := parsing.text(row, name))}
    of_url: dict[str, list[str]] = {}
    for country, url in found.items():
        if url:
            of_url.setdefault(str(url), []).append(country.upper())
    rules: list[NewRule] = []
    lost: list[NotImported] = []
    for url, names in of_url.items():
        try:
            rules.append(NewRule(when=conditions.parse({"country": names}, "if"), to=url))
        except Refused as refused:
            lost.append(NotImported("destinations by country", f"{', '.join(names)} ({refused.message})"))
    return tuple(rules), tuple(lost)


def _json(value: Any) -> Any:
    """Parse JSON that is text in a cell of CSV."""
    if not isinstance(value, str) or not value.strip():
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise UnusableEntry("a cell that is to be JSON is none") from None
