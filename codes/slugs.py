"""Slugs, the last part of a short link: which texts are valid, and how random ones are made."""

import random
import re

from codes.errors import Conflict, Refused
from schemas.probe_paths import is_probe

# Digits and letters that are not mistaken for each other in print.
ALPHABET = "".join(sorted(set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") - set("0O1Il")))
DRAWN_LENGTH = 7

# First parts of paths that a service answers itself.
RESERVED = frozenset(
    [
        *("healthz", "readyz", "metrics", "robots.txt", "favicon.ico", "sitemap.xml", ".well-known"),
        *("bulk", "custom-domains", "q", "r", "v1", "api", "docs", "redoc", "openapi.json"),
        *("dashboard", "assets", "static"),
    ]
)

_custom = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Of one part, or several.
_alias = re.compile(rf"{_custom.pattern}(?:/{_custom.pattern})*")
_imported = re.compile(r"[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*")
MAX_LENGTH = 128


def draw(rng: random.Random, length: int = DRAWN_LENGTH) -> str:
    """Return a random slug that is not reserved. It may be taken."""
    while True:
        slug = "".join(rng.choices(ALPHABET, k=length))
        if slug not in RESERVED and not is_probe(slug):
            return slug


def is_possible(slug: str) -> bool:
    """Return whether a code can have this slug."""
    return len(slug) <= MAX_LENGTH and _imported.fullmatch(slug) is not None


def check_chosen(slug: str, field: str = "slug") -> str:
    """Check a slug that a user chose. Raises Refused for its form and Conflict when it is reserved."""
    if slug in RESERVED:
        raise _reserved(slug, field)
    if not 3 <= len(slug) <= 48 or not _custom.fullmatch(slug):
        raise Refused(
            field,
            "invalid_slug",
            "a slug has 3 to 48 of the characters a-z, 0-9 and -, with no hyphen at an end and no two in a row",
        )
    if is_probe(slug):
        raise _reserved(slug, field)
    return slug


def check_imported(slug: str, field: str = "slug") -> str:
    """Check a slug or alias that is printed already and so keeps its form, of one part or several. Raises as
    `check_chosen`."""
    if not is_possible(slug) or any(part in (".", "..") for part in slug.split("/")):
        raise Refused(
            field,
            "invalid_slug",
            f"an imported slug has 1 to {MAX_LENGTH} of the characters A-Z, a-z, 0-9 and ._~-, and / between its parts",
        )
    if slug in RESERVED or is_probe(slug):
        raise _reserved(slug, field)
    return slug


def check_alias(slug: str, field: str) -> str:
    """Check an alias that a user chose: of one part as in `check_chosen`, or of several. Raises as that does."""
    if "/" not in slug:
        return check_chosen(slug, field)
    if not 3 <= len(slug) <= 48 or not _alias.fullmatch(slug):
        raise Refused(
            field,
            "invalid_slug",
            "an alias has 3 to 48 of the characters a-z, 0-9, - and /, with no hyphen or slash at an end of a part",
        )
    if is_probe(slug):
        raise _reserved(slug, field)
    return slug


def _reserved(slug: str, field: str) -> Conflict:
    return Conflict(field, "slug_reserved", f"the slug {slug!r} is reserved")
