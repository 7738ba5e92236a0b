"""Render data in a style to a picture that is checked to scan."""

from collections.abc import Iterator
from typing import Literal, get_args

import msgspec
from PIL.Image import Image

from qr import layout, png, scan_check
from qr.eps import eps
from qr.errors import Refused, Unreadable
from qr.pdf import pdf
from qr.scene import Scene
from qr.style import Style
from qr.svg import svg
from qr.symbol import Symbol, symbol

Format = Literal["png", "svg", "pdf", "eps"]
FORMATS: tuple[str, ...] = get_args(Format)
MIN_SIZE = 64
MAX_SIZE = 4096
# The pixels a module at which vector formats are checked.
TWIN = 6.0
# (mask, declare UTF-8): the variants to try after the standard's preferred mask. Scanners assume UTF-8 anyway, unless
# the text looks like another encoding.
_OTHERS: tuple[tuple[int | None, bool], ...] = ((None, True), (0, False), (3, False), (5, False), (6, True))


def draw(data: str, style: Style, format: str, size: int, *, more_fonts: str = "") -> bytes:
    """Draw a symbol, `size` pixels wide (PDF and EPS: points). Blocks for tens of milliseconds, much longer for the
    largest. Raises Refused if the input cannot be drawn, its subclass Unreadable if the picture would not scan."""
    if format not in FORMATS:
        raise Refused("format", f"must be one of: {', '.join(FORMATS)}")
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise Refused("size", f"must be a whole number, {MIN_SIZE} to {MAX_SIZE}")
    layout.check_colours(style)
    scenes = _readable(data, style, more_fonts)
    if format == "png":
        return png.png(_pixels(scenes, data, size))
    _, scene = next(scenes)
    if format == "svg":
        return svg(scene, size).encode()
    return pdf(scene, size) if format == "pdf" else eps(scene, size)


class Measured(msgspec.Struct, frozen=True):
    """A picture for a designer, and what is known of it."""

    svg: str
    # Across, with quiet zone and frame.
    width: float
    # Of the symbol alone, on each side.
    modules: int
    error_correction: str
    # See `scan_check.reserve`.
    reserve: float


def scene_of(data: str, style: Style, *, more_fonts: str = "") -> Scene:
    """The scene, for a page with others. Raises what `draw` raises."""
    layout.check_colours(style)
    return next(_readable(data, style, more_fonts))[1]


def measure(data: str, style: Style, size: int, *, more_fonts: str = "") -> Measured:
    """Draw as SVG and measure. Raises what `draw` raises."""
    layout.check_colours(style)
    made, scene = next(_readable(data, style, more_fonts))
    looked_at = scan_check.grey(png.rendered(scene, round(TWIN * scene.width)), TWIN)
    return Measured(svg(scene, size), scene.width, made.side, made.level, scan_check.reserve(looked_at, data))


def _readable(data: str, style: Style, more_fonts: str) -> Iterator[tuple[Symbol, Scene]]:
    """Yield the symbols and scenes that scan, also out of focus, at least one: in one style, one mask may be
    hard to read and another not."""
    none = True
    for mask, said in ((None, False), *_OTHERS):
        if said and data.isascii():
            continue
        made = symbol(data, style.level, mask=mask, said=said)
        scene = layout.scene(made, style, "QR code", more_fonts)
        looked_at = scan_check.grey(png.rendered(scene, round(TWIN * scene.width)), TWIN)
        if not scan_check.reads(looked_at, data):
            trouble = "makes a symbol that scanners do not read; it was tried"
        elif not scan_check.reads_poorly(looked_at, TWIN, data):
            trouble = "makes a symbol that is read in the best of light only; it was tried out of focus"
        else:
            none = False
            yield made, scene
    if none:
        raise Unreadable("style", trouble)


def _pixels(scenes: Iterator[tuple[Symbol, Scene]], data: str, size: int) -> Image:
    """Check the final pixels as well: at a small size there may be too few."""
    for _, scene in scenes:
        picture = png.rendered(scene, size)
        if scan_check.reads(scan_check.on_white(picture), data):
            return picture
    raise Unreadable("size", f"is too small: this picture needs about {round(scene.width * 3)} pixels to be read")
