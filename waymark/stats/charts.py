"""Charts of text: bars, columns and sparklines, in Unicode or ASCII."""

from collections.abc import Sequence

import msgspec


class Marks(msgspec.Struct, frozen=True):
    """What charts are drawn with. `bar` are the parts of a cell from the left, `column` from below, a whole one last;
    `track` is the line that columns stand on."""

    bar: str
    column: str
    track: str
    up: str
    down: str
    times: str
    dot: str
    dash: str
    more: str


UNICODE = Marks(bar="▏▎▍▌▋▊▉█", column="▁▂▃▄▅▆▇█", track="─", up="▲", down="▼", times="×", dot="·", dash="–", more="…")
ASCII = Marks(bar="#", column=".:#", track="-", up="+", down="-", times="x", dot="-", dash="-", more="~")


def bar(value: float, most: float, width: int, marks: Marks) -> str:
    """A bar of at most `width` cells; anything above nothing has at least the smallest mark."""
    return _filled(value, most, width, marks.bar)


def columns(values: Sequence[float], height: int, width: int, gap: int, marks: Marks) -> list[str]:
    """Rows, the top one first, of a column for each value, `width` cells wide."""
    most = max(values, default=0)
    rows = [_filled(value, most, height, marks.column).ljust(height) for value in values]
    between = " " * gap
    return [between.join(row[level] * width for row in rows).rstrip() for level in range(height - 1, -1, -1)]


def sparkline(values: Sequence[float], most: float, width: int, gap: int, marks: Marks) -> str:
    """One row of columns, whose whole cell is `most`."""
    return (" " * gap).join((_filled(value, most, 1, marks.column) or " ") * width for value in values).rstrip()


def _filled(value: float, most: float, cells: int, marks: str) -> str:
    """Whole cells, and a part of one."""
    if value <= 0 or most <= 0:
        return ""
    parts = len(marks)
    filled = max(1, round(min(value / most, 1) * cells * parts))
    whole, rest = divmod(filled, parts)
    return marks[-1] * whole + (marks[rest - 1] if rest else "")


def nice_top(value: float) -> int:
    """A round number at or above the value, for the top of an axis."""
    if value <= 4:
        return 4 if value > 2 else max(1, int(value))
    scale = 1
    while value > 10 * scale:
        scale *= 10
    for step in (1, 2, 3, 4, 5, 6, 8, 10):
        if value <= step * scale:
            return step * scale
    return 10 * scale
