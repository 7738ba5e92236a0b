"""Render a page: its body, and headers that allow it its own styles and files only."""

import base64
import hashlib
from functools import cache
from importlib import resources

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

# Languages written from right to left.
_RIGHT_TO_LEFT = {"ar", "dv", "fa", "he", "ku", "ps", "ur", "yi"}

Headers = tuple[tuple[bytes, bytes], ...]


class Page(msgspec.Struct, frozen=True):
    """A complete response except for the status, which the caller chooses."""

    body: bytes
    headers: Headers


@cache
def templates() -> Environment:
    return Environment(
        loader=PackageLoader("pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def stylesheet(sheets: tuple[str, ...]) -> str:
    lines = [line for sheet in sheets for line in resources.files("pages").joinpath(sheet).read_text().splitlines()]
    return "\n".join(stripped for line in lines if (stripped := line.strip()))


def direction(language: str) -> str:
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def policy(styles: tuple[str, ...], *, media: bool = False, pictures: bool = False) -> str:
    """Return the Content-Security-Policy: these styles and, with `media` or `pictures`, such files of the page's own
    host. It omits `form-action`: only one page has a form, and browsers would apply the rule to the redirect that
    answers it."""
    hashes = " ".join(f"'sha256-{_digest(style)}'" for style in styles)
    own = "; img-src 'self'" if media or pictures else ""
    own += "; media-src 'self'" if media else ""
    return f"default-src 'none'; style-src {hashes}{own}; base-uri 'none'; frame-ancestors 'none'"


def document(
    template: str,
    *,
    sheets: tuple[str, ...],
    language: str = "en",
    theme: str = "",
    media: bool = False,
    pictures: bool = False,
    form: bool = False,
    favicon: str = "",
    **values: object,
) -> Page:
    """Render the template with these stylesheets of this package. All values are escaped; `theme` is a stylesheet and
    must come from `pages.theme`. A page with a form shows its origin to itself, for the check of where it comes
    from."""
    style = stylesheet(sheets)
    styles = (style, theme) if theme else (style,)
    html = (
        templates()
        .get_template(template)
        .render(
            language=language,
            direction=direction(language),
            favicon=favicon,
            style=Markup(style),  # noqa: S704 - a file of this package
            theme=Markup(theme),  # noqa: S704 - colours and fonts, checked by pages.theme
            **values,
        )
    )
    rules = policy(styles, media=media, pictures=pictures)
    return answer(
        html.encode(),
        b"text/html; charset=utf-8",
        rules if form else f"{rules}; form-action 'none'",
        referrer=b"same-origin" if form else b"no-referrer",
    )


def answer(
    body: bytes, content_type: bytes, rules: str, *more: tuple[bytes, bytes], referrer: bytes = b"no-referrer"
) -> Page:
    return Page(
        body=body,
        headers=(
            (b"content-type", content_type),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", rules.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", referrer),
            *more,
        ),
    )


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
