"""docs/performance.md: what was measured last, bench by bench, and on which machine.

The figures themselves are kept beside it, so that one bench can be measured anew without the others. What people
have written below the tables stays.
"""

from datetime import date
from pathlib import Path

import msgspec

from bench import BENCHES, readme, scaling
from bench.figures import Figure, plain

DOCS = Path(__file__).parents[1] / "docs"
BELOW = "<!-- What stands below is written by hand and stays. -->"

_HEAD = """# Performance

Written by `python -m bench --write` (and `--growth --write`); what each bench measures and how is in
[bench.md](bench.md). Ratios come from both sides of one run. "Kept" and "missed" are about the budgets of the design.
"""


class Run(msgspec.Struct, frozen=True):
    """The last run of one bench."""

    day: date
    machine: dict[str, str | int]
    figures: tuple[Figure, ...]


def read(docs: Path = DOCS) -> dict[str, Run]:
    """The last run of each bench, by its name."""
    kept = docs / "performance.json"
    return msgspec.json.decode(kept.read_bytes(), type=dict[str, Run]) if kept.exists() else {}


def write(figures: list[Figure], machine: dict[str, str | int], day: date, docs: Path = DOCS) -> None:
    """Takes the figures in and writes the page anew."""
    kept = docs / "performance.json"
    runs = read(docs)
    for name in dict.fromkeys(one.bench for one in figures):
        runs[name] = Run(day, machine, tuple(one for one in figures if one.bench == name))
    kept.write_bytes(msgspec.json.format(msgspec.json.encode(runs), indent=1) + b"\n")
    scaling.write(docs)
    if (docs.parent / "README.md").exists():
        write_readme(docs)
    page = docs / "performance.md"
    below = page.read_text().partition(BELOW)[2] if page.exists() else "\n"
    page.write_text(
        "\n".join([_HEAD, *(_section(name, runs[name]) for name in BENCHES if name in runs), BELOW]) + below
    )


def write_readme(docs: Path = DOCS) -> None:
    """The table of figures in the README beside `docs`."""
    readme.write(docs.parent / "README.md", {name: run.figures for name, run in read(docs).items()})


def _section(name: str, run: Run) -> str:
    machine = run.machine
    memory = f"{int(machine['memory_mb']) // 1024} GiB"
    where = f"{machine['processor']}, {machine['cores']} cores, {memory}, {str(machine['system']).split()[0]}"
    rows = [
        f"| {one.what} | {plain(one.value)} {one.unit} | {one.budget} | {_said(one)} | {_spread(one)} |"
        for one in run.figures
    ]
    table = getattr(BENCHES[name](), "table", None)
    return "\n".join(
        [
            f"## {name}",
            "",
            f"{run.day.isoformat()}, {where}, Python {machine['python']}",
            "",
            # What is compared side by side is shown side by side, too.
            *((*table(run.figures), "") if table else ()),
            "| what | measured | budget | | least / median / greatest (of) |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _said(one: Figure) -> str:
    return {True: "kept", False: "**missed**", None: ""}[one.held]


def _spread(one: Figure) -> str:
    if one.samples == 1:
        return ""
    return " / ".join(plain(value) for value in (one.low, one.middle, one.high)) + f" ({one.samples})"
