"""One page: its bytes, and headers that forbid it everything but its own style."""

import base64
import hashlib
from html import escape
from importlib import resources

import msgspec

_STYLE = resources.files("pages").joinpath("page.css").read_text().strip()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Languages written from right to left.
_RIGHT_TO_LEFT = {"ar", "dv", "fa", "he", "ku", "ps", "ur", "yi"}


class Page(msgspec.Struct, frozen=True):
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]


def direction(language: str) -> str:
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def page(title: str, text: str, *, language: str = "en") -> Page:
    """A heading and a paragraph. Whatever is given is text, never markup."""
    body = (
        "<!doctype html>\n"
        f'<html lang="{escape(language)}" dir="{direction(language)}">\n'
        '<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title>"
        f"<style>{_STYLE}</style></head>\n"
        f"<body><main><h1>{escape(title)}</h1><p>{escape(text)}</p></main></body>\n"
        "</html>\n"
    ).encode()
    return Page(
        body=body,
        headers=(
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", POLICY.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ),
    )
