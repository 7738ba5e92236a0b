"""The site that the browser tests and the screenshots look at: each sample, each notice, each state of the gate."""

from collections.abc import Callable

import pages
from pages import Page
from tests.pages.chromium import Answer, Site, of_file, of_page
from tests.pages.samples import FILES, SAMPLES

NOW_MS = 1_800_000_000_000

# Name → the page, and the status it is sent with.
NOTICES: dict[str, tuple[Callable[[], Page], int]] = {
    "gate": (pages.gate, 200),
    "gate_wrong": (lambda: pages.gate("wrong"), 200),
    "gate_wait": (lambda: pages.gate("wait"), 429),
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
    files = {**FILES, **(more or {})}

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
