"""Output of commands: progress bars (standard error, terminals only), JSON, columns."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    FileSizeColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

Show = Callable[[str, int, int], None]


@contextmanager
def progress() -> Iterator[Show]:
    """Yields `show(what, done, total)`."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield show


@contextmanager
def written() -> Iterator[Callable[[int], None]]:
    """Yields `show(bytes)`, for a file whose size is not known beforehand."""
    console = Console(stderr=True)
    columns = (TextColumn("writing"), BarColumn(), FileSizeColumn(), TransferSpeedColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        task = bars.add_task("", total=None)
        yield lambda size: bars.update(task, completed=size)


def as_json(value: Any) -> None:
    click.echo(msgspec.json.encode(value).decode())


def rows(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print aligned columns."""
    widths = [max(len(line[at]) for line in [titles, *lines]) for at in range(len(titles))]
    for line in [titles, *lines]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
