"""Options of a scan: validate what is written, and apply it to a code.

`check_fields` looks at each field alone and needs no code. `apply_changes` knows the code, and runs again when a
concurrent edit was faster. URLs are only listed here (`web_urls`): looking up their hosts takes time.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from codes import passwords, variants
from codes.destinations import MAX_LENGTH
from codes.errors import Conflict, Refused
from codes.validation import single_line
from schemas import page_content
from schemas.code import Code
from schemas.scan_options import Apps

MAX_SCAN_LIMIT = 2**53 - 1
MAX_UTM = 255
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")

_CHOICES = {"query": ("drop", "append", "override"), "sticky": ("visitor", "cookie", "none")}
# Fields that no scanner could notice.
NOT_ROUTED = frozenset({"label", "tags", "folder_id", "style", "design", "image_format", "locked"})

_scheme = re.compile(r"[a-z][a-z0-9+.-]{0,31}")
_bad_percent = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Schemes that a browser would run or read instead of opening an app. No workspace can allow them.
DANGEROUS = frozenset(
    {"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source", "ws", "wss"}
)


def check_fields(given: dict[str, Any]) -> None:
    """Check each field by itself. Raises Refused."""
    for name, choices in _CHOICES.items():
        if given.get(name, choices[0]) not in choices:
            raise Refused(name, f"invalid_{name}", f"must be one of: {', '.join(choices)}")
    limit = given.get("scan_limit")
    if limit is not None and not 1 <= limit <= MAX_SCAN_LIMIT:
        raise Refused("scan_limit", "invalid_scan_limit", "a scan limit is a whole number from 1 on, or null for none")
    if given.get("password") is not None:
        passwords.check(given["password"])
    variants.check("variants", given.get("variants", ()))
    if given.get("sole") is not None:
        variants.check("variants", (given["sole"],))
    variants.check("rules", given.get("rules", ()))
    for name, value in given.get("utm", {}).items():
        short = name.removeprefix("utm_")
        if name not in UTM:
            raise Refused(
                f"utm.{short[:64]}", "unknown_field", "must be one of: source, medium, campaign, term, content"
            )
        single_line(f"utm.{short}", value, MAX_UTM)
    if "type" in given and given["type"] not in page_content.TYPES:
        raise Refused("type", "unknown_type", f"must be one of: {', '.join(sorted(page_content.TYPES))}")


def web_urls(given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield field and URL of every web address that a scan may lead to."""
    # Whether a code needs a destination depends on its type.
    if given.get("destination"):
        yield "destination", given["destination"]
    if given.get("expired_destination") is not None:
        yield "expired_destination", given["expired_destination"]
    for at, variant in enumerate(given.get("variants", ())):
        yield f"variants[{at}].url", variant.url
    for at, rule in enumerate(given.get("rules", ())):
        yield f"rules[{at}].to", rule.to
    apps = given.get("apps") or Apps()
    for name in ("ios", "android"):
        url = getattr(apps, name)
        if url and scheme_of(url) in ("http", "https"):
            yield f"apps.{name}", url


def scheme_of(url: str) -> str:
    return url.partition(":")[0].lower()


def app_schemes(apps: Apps | None) -> Iterator[tuple[str, str]]:
    """Yield field and scheme of app links that the workspace has to allow. Raises Refused."""
    for name in ("ios", "android"):
        url = getattr(apps or Apps(), name)
        scheme = scheme_of(url)
        if not url or scheme == "https":
            continue
        if scheme == "http":
            raise Refused(f"apps.{name}", "app_link_not_https", "an app link must start with https://")
        check_scheme(scheme, f"apps.{name}")
        plain_link = len(url) <= MAX_LENGTH and url.isprintable() and not set(url) & set(' "<>\\^`{|}')
        if not plain_link or _bad_percent.search(url) or not url.partition(":")[2]:
            raise Refused(f"apps.{name}", "invalid_app_link", "must be an address without spaces or control characters")
        yield f"apps.{name}", scheme


def check_scheme(scheme: str, field: str) -> None:
    if not _scheme.fullmatch(scheme) or scheme in DANGEROUS or scheme in ("http", "https"):
        raise Refused(field, "invalid_scheme", "an app link must start with https://, or a scheme of the app's own")


def is_link(type: str) -> bool:
    """Return whether codes of this type redirect; all others show a page."""
    return type in page_content.LINKS


def apply_changes(code: Code, changes: dict[str, Any], new_id: Callable[[], str]) -> Code:
    """Return `code` with checked `changes`. Raises Refused and Conflict for combinations that make no sense."""
    changes = {**changes, **variants.merge_entries(code, changes, new_id)}
    new = msgspec.structs.replace(code, **changes)
    if not is_link(new.type):
        if changes.get("destination"):
            raise Conflict("destination", "not_a_link", f"a code of type {new.type} has a page and no destination")
        if new.variants:
            raise Refused("variants", "not_a_link", f"a code of type {new.type} has a page and no variants")
        if {"type", "content"} & changes.keys():
            _check_content(new)
        return msgspec.structs.replace(new, destination="", sole=None)
    if not is_link(code.type) and not changes.get("destination"):
        # A client that fills in a default for `type` must not take a page away.
        message = f"a code of type {code.type} has a page; to make it redirect, send a destination with the type"
        raise Conflict("type", "page_without_destination", message)
    if not new.destination:
        raise Refused("destination", "missing_field", "destination is missing")
    if new.content is not None:
        if changes.get("content") is not None:
            raise Refused("content", "no_content", "a code that redirects has no content")
        new = msgspec.structs.replace(new, content=None)
    return new


def _check_content(code: Code) -> None:
    try:
        page_content.check(code.type, code.content if code.content is not None else {})
    except page_content.BadContent as error:
        raise Refused(error.field, "invalid_content", f"{error.field} {error.message}") from None


def repointing_fields(code: Code) -> tuple[object, ...]:
    """Return what decides, besides the destination, where a scan leads: editing any of it repoints the code, too. The
    end matters if another address follows it."""
    ends = (code.expired_destination, code.starts_at_ms, code.expires_at_ms, code.scan_limit)
    return (
        tuple((rule.when, rule.to) for rule in code.rules if rule.active),
        tuple((one.url, one.weight) for one in code.variants if one.active),
        ends if code.expired_destination else None,
        code.apps,
    )


def check_lock(old: Code, new: Code) -> None:
    """Refuse any change of a locked code but that of `locked` itself. Raises Conflict."""
    if old.locked and msgspec.structs.replace(new, locked=True) != old:
        raise Conflict("locked", "locked", "the code is locked: set locked to false first")
