"""Notices for scans that reach no destination, and the password form. They reveal nothing about the code.

Each is rendered once for a language and a branding, and kept while it is asked for.
"""

from collections.abc import Mapping
from functools import lru_cache

from pages.branding import Mode, stylesheet
from pages.notice_words import NOTICES, WORDS, Kind, Language
from pages.page import Page, document
from pages.view_model import ICONS
from schemas.branding import PLAIN, Branding

# A page has 5 to 8 KB.
KEPT = 1_000
GATE: tuple[Kind, ...] = ("ask", "wrong", "wait")
_SIGNS: Mapping[Kind | None, str] = {
    "root": "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6L11.5 7M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1.5-1.5",
    "not_found": "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l5 5M8.8 8.8l4.4 4.4M13.2 8.8l-4.4 4.4",
    "paused": "M9 6v12M15 6v12",
    "expired": ICONS["clock"],
    "limited": "M4 9V6h16v3a3 3 0 0 0 0 6v3H4v-3a3 3 0 0 0 0-6M14 6v2M14 11v2M14 16v2",
    "people_only": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M5 20a7 7 0 0 1 14 0",
    "unavailable": "M6 3h12M6 21h12M7 3v3c0 3 10 9 10 12v3M17 3v3c0 3-10 9-10 12v3",
    "not_allowed": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M5.6 5.6l12.8 12.8",
}


@lru_cache(KEPT)
def notice(kind: Kind, language: Language = "en", branding: Branding = PLAIN, mode: Mode = "auto") -> Page:
    """Render a notice or, for a kind of GATE, the form. It posts `password` to its own address, which needs to see
    where it comes from."""
    title, text = NOTICES[language]["ask" if kind in GATE else kind]
    return _page(title, text, language, branding, mode, kind)


@lru_cache(KEPT)
def message(title: str, text: str, language: Language = "en", branding: Branding = PLAIN) -> Page:
    """Render an owner's own words under a heading. The language is that of the links below them."""
    return _page(title, text, language, branding)


def _page(
    title: str, text: str, language: Language, branding: Branding, mode: Mode = "auto", kind: Kind | None = None
) -> Page:
    words = WORDS[language]
    links = [(words["imprint"], branding.imprint_url), (words["privacy"], branding.privacy_url)]
    if branding.imprint_url == branding.privacy_url:
        links = [(words["legal"], branding.imprint_url)]
    form = kind in GATE
    return document(
        "gate.html" if form else "notice.html",
        language=language,
        sheets=("base.css", "notice.css"),
        theme=stylesheet(branding, mode),
        pictures=bool(branding.logo or branding.favicon),
        form=form,
        favicon=branding.favicon.path if branding.favicon else "",
        title=title,
        text=text,
        sign=ICONS["lock"] if form else _SIGNS.get(kind, ""),
        brand=branding,
        links=[(label, url) for label, url in links if url],
        words=words,
        wrong="" if kind is None else words.get(kind, ""),
    )


def root() -> Page:
    return notice("root")


def paused() -> Page:
    return notice("paused")


def expired() -> Page:
    return notice("expired")


def limited() -> Page:
    return notice("limited")


def people_only() -> Page:
    """Shown to programs in place of a scan-limited destination; their visits use up no scan."""
    return notice("people_only")


def not_found() -> Page:
    """Also shown before a code starts: nobody can tell it from a code that does not exist."""
    return notice("not_found")


def unavailable() -> Page:
    return notice("unavailable")


def not_allowed() -> Page:
    return notice("not_allowed")
