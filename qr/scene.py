"""A picture independent of its format: areas and images, back to front. All formats are written from the same scene,
so they look the same."""

import msgspec

from qr.paths import Path

Colour = tuple[int, int, int]


class Stop(msgspec.Struct, frozen=True):
    at: float
    colour: Colour


class Linear(msgspec.Struct, frozen=True, tag=True):
    x1: float
    y1: float
    x2: float
    y2: float
    stops: tuple[Stop, ...]


class Radial(msgspec.Struct, frozen=True, tag=True):
    x: float
    y: float
    radius: float
    stops: tuple[Stop, ...]


Paint = Colour | Linear | Radial


class Area(msgspec.Struct, frozen=True, tag=True):
    """A filled path; outlines of opposite direction make holes. `crisp`: all edges are horizontal or vertical and may
    snap to pixels."""

    path: Path
    paint: Paint
    crisp: bool = False


class Image(msgspec.Struct, frozen=True, tag=True):
    """A PNG and its position; `behind` is the colour under it, for formats without transparency."""

    png: bytes
    x: float
    y: float
    width: float
    height: float
    behind: Colour


class Scene(msgspec.Struct, frozen=True):
    """The unit is the module: one dark square of the symbol is one by one."""

    width: float
    height: float
    parts: tuple[Area | Image, ...]
    title: str

    def pixels_high(self, pixels_wide: int) -> int:
        return max(1, round(pixels_wide * self.height / self.width))
