"""The site that the browser tests and the screenshots look at: each sample, each notice, each state of the gate."""

from collections.abc import Callable

import pages
from pages import Page
from schemas.branding import BrandImage, Branding
from tests.pages.chromium import Answer, Site, of_file, of_page
from tests.pages.samples import FILES, SAMPLES, picture

NOW_MS = 1_800_000_000_000

BRANDED = Branding(
    name="Café Mirador",
    message="Heute bis 22 Uhr geöffnet. Fragen Sie uns nach der Karte.",
    logo=BrandImage("1", "/f/logo.png/logo.png"),
    favicon=BrandImage("1", "/f/logo.png/logo.png"),
    background="#fdf0e6",
    accent="#b3380b",
    imprint_url="https://mirador.example/imprint",
    privacy_url="https://mirador.example/privacy",
)
LOGO = picture(360, 90, (179, 56, 11), (232, 122, 62))
NAMED = Branding(name="Northlight Studio", accent="#0f5e5b", privacy_url="https://northlight.example/privacy")

# Name → the page, and the status it is sent with.
NOTICES: dict[str, tuple[Callable[[], Page], int]] = {
    "gate": (lambda: pages.notice("ask"), 200),
    "gate_wrong": (lambda: pages.notice("wrong"), 200),
    "gate_wait": (lambda: pages.notice("wait"), 429),
    "root": (pages.root, 404),
    "branded": (lambda: pages.notice("expired", "de", BRANDED), 410),
    "branded_gate": (lambda: pages.notice("wrong", "en", NAMED), 403),
    "paused": (pages.paused, 200),
    "expired": (pages.expired, 410),
    "limited": (pages.limited, 410),
    "people_only": (pages.people_only, 200),
    "not_found": (pages.not_found, 404),
    "unavailable": (pages.unavailable, 503),
    "not_allowed": (pages.not_allowed, 405),
}


def site(more: dict[str, bytes] | None = None) -> Site:
    """`more` are files, beside those of the samples."""
    files = {**FILES, "logo.png": LOGO, **(more or {})}

    def answer(_: str, target: str, __: bytes) -> Answer:
        path, _, query = target.partition("?")
        parts = path.split("/")
        if parts[1] == "f":
            return of_file(parts[3], files[parts[3]]) if parts[3] in files else Answer(404)
        if parts[1] in NOTICES:
            make, status = NOTICES[parts[1]]
            return of_page(make(), status)
        sample = SAMPLES[parts[1]]
        if query == pages.DOWNLOAD:
            file = pages.download(sample.type, sample.content, now_ms=NOW_MS)
            return of_page(file) if file else Answer(404)
        return of_page(pages.render(sample.type, sample.content, sample.design))

    return answer
