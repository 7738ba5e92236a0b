"""Sheets of many symbols for printing: rows and columns on pages, each with its name below."""

from collections.abc import Iterator, Sequence

import msgspec

from qr import caption
from qr.errors import Refused
from qr.paths import moved
from qr.pdf import Placed, document
from qr.scene import Area, Scene
from qr.style import BLACK

POINTS_PER_MM = 72 / 25.4
# Width and height in millimetres.
PAPERS = {"a4": (210.0, 297.0), "a3": (297.0, 420.0), "letter": (215.9, 279.4)}
EDGE_MM, GAP_MM, NAME_MM = 12.0, 6.0, 6.0
# Of a name's letters.
SIZE_MM = 3.2


class Entry(msgspec.Struct, frozen=True):
    scene: Scene
    # Written below it, where fonts cover it; else `otherwise`, which is ASCII.
    name: str = ""
    otherwise: str = ""


def fits(paper: str, width_mm: float) -> bool:
    wide, high = PAPERS[paper]
    return width_mm <= min(wide, high) - 2 * EDGE_MM


def sheet(entries: Sequence[Entry], paper: str, width_mm: float, *, more_fonts: str = "") -> bytes:
    """Write a PDF, each scene `width_mm` wide. Deterministic."""
    pages = [list(page) for page in _pages(entries, paper, width_mm, more_fonts)]
    wide, high = PAPERS[paper]
    return document(pages, (wide * POINTS_PER_MM, high * POINTS_PER_MM), "QR codes")


def _pages(entries: Sequence[Entry], paper: str, width: float, more_fonts: str) -> Iterator[Iterator[Placed]]:
    wide, high = PAPERS[paper]
    named = any(entry.name or entry.otherwise for entry in entries)
    tall = max(width * entry.scene.height / entry.scene.width for entry in entries) + (NAME_MM if named else 0)
    columns = max(1, int((wide - 2 * EDGE_MM + GAP_MM) // (width + GAP_MM)))
    rows = max(1, int((high - 2 * EDGE_MM + GAP_MM) // (tall + GAP_MM)))
    # In the middle of the page, so that it can be cut from either side.
    left = (wide - columns * width - (columns - 1) * GAP_MM) / 2
    for first in range(0, len(entries), columns * rows):
        places = [
            (left + at % columns * (width + GAP_MM), EDGE_MM + at // columns * (tall + GAP_MM), entry)
            for at, entry in enumerate(entries[first : first + columns * rows])
        ]
        yield (part for x, y, entry in places for part in _placed(entry, x, y, width, more_fonts))


def _placed(entry: Entry, x: float, y: float, width: float, more_fonts: str) -> Iterator[Placed]:
    scene = entry.scene
    yield Placed(scene, x * POINTS_PER_MM, y * POINTS_PER_MM, width * POINTS_PER_MM / scene.width)
    line = _line(entry, more_fonts)
    if line is not None and line.width:
        size = min(SIZE_MM, width / line.width)
        path = moved(line.path, size, (width - line.width * size) / 2, 0)
        below = Scene(width, NAME_MM, (Area(path, BLACK),), "")
        baseline = y + width * scene.height / scene.width + SIZE_MM * 1.3
        yield Placed(below, x * POINTS_PER_MM, baseline * POINTS_PER_MM, POINTS_PER_MM)


def _line(entry: Entry, more_fonts: str) -> caption.Line | None:
    for text in (entry.name, entry.otherwise):
        if text:
            try:
                return caption.line(text, more_fonts)
            except Refused:
                continue
    return None
