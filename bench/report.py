"""Print figures: a table for people, JSON for programs."""

from collections.abc import Iterable

import msgspec
from rich.console import Console
from rich.table import Table

from bench.figures import Figure, plain

WORDS = {True: "[green]kept[/]", False: "[bold red]MISSED[/]", None: ""}


def table(figures: Iterable[Figure]) -> Table:
    made = Table(title="Budgets and what was measured", title_justify="left")
    for name in ("bench", "what", "measured", "budget", "", "min / median / max", "of"):
        made.add_column(name, justify="right" if name in ("measured", "of") else "left", no_wrap=name != "what")
    for one in figures:
        made.add_row(
            one.bench,
            one.what,
            f"{plain(one.value)} {one.unit}",
            one.budget,
            WORDS[one.held],
            " / ".join(plain(value) for value in (one.low, one.middle, one.high)),
            str(one.samples),
        )
    return made


def line(one: Figure) -> str:
    """A figure in passing, as soon as it is known."""
    words = [f"{one.bench}: {one.what}: [bold]{plain(one.value)} {one.unit}[/]", one.budget, WORDS[one.held]]
    return "  ".join(word for word in words if word)


def show(figures: list[Figure], console: Console) -> None:
    console.print(table(figures))
    budgets = [one for one in figures if one.held is not None]
    missed = sum(one.held is False for one in budgets)
    console.print(f"{len(budgets) - missed} of {len(budgets)} budgets kept.")


def as_json(figures: list[Figure], machine: dict[str, str | int]) -> str:
    """One line: the machine, and every figure with its budget and whether it was kept."""
    rows = [msgspec.to_builtins(one) | {"held": one.held} for one in figures]
    return msgspec.json.encode({"machine": machine, "figures": rows}).decode()
