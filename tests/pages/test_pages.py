import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import get_args

import pytest

import pages
from pages.branding import unreadable
from pages.notice_words import NOTICES
from pages.notices import message, notice
from pages.page import Page, direction
from schemas.branding import BrandImage, Branding

BRAND = Branding(
    name="Café Mirador",
    message="Until Monday.",
    logo=BrandImage("1", "/f/logo"),
    favicon=BrandImage("2", "/f/icon"),
    background="#fdf0e6",
    accent="#b3380b",
    imprint_url="https://mirador.example/imprint",
    privacy_url="https://mirador.example/privacy",
)

ALL = [
    *(pages.root, pages.paused, pages.expired, pages.limited, pages.people_only),
    *(pages.not_found, pages.unavailable, pages.not_allowed),
]


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def header(of: Page, name: bytes) -> str:
    return dict(of.headers)[name].decode()


@pytest.mark.parametrize("make", ALL)
def test_a_page_is_whole_and_says_its_language(make: "object") -> None:
    assert callable(make)
    made = make()
    tags = Tags(made.body.decode())
    assert tags.found[0] == ("html", {"lang": "en", "dir": "ltr"})
    assert header(made, b"content-length") == str(len(made.body))
    assert {tag for tag, _ in tags.found} == {
        *("html", "head", "meta", "title", "style", "body", "main", "div", "svg", "path", "h1", "p")
    }


def test_the_policy_allows_the_page_its_own_style_and_nothing_else() -> None:
    made = pages.not_found()
    style = re.search(rb"<style>(.*?)</style>", made.body, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1]).digest()).decode()
    policy = header(made, b"content-security-policy")
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert b"prefers-color-scheme: dark" in style[1]


def test_what_is_given_is_text_and_never_markup() -> None:
    hostile = "\"><script>alert('x')</script>&amp;"
    brand = Branding(name=hostile, message=hostile, logo=BrandImage("1", f"/f/{hostile}"), imprint_url=hostile)
    made = message(hostile, hostile, "en", brand)
    tags = Tags(made.body.decode())
    assert "script" not in {tag for tag, _ in tags.found}
    assert tags.text.count(hostile) == 4
    images = [attrs for tag, attrs in tags.found if tag == "img"]
    assert images == [{"class": "logo", "src": f"/f/{hostile}", "alt": hostile}]


def test_languages_that_run_from_right_to_left() -> None:
    assert direction("ar-EG") == "rtl"
    assert direction("arn") == "ltr"


@pytest.mark.parametrize("kind", get_args(pages.Kind))
def test_a_notice_speaks_each_language_whole_and_small(kind: pages.Kind) -> None:
    made = {language: notice(kind, language, BRAND) for language in NOTICES}
    assert len({page.body for page in made.values()}) == len(NOTICES)
    for language, page in made.items():
        assert f'<html lang="{language}"'.encode() in page.body
        assert len(page.body) < 10_000
        assert b"script" not in page.body


def test_a_branding_is_seen_and_its_files_are_allowed() -> None:
    made = notice("paused", "de", BRAND)
    tags = Tags(made.body.decode())
    found = dict(tags.found)
    assert found["img"] == {"class": "logo", "src": "/f/logo", "alt": "Café Mirador"}
    assert found["link"] == {"rel": "icon", "href": "/f/icon"}
    assert [attrs["href"] for tag, attrs in tags.found if tag == "a"] == [BRAND.imprint_url, BRAND.privacy_url]
    assert {"Impressum", "Datenschutz", "Until Monday."} <= set(tags.text)
    assert "img-src 'self'" in header(made, b"content-security-policy")
    assert b"--accent:#b3380b" in made.body
    assert "img-src" not in header(notice("paused", "de"), b"content-security-policy")


def test_colours_that_cannot_be_read_are_refused_with_their_field() -> None:
    assert unreadable(BRAND) is None
    assert unreadable(Branding()) is None
    assert unreadable(Branding(accent="red")) == ("accent", "accent must be a colour, #rrggbb")
    for branding, field in (
        (Branding(accent="#ffd400"), "accent"),
        (Branding(text="#999999"), "text"),
        (Branding(background="#333333", accent="#1d4e89"), "accent"),
    ):
        found = unreadable(branding)
        assert found is not None and found[0] == field and "contrast" in found[1]


def test_a_domain_overrides_its_workspace_field_by_field() -> None:
    merged = Branding(name="Go", background="#ffffff").over(BRAND)
    assert (merged.name, merged.message) == ("Go", BRAND.message)
    # Colours were checked with each other.
    assert (merged.background, merged.accent) == ("#ffffff", "")
