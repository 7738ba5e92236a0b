"""How modules are drawn. Each shape is a function from where the dark ones are to one path."""

from collections.abc import Callable, Iterator

from qr.paths import Path, box, diamond, disc, soft_box

# Whether the module at (x, y) is dark.
Dark = Callable[[int, int], bool]
Shape = Callable[[int, Dark], Path]


def _each(side: int, dark: Dark) -> Iterator[tuple[int, int]]:
    return ((x, y) for y in range(side) for x in range(side) if dark(x, y))


def _runs(side: int, dark: Dark) -> Iterator[tuple[int, int, int]]:
    """x, y and length of each row's dark stretches."""
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
    """Neighbours flow into each other; a corner is round where both sides of it are free."""
    return _cornered(side, dark, (True, True, True, True))


def classy(side: int, dark: Dark) -> Path:
    """Only top left and bottom right are round, like leaves."""
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
    """Level bars with round ends."""
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
