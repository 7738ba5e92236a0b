"""From a Qravio `design` to a style that can be drawn.

The document names the parts of a design (dots, colors, logo, frame, output) but not their contents. So for each part
of a style the paths that clients use are tried in order, and the first value that can be drawn wins. A part that is
missing gets its default; no design is ever refused, since it is stored and returned as it was sent.
"""

from collections.abc import Callable, Iterator
from typing import Any

from qr.errors import Refused
from qr.style import parse

_SHAPES = {
    "dot": "dots",
    "circle": "dots",
    "circles": "dots",
    "extra-rounded": "rounded",
    "classy-rounded": "classy",
    "squares": "square",
}
_FINDERS = {"dot": "circle", "dots": "circle", "extra-rounded": "rounded", "squares": "square"}

_SHAPE = ("dots", "dots.type", "dots.style", "dots.shape", "dotsOptions.type", "dot_style", "dotStyle", "shape")
_COLOR = (
    *("colors.foreground", "colors.dots", "colors.fg", "colors.primary", "colors.color"),
    *("dots.color", "dotsOptions.color", "foreground", "fgColor", "color"),
)
_BACKGROUND = ("colors.background", "colors.bg", "background", "background.color", "backgroundOptions.color", "bgColor")
_RING = (
    "corners",
    "corners.square",
    "corners.outer",
    "corners.type",
    "cornersSquareOptions.type",
    "eyes",
    "eyes.outer",
)
_RING_COLOR = ("corners.color", "cornersSquareOptions.color", "colors.corners", "eyes.color")
_EYE = ("corners.dot", "corners.inner", "cornersDotOptions.type", "eyes.inner")
_EYE_COLOR = ("cornersDotOptions.color", "corners.dot_color", "colors.corners_dot", "eyes.inner_color")
_GRADIENT = ("dots.gradient", "dotsOptions.gradient", "colors.gradient", "gradient")
_LEVEL = (
    *("output.error_correction", "output.errorCorrection", "output.error_correction_level", "output.ecc"),
    *("qrOptions.errorCorrectionLevel", "error_correction", "errorCorrectionLevel"),
)
_QUIET = ("output.quiet_zone", "output.quietZone", "quiet_zone", "quietZone")
_LOGO = ("logo", "logo.file_id", "logo.url", "logo.src", "logo.image", "image")
_LOGO_SIZE = ("logo.size", "imageOptions.imageSize")
_CAPTION = ("frame.text", "frame.caption", "frame.label", "frame.cta")
_FRAME_COLOR = ("frame.color", "frame.background", "frame.frame_color")
_FRAME_TEXT = ("frame.text_color", "frame.textColor")


def style(design: dict[str, Any] | None) -> dict[str, Any] | None:
    """The part of the design that can be drawn; None if it is the default style."""
    if design is None:
        return None
    found = {
        "shape": _first(design, _SHAPE, "shape", _translate(_SHAPES)),
        "color": _first(design, _COLOR, "color"),
        "background": _first(design, _BACKGROUND, "background"),
        "gradient": _first(design, _GRADIENT, "gradient", _gradient),
        "error_correction": _first(design, _LEVEL, "error_correction"),
        "margin": _first(design, _QUIET, "margin"),
        "finder": _finder(design),
        "logo": _logo(design),
        "frame": _frame(design),
    }
    return {name: value for name, value in found.items() if value is not None} or None


def _values(design: dict[str, Any], paths: tuple[str, ...]) -> Iterator[Any]:
    for path in paths:
        value: Any = design
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            yield value


def _same(value: Any) -> Any:
    return value


def _first(design: dict[str, Any], paths: tuple[str, ...], name: str, read: Callable[[Any], Any] = _same) -> Any:
    """The first value that a style accepts for `name`."""
    return next((value for value in map(read, _values(design, paths)) if _is_valid({name: value})), None)


def _is_valid(style: dict[str, Any]) -> bool:
    try:
        parse(style)
    except Refused:
        return False
    return None not in style.values()


def _translate(names: dict[str, str]) -> Callable[[Any], Any]:
    return lambda value: names.get(value.lower(), value.lower()) if isinstance(value, str) else value


def _part(design: dict[str, Any], paths: dict[str, tuple[str, ...]], name: str, rest: dict[str, Any]) -> dict[str, Any]:
    """The valid values within the part `name` of a style, which has at least `rest`."""
    part: dict[str, Any] = {}
    for inner, at in paths.items():
        for value in map(_translate(_FINDERS) if name == "finder" else _same, _values(design, at)):
            if _is_valid({name: {**rest, inner: value}}):
                part[inner] = value
                break
    return part


def _finder(design: dict[str, Any]) -> dict[str, Any] | None:
    paths = {"ring": _RING, "eye": _EYE, "ring_color": _RING_COLOR, "eye_color": _EYE_COLOR}
    return _part(design, paths, "finder", {}) or None


def _gradient(value: Any) -> Any:
    """Takes colours, or a list of stops with a colour each."""
    if not isinstance(value, dict):
        return None
    stops = value.get("colors") or value.get("colorStops") or value.get("stops")
    if not isinstance(stops, list):
        return None
    colors = [stop.get("color") if isinstance(stop, dict) else stop for stop in stops]
    kind = value.get("type")
    return {"type": kind if kind in ("linear", "radial") else "linear", "colors": colors}


def _logo(design: dict[str, Any]) -> Any:
    image = _first(design, _LOGO, "logo")
    if not isinstance(image, str):
        return None
    return {"image": image, **_part(design, {"size": _LOGO_SIZE}, "logo", {"image": image})}


def _frame(design: dict[str, Any]) -> dict[str, Any] | None:
    caption = _first(design, _CAPTION, "frame", lambda text: text if isinstance(text, str) and text.strip() else None)
    if caption is None:
        return None
    paths = {"color": _FRAME_COLOR, "text_color": _FRAME_TEXT}
    return {"caption": caption, **_part(design, paths, "frame", {"caption": caption})}
