"""RGB colours and their contrast (WCAG 2)."""

import re

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)

# WCAG AA for text.
READABLE = 4.5
# Above this a colour is light.
_MIDDLE = 0.18
_STEPS = 20
_hex = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


def parse(text: object) -> Colour | None:
    """Parse `#rrggbb` or `#rgb`; return None for anything else."""
    found = _hex.fullmatch(text.strip()) if isinstance(text, str) and len(text) < 32 else None
    if found is None:
        return None
    digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def css(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Mix a `share` of `other` into `one`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def is_light(colour: Colour) -> bool:
    return luminance(colour) > _MIDDLE


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio, 1 (same colour) to 21 (black on white)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def worst(colour: Colour, behind: tuple[Colour, ...]) -> float:
    return min(contrast(colour, one) for one in behind)


def readable(colour: Colour, *behind: Colour, least: float = READABLE) -> Colour:
    """Return `colour`, or its nearest shade towards black or white that is readable on every background.
    If none is (backgrounds are black and white), return the better of the two."""
    if worst(colour, behind) >= least:
        return colour
    towards = max((WHITE, BLACK), key=lambda end: worst(end, behind))
    for step in range(1, _STEPS):
        shade = mix(colour, towards, step / _STEPS)
        if worst(shade, behind) >= least:
            return shade
    return towards
