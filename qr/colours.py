"""Parse colours, and measure their contrast."""

import re

from qr.scene import Colour

_hex = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", re.ASCII)
_rgb = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", re.ASCII)
_NAMED = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "navy": (0, 0, 128),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "yellow": (255, 255, 0),
    "orange": (255, 165, 0),
    "purple": (128, 0, 128),
}


def read(text: str) -> Colour | None:
    """Parse `#rgb`, `#rrggbb`, `rgb(r, g, b)` or one of a few names; None for anything else."""
    said = text.strip().lower()
    if said in _NAMED:
        return _NAMED[said]
    if found := _hex.fullmatch(said):
        digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if (found := _rgb.fullmatch(said)) and all(int(part) <= 255 for part in found.groups()):
        return int(found[1]), int(found[2]), int(found[3])
    return None


def written(colour: Colour) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)


def luminance(colour: Colour) -> float:
    """Return the relative luminance, 0 to 1 (WCAG)."""
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (part / 255 for part in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio, 1 (same colour) to 21 (black on white)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
