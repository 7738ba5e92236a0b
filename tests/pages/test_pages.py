import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

import pages
from pages.notices import notice as page
from pages.page import Page

ALL = [
    *(pages.paused, pages.expired, pages.limited, pages.people_only),
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
    assert {tag for tag, _ in tags.found} == {"html", "head", "meta", "title", "style", "body", "main", "h1", "p"}


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
    made = page(hostile, hostile, language='en" onload="x')
    tags = Tags(made.body.decode())
    assert "script" not in {tag for tag, _ in tags.found}
    assert tags.text.count(hostile) == 3
    assert tags.found[0][1]["lang"] == 'en" onload="x'


def test_languages_that_run_from_right_to_left() -> None:
    assert b'dir="rtl"' in page("", "", language="ar-EG").body
    assert b'dir="ltr"' in page("", "", language="arn").body
