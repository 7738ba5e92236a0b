"""The pages that a scanner may see: small, complete, ready to send.

Notices for scans that reach no destination (`Page` is a body and its headers; the caller picks the status):
`notice(kind, language, branding)`, and by name, in English and unbranded, `root()` and `not_found()` (404, also before
a code starts), `paused()` and `people_only()` (200), `expired()` and `limited()` (410), `unavailable()` (503),
`not_allowed()` (405). The kinds of `GATE` are a form that is posted to its own address as `password=...`
(application/x-www-form-urlencoded): "ask" (200), "wrong" (200 or 403), "wait" (429). `message(title, text)` shows an
owner's own words.

Content of codes that are not links: `render(type, data, design, language=...)`, 200; and its downloads:
`download(type, data, now_ms=...)`, a .vcf or .ics, or None, served at the page's own address with the query `DOWNLOAD`,
behind the same gate. `data` is `Content.data`: the code's `content` object, or the one field of it that its type reads.
Both accept any value.
"""

from pages.content import DOWNLOAD, download, render
from pages.notice_words import KINDS, LANGUAGES, Kind, Language
from pages.notices import (
    GATE,
    expired,
    limited,
    message,
    not_allowed,
    not_found,
    notice,
    paused,
    people_only,
    root,
    unavailable,
)
from pages.page import Page

__all__ = [
    "DOWNLOAD",
    "GATE",
    "KINDS",
    "LANGUAGES",
    "Kind",
    "Language",
    "Page",
    "download",
    "expired",
    "limited",
    "message",
    "not_allowed",
    "not_found",
    "notice",
    "paused",
    "people_only",
    "render",
    "root",
    "unavailable",
]
