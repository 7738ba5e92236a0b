"""The page that `waymark stats` prints: figures, a series, a breakdown."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.cells import cell_len, set_cell_size

from waymark.stats.charts import ASCII, UNICODE, Marks, bar, columns, nice_top, sparkline

NARROWEST, WIDEST = 40, 100
_MARGIN = 2
_SHORTEST_BAR = 4
# Percent from which "so many times" says more.
_TIMES = 1_000
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# What scans without a value are called, by dimension.
_NONE = {
    "scan:referrer": "Direct",
    "scan:referrer_host": "Direct",
    "scan:placement": "no placement",
    "code:tag": "no tag",
    "code:folder": "no folder",
    "code:label": "no label",
}
_TITLES = {"scan:hour_of_week": "hour of the week", "scan:referrer_host": "referring site"}

Answer = dict[str, Any]


class Look(msgspec.Struct, frozen=True):
    """How much room there is, and what the terminal can show."""

    width: int = 80
    unicode: bool = True
    color: bool = False

    @property
    def marks(self) -> Marks:
        return UNICODE if self.unicode else ASCII

    def style(self, text: str, **how: Any) -> str:
        return click.style(text, **how) if self.color and text else text


class Stats(msgspec.Struct, frozen=True):
    """Three answers of `/v1/query`, and what they are about."""

    about: str
    total: Answer
    series: Answer
    breakdown: Answer


def page(stats: Stats, look: Look) -> list[str]:
    look = msgspec.structs.replace(look, width=max(NARROWEST, min(look.width, WIDEST)))
    lines = ["", *_heading(stats, look), "", *_figures(stats.total, look)]
    if stats.total["results"][0]["metrics"][0]:
        lines += ["", *_chart(stats.series, look), "", *_table(stats.breakdown, look)]
    lines += ["", *_footer(stats.total, look)]
    return [f"{' ' * _MARGIN}{line}".rstrip() for line in lines]


def _heading(stats: Stats, look: Look) -> list[str]:
    query, room = stats.total["query"], look.width - 2 * _MARGIN
    about = clean(stats.about)
    when = f"{_span(query['date_range'], look)}, {query['timezone']}"
    together = cell_len(about) + cell_len(when) + 3 <= room
    shown = [
        look.style(_cut(about, room, look).rstrip(), bold=True),
        look.style(_cut(when, room, look).rstrip(), dim=True),
    ]
    return [f" {look.marks.dot} ".join(shown)] if together else shown


def _figures(total: Answer, look: Look) -> list[str]:
    row, query = total["results"][0], total["query"]
    scans, _, last = row["metrics"]
    if not scans:
        lines = ["No scans."]
    else:
        lines = _counts(row, look)
        if last:
            lines.append(look.style(f"last scan {_moment(last, query['timezone'])}", dim=True))
    if row["comparison"] is not None:
        lines.append(look.style(f"compared with {_span(query['compare'], look)}", dim=True))
    return lines


def _counts(row: Answer, look: Look) -> list[str]:
    numbers = [f"{row['metrics'][at]:,}" for at in (0, 1)]
    names = [name if number != "1" else name[:-1] for name, number in zip(("scans", "visitors"), numbers, strict=True)]
    lines = []
    for at, (number, name) in enumerate(zip(numbers, names, strict=True)):
        line = look.style(f"{number:>{max(map(len, numbers))}}", bold=True) + f" {name}"
        if row["comparison"] is not None:
            then = row["comparison"]["metrics"][at]
            change = _styled(_change(row, at, look.marks), look)
            line += f"{' ' * (max(map(len, names)) - len(name))}  {change} from {then:,}"
        lines.append(line)
    return lines


def _change(row: Answer, at: int, marks: Marks) -> str:
    """`▲ 12.5 %`, or what it is when there was nothing before."""
    compared = row["comparison"]
    if compared is None:
        return ""
    change = compared["change"][at]
    if change is None:
        return "new" if row["metrics"][at] else ""
    if change >= _TIMES:
        return f"{marks.times} {row['metrics'][at] / compared['metrics'][at]:,.0f}"
    return "=" if change == 0 else f"{marks.up if change > 0 else marks.down} {_percent(abs(change))}"


def _styled(text: str, look: Look) -> str:
    """A cell of the table: more is green, less is red, shares are dim."""
    mark = text[:1]
    if mark in (look.marks.up, look.marks.times) or text.startswith("new"):
        return look.style(text, fg="green")
    if mark == look.marks.down:
        return look.style(text, fg="red")
    return look.style(text, dim=text.endswith("%"))


def _chart(series: Answer, look: Look) -> list[str]:
    rows = series["results"]
    now = [row["metrics"][0] for row in rows]
    then = [row["comparison"]["metrics"][0] if row["comparison"] else 0 for row in rows]
    top = nice_top(max(*now, *then, 1))
    gutter = len(f"{top:,}") + 1
    room = look.width - 2 * _MARGIN - gutter - 1
    together = -(-len(now) // room)
    if together > 1:
        now, then = _added(now, together), _added(then, together)
        top = nice_top(max(*now, *then, 1))
    width, gap = _cells(room // len(now))
    height = 6 if look.width >= 60 else 4
    # The axis is as tall as its top.
    drawn = [line[: (width + gap) * len(now)] for line in columns([*now, top], height, width, gap, look.marks)]
    length = (width + gap) * len(now) - gap
    labels = {0: f"{top:,}", height - 1: "0"}
    lines = [
        f"{labels.get(at, ''):>{gutter - 1}} {look.style('|' if not look.unicode else '┤', dim=True)}"
        f"{look.style(line.rstrip(), fg='cyan')}"
        for at, line in enumerate(drawn)
    ]
    first, last = (_part(rows[at]["dimensions"][0]) for at in (0, -1))
    names = first if len(rows) == 1 else f"{first}{last:>{max(length - len(first), len(last) + 1)}}"
    lines.append(f"{' ' * gutter} {look.style(names, dim=True)}")
    if any(then):
        line = sparkline(then, max(*then, 1), width, gap, look.marks)
        lines.append(f"{'then':>{gutter}} {look.style(line, dim=True)}")
    return lines


def _added(values: Sequence[int], together: int) -> list[int]:
    return [sum(values[at : at + together]) for at in range(0, len(values), together)]


def _cells(room: int) -> tuple[int, int]:
    """Width of a column and the gap beside it, in so much room."""
    if room < 2:
        return 1, 0
    return min(room - 1, 8), 1


def _table(breakdown: Answer, look: Look) -> list[str]:
    dimension = breakdown["query"]["dimensions"][0]
    shown = [(_name(row["dimensions"][0], dimension, breakdown, look), row, True) for row in breakdown["results"]]
    rest = breakdown["remainder"]
    if rest is not None and rest["metrics"][0]:
        others = (breakdown["meta"]["total_rows"] or 0) - len(shown)
        shown.append((f"{others:,} other{'s' if others != 1 else ''}", rest, False))
    if not shown:
        return []
    columns = _columns([row for _, row, _ in shown], look)
    room = look.width - 2 * _MARGIN
    name_width = min(max(cell_len(name) for name, _, _ in shown), room // 3)
    # What there is no room for is left out, the shares first.
    while (bar_width := room - name_width - 2 - sum(len(one[0]) + 2 for one in columns)) < _SHORTEST_BAR:
        columns.pop(1 if len(columns) > 1 else 0)
    bar_width = min(40, bar_width)
    most = max(row["metrics"][0] for _, row, listed in shown if listed)
    lines = [look.style(f"by {_title(dimension)}", dim=True)]
    for at, (name, row, listed) in enumerate(shown):
        drawn = bar(row["metrics"][0], most, bar_width, look.marks)
        cells = [
            look.style(_cut(name, name_width, look), dim=not listed),
            look.style(drawn, fg="cyan", dim=not listed) + " " * (bar_width - len(drawn)),
            *(_styled(column[at], look) for column in columns),
        ]
        lines.append("  ".join(cells))
    return lines


def _columns(rows: Sequence[Answer], look: Look) -> list[list[str]]:
    """Counts, shares and changes as texts, those of a column equally long."""
    counts = [f"{row['metrics'][0]:,}" for row in rows]
    shares = [_percent(row["metrics"][1] * 100) for row in rows]
    changes = [_change(row, 0, look.marks) for row in rows]
    found = [[text.rjust(max(map(len, texts))) for text in texts] for texts in (counts, shares)]
    if any(changes):
        found.append([text.ljust(max(map(len, changes))) for text in changes])
    return found


def _footer(total: Answer, look: Look) -> list[str]:
    until = total["meta"]["complete_until"]
    if until is None:
        return [look.style("Not known to be complete.", dim=True)]
    return [look.style(f"Complete until {_moment(until, total['query']['timezone'])}.", dim=True)]


def _title(dimension: str) -> str:
    return _TITLES.get(dimension, dimension.partition(":")[2] or dimension).replace("_", " ")


def _name(value: str | int, dimension: str, answer: Answer, look: Look) -> str:
    if dimension == "time:hour_of_week":
        day, hour = divmod(int(value), 24)
        return f"{_DAYS[day]} {hour:02}:00"
    if dimension.startswith("time:"):
        return _part(value)
    if dimension == "code" and (code := answer["meta"]["codes"].get(value)):
        label = f" {look.marks.dot} {code['label']}" if code["label"] else ""
        return clean(f"{code['slug']}{label}")
    return clean(str(value)) or _NONE.get(dimension, "Unknown")


def clean(text: str) -> str:
    """Without what a terminal would obey: values come from strangers."""
    return "".join(mark if mark.isprintable() else "?" for mark in text)


def _cut(text: str, width: int, look: Look) -> str:
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1).rstrip() + look.marks.more


def _percent(value: float) -> str:
    return f"{value:.1f} %"


def _part(label: str | int) -> str:
    """A part of time in a few letters: `21 May`, `May 2026`, `Thu 14:00`."""
    text = str(label)
    if "T" in text:
        return datetime.fromisoformat(text).strftime("%a %H:%M")
    return _day(date.fromisoformat(text))


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _span(pair: list[str], look: Look) -> str:
    first, last = pair
    if "T" in first:
        return f"{first} {look.marks.dash} {last}"
    begins, ends = date.fromisoformat(first), date.fromisoformat(last)
    if begins == ends:
        return _day(ends)
    short = f"{begins.day} {begins:%b}" if begins.year == ends.year else _day(begins)
    return f"{short} {look.marks.dash} {_day(ends)}"


def _moment(text: str, zone: str) -> str:
    at = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    return f"{_day(at.date())}, {at:%H:%M}"
