"""The README's table of figures, from docs/performance.json: `bench --write` and `make figures` write it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.figures import Figure, plain

BEGIN = "<!-- `make figures` writes this table from docs/performance.json. -->"
END = "<!-- End of the figures. -->"


class Shown(NamedTuple):
    bench: str
    what: str
    # In the README's words.
    means: str


FIGURES = (
    Shown("startup", "`waymark up` to the first redirect, empty folder", "from `waymark up` to the first redirect"),
    Shown("peers", "waymark: processor time of one answer", "one redirect of a known code, recorded: processor time"),
    Shown("peers", "waymark: whole way of a scan", "one scan from its request until it is stored: processor time"),
    Shown("freshness", "scan to visible in analytics, p99", "from a scan to its count in the API, 99th percentile"),
    Shown("aggregator", "from a journal to rows and rollups", "scans stored exactly once, by one aggregator"),
    Shown(
        "analytics",
        "365-day answer, a code of 10,000,000 scans, p95",
        "a year's analytics of a code with 10 million scans, 95th percentile",
    ),
    Shown("memory", "redirect worker with 100,000 routes cached", "memory of a redirector with 100,000 codes cached"),
)


def table(figures: Mapping[str, Sequence[Figure]]) -> str:
    """A figure that was not measured has no row."""
    rows = [
        f"| {shown.means} | {plain(one.value)} {one.unit} |"
        for shown in FIGURES
        for one in figures.get(shown.bench, ())
        if one.what == shown.what
    ]
    return "\n".join(["| what | measured |", "|---|---|", *rows])


def write(readme: Path, figures: Mapping[str, Sequence[Figure]]) -> None:
    """Puts the table between its marks. Raises ValueError where the marks are not there."""
    text = readme.read_text()
    between = re.compile(re.escape(BEGIN) + r"\n.*?" + re.escape(END), re.DOTALL)
    if not between.search(text):
        raise ValueError(f"{readme} has no place for figures")
    readme.write_text(between.sub(lambda _: f"{BEGIN}\n\n{table(figures)}\n\n{END}", text))
