"""Convert a line of text to outlines, so that it looks the same in every format and on every machine.

HarfBuzz shapes each run of one direction, script and font: Arabic letters join, marks are positioned.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path as FilePath

import msgspec
import uharfbuzz

from qr import bidi
from qr.errors import Refused
from qr.paths import Path, moved

MAX_CAPTION = 60
FONTS = FilePath(__file__).with_name("fonts")
# Persian and Indic scripts need these to say how letters join.
_JOINERS = "\u200c\u200d"


class Line(msgspec.Struct, frozen=True):
    """Letters on a baseline at y = 0 from x = 0, for a font of size 1."""

    path: Path
    width: float


class _Font:
    def __init__(self, file: FilePath) -> None:
        face = uharfbuzz.Face(file.read_bytes())
        self.font = uharfbuzz.Font(face)
        self.em: int = face.upem
        self.knows = face.unicodes


@cache
def _fonts(more: str) -> tuple[_Font, ...]:
    """The bundled fonts, then those of the folder `more`."""
    files = [*sorted(FONTS.glob("*.ttf"))]
    if more:
        files += sorted(path for path in FilePath(more).iterdir() if path.suffix.lower() in (".ttf", ".otf"))
    return tuple(_Font(file) for file in files)


def line(text: str, more_fonts: str = "", field: str = "style.frame.caption") -> Line:
    """Shape a line of text. Raises Refused for characters that no font covers, and for invisible ones."""
    fonts = _fonts(more_fonts)
    if any(_unseen(char) for char in text):
        raise Refused(field, "must not hold characters that cannot be seen")
    if missing := sorted({char for char in text if _font_of(char, fonts) is None}):
        raise Refused(field, f"has letters that no font here has: {' '.join(missing[:8])}")
    path: Path = []
    pen = 0.0
    for part, leftwards in bidi.runs(text):
        stretches = list(_stretches(part, fonts))
        for stretch, font in reversed(stretches) if leftwards else stretches:
            drawn, width = _shaped(stretch, font, leftwards)
            path += moved(drawn, 1, pen, 0)
            pen += width
    return Line(path, pen)


def _unseen(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and char not in _JOINERS


def _font_of(char: str, fonts: tuple[_Font, ...]) -> _Font | None:
    if char in _JOINERS:
        return fonts[0]
    return next((font for font in fonts if ord(char) in font.knows), None)


def _stretches(text: str, fonts: tuple[_Font, ...]) -> Iterator[tuple[str, _Font]]:
    """Split text into stretches of one script and one font, each with the spaces and signs that follow."""
    kinds: list[tuple[str, _Font]] = []
    for char in text:
        font = _font_of(char, fonts) or fonts[0]
        # The first word of a letter's Unicode name is its script: enough to tell scripts apart.
        script = unicodedata.name(char, "").partition(" ")[0] if char.isalpha() else ""
        if kinds and not script:
            last_script, last_font = kinds[-1]
            joins = ord(char) in last_font.knows or char in _JOINERS or unicodedata.combining(char)
            kinds.append((last_script, last_font if joins else font))
        else:
            kinds.append((script, font))
    at = 0
    for (_, font), group in groupby(kinds, key=lambda kind: (kind[0], kind[1])):
        length = len(list(group))
        yield text[at : at + length], font
        at += length


def _shaped(text: str, font: _Font, leftwards: bool) -> tuple[Path, float]:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if leftwards else "ltr"
    uharfbuzz.shape(font.font, buffer)
    path: Path = []
    pen = 0.0
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        glyph = _glyph(font, info.codepoint)
        path += moved(glyph, 1, (pen + position.x_offset) / font.em, -position.y_offset / font.em)
        pen += position.x_advance
    return path, pen / font.em


def _glyph(font: _Font, number: int) -> Path:
    """Return a letter's outline with y downwards, for a font of size 1."""
    pen = _Pen(font.em)
    font.font.draw_glyph_with_pen(number, pen)
    return pen.path


class _Pen:
    """Records the outlines that HarfBuzz draws; quadratic curves become cubic ones."""

    def __init__(self, em: int) -> None:
        self.path: Path = []
        self._em = em
        self._at = (0.0, 0.0)

    def _to(self, name: str, *points: tuple[float, float]) -> None:
        self.path.append((name, tuple(value for x, y in points for value in (x / self._em, -y / self._em))))
        self._at = points[-1]

    def moveTo(self, point: tuple[float, float]) -> None:
        self._to("M", point)

    def lineTo(self, point: tuple[float, float]) -> None:
        self._to("L", point)

    def curveTo(self, *points: tuple[float, float]) -> None:
        self._to("C", *points)

    def qCurveTo(self, *points: tuple[float, float]) -> None:
        handle, to = points
        one = tuple(a + (b - a) * 2 / 3 for a, b in zip(self._at, handle, strict=True))
        two = tuple(a + (b - a) * 2 / 3 for a, b in zip(to, handle, strict=True))
        self._to("C", (one[0], one[1]), (two[0], two[1]), to)

    def closePath(self) -> None:
        self.path.append(("Z", ()))

    def endPath(self) -> None:
        self.closePath()
