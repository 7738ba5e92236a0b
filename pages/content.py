"""The page of a code that is no link: what its owner has put in, by type."""

from pages.page import Page, document

# The query at which a page's own address gives its contact or its date as a file. Such a visit is no scan.
DOWNLOAD = "download=1"


def render(type: str, data: object, design: object = None, *, language: str = "en") -> Page:
    """Never raises, whatever `data` and `design` are: what does not fit is left out, what is too long is cut."""
    return document("notice.html", title="A page", text=str(data)[:200], language=language)


def download(type: str, data: object, *, now_ms: int) -> Page | None:
    """The contact (.vcf) or event (.ics) that the page of this type offers; None where it has none."""
    return None
