"""The style of a symbol: colours, shapes, margin, logo and frame, parsed from JSON."""

import math
from collections.abc import Collection, Mapping
from typing import Any, Literal

import msgspec

from qr import colours
from qr.caption import MAX_CAPTION
from qr.errors import Refused
from qr.logo import SAFE_SHAPES, Logo, source
from qr.scene import Colour
from qr.shapes import EYES, RINGS, SHAPES
from qr.symbol import Level

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
MAX_MARGIN = 40
MAX_STOPS = 5
LEVELS: dict[str, Level] = {"L": "L", "M": "M", "Q": "Q", "H": "H"}


class Finder(msgspec.Struct, frozen=True):
    """The shapes of ring and eye, and their colours, if not the symbol's."""

    ring: str = "square"
    eye: str = "square"
    ring_color: Colour | None = None
    eye_color: Colour | None = None


class Gradient(msgspec.Struct, frozen=True):
    kind: Literal["linear", "radial"]
    colors: tuple[Colour, ...]
    # The direction of a linear gradient: 0 is to the right, 90 down.
    angle: float = 45.0


class Frame(msgspec.Struct, frozen=True):
    """The frame around symbol and quiet zone."""

    caption: str = ""
    color: Colour = BLACK
    text_color: Colour = WHITE
    position: Literal["bottom", "top"] = "bottom"
    rounded: bool = True


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed style. `background` None: transparent. `error_correction` None: at least `M`, and `H` with a logo; more
    if the symbol does not grow."""

    shape: str = "square"
    finder: Finder = Finder()
    color: Colour = BLACK
    background: Colour | None = WHITE
    gradient: Gradient | None = None
    # Width of the quiet zone on each side, in modules.
    margin: float = 4
    error_correction: Level | None = None
    logo: Logo | None = None
    frame: Frame | None = None

    @property
    def level(self) -> Level:
        return self.error_correction or ("H" if self.logo else "M")


PLAIN = Style()


def parse(style: Mapping[str, Any] | None) -> Style:
    """Parse a style from JSON. Null and missing fields get their defaults; unknown fields are ignored, since a style
    may hold more than is drawn here. Raises Refused, which names the invalid field."""
    said = _present(style or {})
    found: dict[str, Any] = {}
    for name, read in _READ.items():
        if name in said:
            found[name] = read(said[name], f"style.{name}")
    return msgspec.structs.replace(PLAIN, **found)


# Readers of JSON values. Each raises Refused with the field.


def _present(said: Mapping[str, Any]) -> dict[str, Any]:
    """Drop nulls: null means unset."""
    return {name: value for name, value in said.items() if value is not None}


def _record(value: object, field: str, otherwise: str = "") -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Refused(field, f"must be an object, or {otherwise}" if otherwise else "must be an object")
    return _present(value)


def _one_of(value: object, known: Collection[str], field: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise Refused(field, f"must be one of: {', '.join(known)}")
    return value


def _number(value: object, low: float, high: float, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused(field, "must be a number")
    if not low <= value <= high:
        raise Refused(field, f"must be {low:g} to {high:g}")
    return float(value)


def _colour(value: object, field: str) -> Colour:
    found = colours.read(value) if isinstance(value, str) else None
    if found is None:
        raise Refused(field, "must be a colour such as #1a2b3c")
    return found


def _background(value: object, field: str) -> Colour | None:
    return None if value == "transparent" else _colour(value, field)


def _shape(value: object, field: str) -> str:
    return _one_of(value, SHAPES, field)


def _level(value: object, field: str) -> Level:
    return LEVELS[_one_of(value.upper() if isinstance(value, str) else value, LEVELS, field)]


def _margin(value: object, field: str) -> float:
    return _number(value, 0, MAX_MARGIN, field)


def _finder(value: object, field: str) -> Finder:
    if isinstance(value, str):
        shape = _one_of(value, RINGS, field)
        return Finder(shape, shape)
    said = _record(value, field, "one of: " + ", ".join(RINGS))
    return Finder(
        ring=_one_of(said.get("ring", "square"), RINGS, f"{field}.ring"),
        eye=_one_of(said.get("eye", said.get("ring", "square")), EYES, f"{field}.eye"),
        ring_color=_colour(said["ring_color"], f"{field}.ring_color") if "ring_color" in said else None,
        eye_color=_colour(said["eye_color"], f"{field}.eye_color") if "eye_color" in said else None,
    )


def _gradient(value: object, field: str) -> Gradient:
    said = _record(value, field)
    colors = said.get("colors")
    if not isinstance(colors, list) or not 2 <= len(colors) <= MAX_STOPS:
        raise Refused(f"{field}.colors", f"must be an array of 2 to {MAX_STOPS} colours")
    kind = _one_of(said.get("type", "linear"), ("linear", "radial"), f"{field}.type")
    return Gradient(
        kind="radial" if kind == "radial" else "linear",
        colors=tuple(_colour(each, f"{field}.colors[{at}]") for at, each in enumerate(colors)),
        angle=_number(said.get("angle", 45), -360, 360, f"{field}.angle"),
    )


def _logo(value: object, field: str) -> Logo:
    if isinstance(value, str):
        return Logo(*source(value, field))
    said = _record(value, field, "the id of a file, an address, or a data: address")
    image, from_ = source(said.get("image"), f"{field}.image")
    return Logo(
        image=image,
        source=from_,
        size=_number(said.get("size", Logo.__struct_defaults__[2]), 0.05, 0.4, f"{field}.size"),
        margin=_number(said.get("margin", 1), 0, 4, f"{field}.margin"),
        safe_area=_one_of(said.get("safe_area", "square"), SAFE_SHAPES, f"{field}.safe_area"),
    )


def _frame(value: object, field: str) -> Frame:
    if isinstance(value, str):
        return Frame(caption=_caption(value, field))
    said = _record(value, field, "a caption")
    color = _colour(said.get("color", "#000000"), f"{field}.color")
    lettering = WHITE if colours.luminance(color) < 0.4 else BLACK
    position = _one_of(said.get("position", "bottom"), ("bottom", "top"), f"{field}.position")
    corners = _one_of(said.get("corners", "rounded"), ("rounded", "square"), f"{field}.corners")
    return Frame(
        caption=_caption(said.get("caption", ""), f"{field}.caption"),
        color=color,
        text_color=_colour(said["text_color"], f"{field}.text_color") if "text_color" in said else lettering,
        position="top" if position == "top" else "bottom",
        rounded=corners == "rounded",
    )


def _caption(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise Refused(field, "must be text")
    text = " ".join(value.split())
    if len(text) > MAX_CAPTION:
        raise Refused(field, f"must have at most {MAX_CAPTION} characters")
    return text


_READ: Mapping[str, Any] = {
    "shape": _shape,
    "finder": _finder,
    "color": _colour,
    "background": _background,
    "gradient": _gradient,
    "margin": _margin,
    "error_correction": _level,
    "logo": _logo,
    "frame": _frame,
}
FIELDS: Collection[str] = _READ.keys()
