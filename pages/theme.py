"""Turn `page_design` and a content's own `theme` into a stylesheet: readable colours, a font, a layout.

Unknown values are left out; no input text is ever copied into the stylesheet.
"""

from typing import Any

import msgspec

from pages import colour
from pages.colour import BLACK, WHITE, Colour

FONTS = {
    "system": "system-ui,sans-serif",
    "serif": 'ui-serif,Georgia,Cambria,"Noto Serif",serif',
    "rounded": 'ui-rounded,"Hiragino Maru Gothic ProN",Quicksand,"Arial Rounded MT Bold",system-ui,sans-serif',
    "humanist": 'Seravek,"Gill Sans Nova",Ubuntu,Calibri,"DejaVu Sans",source-sans-pro,sans-serif',
    "mono": 'ui-monospace,"Cascadia Code",Menlo,Consolas,"DejaVu Sans Mono",monospace',
}
LAYOUTS = ("card", "plain", "cover")
MODES = ("auto", "light", "dark")
CORNERS = {"round": "1.25rem", "soft": ".75rem", "square": "0"}
PRESETS: dict[str, dict[str, str]] = {
    "light": {"mode": "light"},
    "dark": {"mode": "dark"},
    "ocean": {"background": "#e8f1f8", "accent": "#0b5fa5"},
    "forest": {"background": "#edf3ea", "accent": "#2f6b3a"},
    "sunset": {"background": "#fdf0e6", "accent": "#c2410c"},
    "rose": {"background": "#fceef1", "accent": "#b4235a"},
    "violet": {"background": "#f2effb", "accent": "#5b3cc4"},
    "mono": {"background": "#ffffff", "accent": "#111111", "corners": "square"},
}
# Spellings that other products use.
_NAMES = {
    "background": ("background", "background_color", "backgroundColor"),
    "surface": ("surface", "card_color", "cardColor"),
    "text": ("text", "text_color", "textColor"),
    "accent": ("accent", "accent_color", "accentColor", "primary_color", "primaryColor", "button_color", "buttonColor"),
    "font": ("font", "font_family", "fontFamily"),
    "layout": ("layout",),
    "mode": ("mode",),
    "corners": ("corners",),
}
PAPER: Colour = (246, 245, 241)
_INK: Colour = (28, 27, 25)
_ACCENT: Colour = (29, 78, 137)
_NIGHT: Colour = (20, 20, 22)
_BAD: Colour = (179, 38, 30)
_BORDER = 0.86


class Theme(msgspec.Struct, frozen=True):
    """`css` is a stylesheet, or "" for the default look; `layout` is a CSS class."""

    css: str = ""
    layout: str = "card"


def theme(*given: object) -> Theme:
    """Make a theme from designs or preset names; the first wins."""
    said: dict[str, str] = {}
    for one in reversed(given):
        said.update(_understood(one))
    layout = said.pop("layout", "card")
    return Theme(_css(said) if said else "", layout)


def _understood(given: object) -> dict[str, str]:
    if isinstance(given, str):
        return dict(PRESETS.get(given.strip().lower(), {}))
    if not isinstance(given, dict):
        return {}
    known: dict[str, str] = _understood(given.get("theme"))
    for name, spellings in _NAMES.items():
        sent = next((given[spelling] for spelling in spellings if spelling in given), None)
        if (taken := _take(name, sent)) is not None:
            known[name] = taken
    return known


def _take(name: str, sent: Any) -> str | None:
    choices = {"font": FONTS, "layout": LAYOUTS, "mode": MODES, "corners": CORNERS}.get(name)
    if choices is not None:
        word = sent.strip().lower() if isinstance(sent, str) and len(sent) < 32 else ""
        return word if word in choices else None
    found = colour.parse(sent)
    return None if found is None else colour.css(found)


def _css(said: dict[str, str]) -> str:
    mode = said.get("mode", "auto")
    own = f"--font:{FONTS[said['font']]};" if "font" in said else ""
    own += f"--corner:{CORNERS[said['corners']]};" if "corners" in said else ""
    if mode != "auto":
        return f":root{{color-scheme:{mode};{own}{_shades(said, dark=mode == 'dark')}}}"
    day, night = _shades(said, dark=False), _shades(said, dark=True)
    return f":root{{{own}{day}}}@media (prefers-color-scheme:dark){{:root{{{night}}}}}"


def _shades(said: dict[str, str], *, dark: bool) -> str:
    return "".join(f"--{name}:{shade};" for name, shade in palette(said, dark=dark).items()).removesuffix(";")


def palette(said: dict[str, str], *, dark: bool) -> dict[str, str]:
    """Return every colour of a page, readable, from those that are said."""
    paper = colour.parse(said.get("background")) or (_NIGHT if dark else PAPER)
    surface = colour.parse(said.get("surface"))
    if dark and colour.is_light(paper):
        paper = colour.mix(paper, _NIGHT, 0.93)
    if surface is None:
        surface = colour.mix(paper, WHITE, 0.75 if colour.is_light(paper) else 0.06)
    elif dark and colour.is_light(surface):
        surface = colour.mix(surface, _NIGHT, 0.88)
    text = colour.parse(said.get("text")) or (_INK if colour.is_light(surface) else colour.mix(WHITE, _INK, 0.06))
    ink = colour.readable(text, paper, surface)
    if colour.worst(ink, (paper, surface)) < colour.READABLE:
        # One is light, one is dark: nothing is readable on both.
        surface = paper
        ink = colour.readable(text, paper)
    accent = colour.parse(said.get("accent")) or (colour.mix(_ACCENT, WHITE, 0.5) if dark else _ACCENT)
    shades = {
        "paper": paper,
        "card": surface,
        "ink": ink,
        "soft": colour.readable(colour.mix(ink, surface, 0.3), paper, surface),
        "line": colour.mix(ink, surface, _BORDER),
        "accent": accent,
        "on-accent": max((WHITE, BLACK), key=lambda end: colour.contrast(end, accent)),
        "link": colour.readable(accent, paper, surface),
        "bad": colour.readable(_BAD, paper, surface),
    }
    return {name: colour.css(shade) for name, shade in shades.items()}
