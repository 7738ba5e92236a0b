"""Outlines in the four steps that all page languages share: move, line, curve, close. y grows downwards."""

from collections.abc import Iterable

# ("M", (x, y)), ("L", (x, y)), ("C", (x1, y1, x2, y2, x, y)), ("Z", ())
Step = tuple[str, tuple[float, ...]]
Path = list[Step]

# The length of a curve's handles for a quarter of a circle of radius 1.
ROUND = 0.5522847498


def box(x: float, y: float, width: float, height: float) -> Path:
    return [("M", (x, y)), ("L", (x + width, y)), ("L", (x + width, y + height)), ("L", (x, y + height)), ("Z", ())]


def soft_box(x: float, y: float, width: float, height: float, corners: tuple[float, float, float, float]) -> Path:
    """Draw a box with a radius for each corner: top left, top right, bottom right, bottom left."""
    right, low = x + width, y + height
    nw, ne, se, sw = corners
    path: Path = [("M", (x + nw, y)), ("L", (right - ne, y))]
    path += _turn(right - ne, y, right, y, right, y + ne)
    path.append(("L", (right, low - se)))
    path += _turn(right, low - se, right, low, right - se, low)
    path.append(("L", (x + sw, low)))
    path += _turn(x + sw, low, x, low, x, low - sw)
    path.append(("L", (x, y + nw)))
    path += _turn(x, y + nw, x, y, x + nw, y)
    path.append(("Z", ()))
    return path


def _turn(x: float, y: float, corner_x: float, corner_y: float, to_x: float, to_y: float) -> Path:
    """Draw a quarter of a circle around a corner; nothing for a sharp one."""
    if x == to_x and y == to_y:
        return []
    return [
        (
            "C",
            (
                x + (corner_x - x) * ROUND,
                y + (corner_y - y) * ROUND,
                to_x + (corner_x - to_x) * ROUND,
                to_y + (corner_y - to_y) * ROUND,
                to_x,
                to_y,
            ),
        )
    ]


def disc(x: float, y: float, radius: float) -> Path:
    """Draw a disc around (x, y)."""
    return soft_box(x - radius, y - radius, 2 * radius, 2 * radius, (radius,) * 4)


def diamond(x: float, y: float, reach: float) -> Path:
    return [("M", (x, y - reach)), ("L", (x + reach, y)), ("L", (x, y + reach)), ("L", (x - reach, y)), ("Z", ())]


def reversed_path(path: Path) -> Path:
    """Reverse one closed outline, so that it becomes a hole in the area around it."""
    steps = [step for step in path if step[0] != "Z"]
    ends = [where[-2:] for _, where in steps]
    back: Path = [("M", ends[-1])]
    for at in range(len(steps) - 1, 0, -1):
        name, where = steps[at]
        handles = where[2:4] + where[:2] if name == "C" else ()
        back.append((name, handles + ends[at - 1]))
    back.append(("Z", ()))
    return back


def moved(path: Iterable[Step], scale: float, dx: float, dy: float) -> Path:
    """Scale a path around (0, 0), then move it."""
    shift = (dx, dy) * 3
    return [(name, tuple(value * scale + by for value, by in zip(where, shift, strict=False))) for name, where in path]
