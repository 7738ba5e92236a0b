"""The three large corners: a ring of seven modules and an eye of three."""

from collections.abc import Callable

from qr.paths import Path, box, diamond, disc, reversed_path, soft_box

# A closed outline of a square of `side` at (x, y).
Outline = Callable[[float, float, float], Path]


def _square(x: float, y: float, side: float) -> Path:
    return box(x, y, side, side)


def _rounded(x: float, y: float, side: float) -> Path:
    # Ring and hole bend around the same centre.
    radius = {7: 2.2, 5: 1.2, 3: 0.9}[round(side)]
    return soft_box(x, y, side, side, (radius,) * 4)


def _circle(x: float, y: float, side: float) -> Path:
    return disc(x + side / 2, y + side / 2, side / 2)


def _leaf(x: float, y: float, side: float) -> Path:
    radius = {7: 2.6, 5: 1.7, 3: 1.2}[round(side)]
    return soft_box(x, y, side, side, (radius, 0.0, radius, 0.0))


def _diamond(x: float, y: float, side: float) -> Path:
    return diamond(x + side / 2, y + side / 2, side * 0.62)


RINGS: dict[str, Outline] = {"square": _square, "rounded": _rounded, "circle": _circle, "leaf": _leaf}
EYES: dict[str, Outline] = {**RINGS, "diamond": _diamond}


def ring(shape: str, x: float, y: float) -> Path:
    outline = RINGS[shape]
    return outline(x, y, 7) + reversed_path(outline(x + 1, y + 1, 5))


def eye(shape: str, x: float, y: float) -> Path:
    return EYES[shape](x + 2, y + 2, 3)
