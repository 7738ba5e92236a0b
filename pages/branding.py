"""Turn a branding into a stylesheet, and check that it can be read: WCAG AA, or it is refused."""

from typing import Literal, get_args

from pages import colour
from pages.theme import PAPER, palette, theme
from schemas.branding import COLOURS, Branding

Mode = Literal["auto", "light", "dark"]
MODES: tuple[Mode, ...] = get_args(Mode)


def stylesheet(branding: Branding, mode: Mode = "auto") -> str:
    """Return the stylesheet; "" for Waymark's own colours. In the dark the colours are adapted and stay readable."""
    colours = {name: value for name in COLOURS if (value := getattr(branding, name))}
    return theme({**colours, "mode": mode}).css if colours or mode != "auto" else ""


def unreadable(branding: Branding) -> tuple[str, str] | None:
    """Return the field whose colour is no colour or cannot be read, and why; None if all is well."""
    for name in COLOURS:
        value = getattr(branding, name)
        if value and colour.parse(value) is None:
            return name, f"{name} must be a colour, #rrggbb"
    paper = colour.parse(branding.background) or PAPER
    behind = (paper, colour.parse(palette({"background": branding.background}, dark=False)["card"]) or paper)
    for name, what in (("text", "text"), ("accent", "links and buttons in this colour")):
        own = colour.parse(getattr(branding, name))
        if own is not None and (ratio := colour.worst(own, behind)) < colour.READABLE:
            return name, f"{what} would be hard to read: a contrast of {ratio:.1f}, where 4.5 is needed"
    return None
