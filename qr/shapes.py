"""Shapes of modules and of finder patterns. A module shape turns the dark modules into one path."""

from collections.abc import Callable, Iterator

from qr.paths import Path, box, diamond, disc, reversed_path, soft_box

# Whether the module at (x, y) is dark.
Dark = Callable[[int, int], bool]
Shape = Callable[[int, Dark], Path]


def _each(side: int, dark: Dark) -> Iterator[tuple[int, int]]:
    return ((x, y) for y in range(side) for x in range(side) if dark(x, y))


def _runs(side: int, dark: Dark) -> Iterator[tuple[int, int, int]]:
    """Yield x, y and length of each row's dark stretches."""
    for y in range(side):
        begin = None
        for x in range(side + 1):
            if x < side and dark(x, y):
                begin = x if begin is None else begin
            elif begin is not None:
                yield begin, y, x - begin
                begin = None


def square(side: int, dark: Dark) -> Path:
    return [step for x, y, length in _runs(side, dark) for step in box(x, y, length, 1)]


def dots(side: int, dark: Dark) -> Path:
    return [step for x, y in _each(side, dark) for step in disc(x + 0.5, y + 0.5, 0.46)]


def diamonds(side: int, dark: Dark) -> Path:
    # Corners reach a little over their module, or too little of it would be dark.
    return [step for x, y in _each(side, dark) for step in diamond(x + 0.5, y + 0.5, 0.62)]


def rounded(side: int, dark: Dark) -> Path:
    """Join neighbours; a corner is round if both sides of it are free."""
    return _cornered(side, dark, (True, True, True, True))


def classy(side: int, dark: Dark) -> Path:
    """Round only the top left and bottom right corners, like leaves."""
    return _cornered(side, dark, (True, False, True, False))


def _cornered(side: int, dark: Dark, which: tuple[bool, bool, bool, bool]) -> Path:
    path: Path = []
    for x, y in _each(side, dark):
        up, right, down, left = dark(x, y - 1), dark(x + 1, y), dark(x, y + 1), dark(x - 1, y)
        free = (not (up or left), not (up or right), not (down or right), not (down or left))
        nw, ne, se, sw = (0.5 if round_ and alone else 0.0 for round_, alone in zip(which, free, strict=True))
        path += soft_box(x, y, 1, 1, (nw, ne, se, sw)) if any((nw, ne, se, sw)) else box(x, y, 1, 1)
    return path


def horizontal(side: int, dark: Dark) -> Path:
    """Draw horizontal bars with round ends."""
    path: Path = []
    for x, y, length in _runs(side, dark):
        path += soft_box(x + 0.04, y + 0.1, length - 0.08, 0.8, (0.4,) * 4)
    return path


def vertical(side: int, dark: Dark) -> Path:
    path: Path = []
    for y, x, length in _runs(side, lambda along, across: dark(across, along)):
        path += soft_box(x + 0.1, y + 0.04, 0.8, length - 0.08, (0.4,) * 4)
    return path


SHAPES: dict[str, Shape] = {
    "square": square,
    "rounded": rounded,
    "dots": dots,
    "diamond": diamonds,
    "classy": classy,
    "horizontal": horizontal,
    "vertical": vertical,
}


# Finder patterns, the three large corners: a ring of seven modules and an eye of three.

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
