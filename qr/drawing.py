"""From data and a style to the bytes of a picture that is known to scan."""

from typing import Literal, get_args

from PIL.Image import Image

from qr import layout, raster, reading
from qr.eps import eps
from qr.errors import Refused, Unreadable
from qr.pdf import pdf
from qr.scene import Scene
from qr.style import Style
from qr.svg import svg
from qr.symbol import symbol

Format = Literal["png", "svg", "pdf", "eps"]
FORMATS: tuple[str, ...] = get_args(Format)
MIN_SIZE = 64
MAX_SIZE = 4096
# Formats without pixels are read at this many for a module.
TWIN = 6.0
# What is tried after the mask that is best by the rules, and with saying that the text is UTF-8, which scanners take it
# for anyway unless it looks like something else.
_OTHERS: tuple[tuple[int | None, bool], ...] = ((None, True), (0, False), (3, False), (5, False), (6, True))


def draw(data: str, style: Style, format: str, size: int, *, more_fonts: str = "") -> bytes:
    """`size` is the width in pixels (of a PDF or EPS: in points). Blocks for some tens of milliseconds, much longer for
    the largest. Raises Refused for what cannot be drawn, and Unreadable, which is one, for what would not scan."""
    if format not in FORMATS:
        raise Refused("format", f"must be one of: {', '.join(FORMATS)}")
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise Refused("size", f"must be a whole number, {MIN_SIZE} to {MAX_SIZE}")
    layout.check_colours(style)
    scene = _readable(data, style, more_fonts)
    if format == "png":
        return raster.png(_pixels(scene, data, size))
    if format == "svg":
        return svg(scene, size).encode()
    return pdf(scene, size) if format == "pdf" else eps(scene, size)


def _readable(data: str, style: Style, more_fonts: str) -> Scene:
    """The first scene whose twin in pixels is read, also out of focus. What one of the masks makes hard to read in
    this style, another may not."""
    for mask, said in ((None, False), *_OTHERS):
        if said and data.isascii():
            continue
        scene = layout.scene(symbol(data, style.level, mask=mask, said=said), style, "QR code", more_fonts)
        looked_at = reading.grey(raster.rendered(scene, round(TWIN * scene.width)), TWIN)
        if not reading.reads(looked_at, data):
            trouble = "makes a symbol that scanners do not read; it was tried"
        elif not reading.reads_poorly(looked_at, TWIN, data):
            trouble = "makes a symbol that is read in the best of light only; it was tried out of focus"
        else:
            return scene
    raise Unreadable("style", trouble)


def _pixels(scene: Scene, data: str, size: int) -> Image:
    """These very pixels are read too: few of them may be too few."""
    picture = raster.rendered(scene, size)
    per_module = size / scene.width
    if not reading.reads(reading.grey(picture, per_module), data):
        raise Unreadable("size", f"is too small: this picture needs about {round(scene.width * 3)} pixels to be read")
    return picture
