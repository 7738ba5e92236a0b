"""Map a request path to a link key."""

import re

from schemas import keys
from schemas.files import parse_path
from schemas.probe_paths import is_probe
from schemas.short_links import PAUSED_PATH, QR_PATH

# A slug, imported ones included: one part or several.
_SLUG = re.compile(r"[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*")
_LONGEST = 128
_FORMS = (QR_PATH, "/r/")

# First path parts that a redirector answers itself, on this port or the status port; `codes` never assigns them as
# slugs.
RESERVED = frozenset({"healthz", "readyz", "metrics", "robots.txt", "favicon.ico", "q", "r"})

# No slug begins with `-/` (`schemas.probe_paths`), so this needs no reservation, nor does PAUSED_PATH.
# Served at the status port only.
TLS_ASK_PATH = "/-/tls-ask"

OWN_PATHS = frozenset({PAUSED_PATH, *(f"/{part}" for part in RESERVED - {"q", "r", "metrics"})})


def link_key_of_path(path: str, host: str = "") -> str | None:
    """The link key of `/{slug}`, `/q/{slug}` or `/r/{slug}`, each with or without a trailing slash; a slug may contain
    slashes. None for any other path, and for one that no code can have."""
    slug = path[3:] if path.startswith(_FORMS) and len(path) > 3 else path[1:]
    slug = slug.removesuffix("/")
    if len(slug) > _LONGEST or not _SLUG.fullmatch(slug) or slug in RESERVED or is_probe(slug):
        return None
    return keys.link_key(host, slug)


def is_own(path: str) -> bool:
    """Whether a redirector answers this path itself: its own pages and uploaded files."""
    return path in OWN_PATHS or path.startswith(f"{PAUSED_PATH}/") or parse_path(path) is not None
