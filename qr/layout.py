"""Lay out a symbol in a style as a scene: positions and colours."""

import math
from collections.abc import Callable

from qr import caption, logo, shapes
from qr.colours import contrast, luminance
from qr.errors import Refused, Unreadable
from qr.paths import Path, box, moved, reversed_path, soft_box
from qr.scene import Area, Colour, Image, Linear, Paint, Radial, Scene, Stop
from qr.shapes import SHAPES
from qr.style import WHITE, Frame, Gradient, Style
from qr.symbol import FINDER, RESTORES, Symbol

# Below this contrast, phones in poor light do not tell dark from light.
MIN_CONTRAST = 3.0
# The share of the error correction that a logo may use up; the rest is for dirt and light.
LOGO_SHARE = 0.5


def check_colours(style: Style) -> None:
    """Check the colours of a style. Raises Unreadable for too little contrast, and for inverted colours."""
    behind = style.background or WHITE
    used: list[tuple[str, Colour | None]] = [
        ("style.color", None if style.gradient else style.color),
        ("style.finder.ring_color", style.finder.ring_color),
        ("style.finder.eye_color", style.finder.eye_color),
    ]
    if style.gradient:
        used += [(f"style.gradient.colors[{at}]", each) for at, each in enumerate(style.gradient.colors)]
    for field, colour in used:
        if colour is None:
            continue
        difference = contrast(colour, behind)
        if difference < MIN_CONTRAST:
            raise Unreadable(
                field,
                f"is too close to the background: their contrast is {difference:.1f}, and must be at least "
                f"{MIN_CONTRAST:g} for scanners to tell them apart",
            )
        if luminance(colour) > luminance(behind):
            raise Unreadable(field, "is lighter than the background: many scanners do not read inverted symbols")


def scene(symbol: Symbol, style: Style, title: str, more_fonts: str = "") -> Scene:
    """Lay out a symbol. Raises Refused for a logo that is not a picture and for a caption that no font covers,
    Unreadable for a logo that is too large."""
    inner = symbol.side + 2 * style.margin
    frame = style.frame
    border = round(inner * 0.035, 2) if frame else 0.0
    band = round(inner * 0.17, 2) if frame and frame.caption else 0.0
    left, top = border, border + (band if frame and frame.position == "top" else 0.0)
    width, height = inner + 2 * border, inner + 2 * border + band
    parts: list[Area | Image] = []
    if frame:
        parts += _framed(frame, style.background, (left, top, inner), (width, height), band, more_fonts)
    elif style.background is not None:
        parts.append(Area(box(0, 0, width, height), style.background, crisp=True))
    parts += _symbol(symbol, style, left + style.margin, top + style.margin)
    return Scene(width, height, tuple(parts), title)


def _symbol(symbol: Symbol, style: Style, left: float, top: float) -> list[Area | Image]:
    covered: Callable[[int, int], bool] = _nothing
    pictures: list[Image] = []
    if style.logo is not None:
        covered, picture = _logo(symbol, style, left, top)
        pictures.append(picture)

    def dark(x: int, y: int) -> bool:
        return symbol.dark(x, y) and not symbol.in_finder(x, y) and not covered(x, y)

    paint = _paint(style, left, top, symbol.side)
    modules = moved(SHAPES[style.shape](symbol.side, dark), 1, left, top)
    rings: Path = []
    eyes: Path = []
    for x, y in symbol.finders:
        rings += shapes.ring(style.finder.ring, left + x, top + y)
        eyes += shapes.eye(style.finder.eye, left + x, top + y)
    areas = [
        (modules, paint, style.shape == "square"),
        (rings, style.finder.ring_color or paint, style.finder.ring == "square"),
        (eyes, style.finder.eye_color or paint, style.finder.eye == "square"),
    ]
    return [*_joined(areas), *pictures]


def _joined(areas: list[tuple[Path, Paint, bool]]) -> list[Area]:
    """Join neighbours of one paint, since edges within one path leave no gaps."""
    found: list[Area] = []
    for path, paint, crisp in areas:
        if found and found[-1].paint == paint and found[-1].crisp == crisp:
            found[-1] = Area(found[-1].path + path, paint, crisp)
        elif path:
            found.append(Area(path, paint, crisp))
    return found


def _paint(style: Style, left: float, top: float, side: float) -> Paint:
    if style.gradient is None:
        return style.color
    return _gradient(style.gradient, left + side / 2, top + side / 2, side / 2)


def _gradient(gradient: Gradient, x: float, y: float, half: float) -> Paint:
    last = len(gradient.colors) - 1
    stops = tuple(Stop(at / last, colour) for at, colour in enumerate(gradient.colors))
    if gradient.kind == "radial":
        return Radial(x, y, half * math.sqrt(2), stops)
    angle = math.radians(gradient.angle)
    across, down = math.cos(angle), math.sin(angle)
    # As long as it takes for the first and the last colour to be in the corners.
    reach = half * (abs(across) + abs(down))
    return Linear(x - across * reach, y - down * reach, x + across * reach, y + down * reach, stops)


def _nothing(x: int, y: int) -> bool:
    return False


def _logo(symbol: Symbol, style: Style, left: float, top: float) -> tuple[Callable[[int, int], bool], Image]:
    """Return a test for the modules that make room for the logo, and the logo's image."""
    asked = style.logo
    assert asked is not None
    if asked.image is None:
        raise Refused("style.logo", "has not been fetched")
    picture = logo.opened(asked.image)
    scale = asked.size * symbol.side / max(picture.size)
    width, height = picture.width * scale, picture.height * scale
    middle = symbol.side / 2
    across, down = width / 2 + asked.margin, height / 2 + asked.margin

    def inside(x: int, y: int) -> bool:
        if asked.safe_area == "circle":
            radius = math.hypot(width, height) / 2 * 0.92 + asked.margin
            return math.hypot(x + 0.5 - middle, y + 0.5 - middle) < radius + 0.25
        return abs(x + 0.5 - middle) < across + 0.3 and abs(y + 0.5 - middle) < down + 0.3

    cells = [(x, y) for y in range(symbol.side) for x in range(symbol.side) if inside(x, y)]
    share, most = len(cells) / symbol.side**2, RESTORES[symbol.level] * LOGO_SHARE
    near, far = FINDER + 1, symbol.side - FINDER - 1
    at_finder = any(symbol.in_finder(x, y) or (x < near and y < near) for x, y in cells)
    if share > most or at_finder or any(x in (6, far) and y in (6, far) for x, y in cells):
        raise Unreadable(
            "style.logo",
            f"is too large: with its margin it covers {share:.0%} of the symbol, and with error correction "
            f"{symbol.level} it may cover {most:.1%}",
        )
    image = Image(
        png=logo.png(picture),
        x=left + middle - width / 2,
        y=top + middle - height / 2,
        width=width,
        height=height,
        behind=style.background or WHITE,
    )
    return inside, image


def _framed(
    frame: Frame,
    background: Colour | None,
    inside: tuple[float, float, float],
    outside: tuple[float, float],
    band: float,
    more_fonts: str,
) -> list[Area]:
    left, top, inner = inside
    outer_radius, inner_radius = (inner * 0.07, inner * 0.045) if frame.rounded else (0.0, 0.0)
    outer = soft_box(0, 0, *outside, (outer_radius,) * 4)
    window = soft_box(left, top, inner, inner, (inner_radius,) * 4)
    parts = [Area(outer + reversed_path(window), frame.color)]
    if background is not None:
        # A little larger than the window, and under the frame, so that no line shows between the two.
        under = left / 3
        parts.insert(
            0,
            Area(
                soft_box(left - under, top - under, inner + 2 * under, inner + 2 * under, (inner_radius,) * 4),
                background,
            ),
        )
    if band:
        middle = top - band / 2 - left / 4 if frame.position == "top" else top + inner + band / 2 + left / 4
        parts.append(
            Area(_lettering(frame.caption, outside[0], middle, inner * 0.92, band, more_fonts), frame.text_color)
        )
    return parts


def _lettering(text: str, width: float, middle: float, most: float, band: float, more_fonts: str) -> Path:
    """Set the caption in one line or two, whichever gives larger letters."""

    def fitted(lines: list[caption.Line], size: float) -> float:
        return min(size, most / max(line.width for line in lines))

    one = [caption.line(text, more_fonts)]
    lines, size = one, fitted(one, band * 0.62)
    words = text.split(" ")
    for at in range(1, len(words)):
        two = [caption.line(" ".join(part), more_fonts) for part in (words[:at], words[at:])]
        if (larger := fitted(two, band * 0.4)) > size:
            lines, size = two, larger
    path: Path = []
    step = size * 1.16
    # Capital letters have about three quarters of the font size, and are centred.
    baseline = middle + size * 0.365 - step * (len(lines) - 1) / 2
    for line in lines:
        path += moved(line.path, size, (width - line.width * size) / 2, baseline)
        baseline += step
    return path
