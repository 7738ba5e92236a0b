"""python -m bench [--only NAME] [--tiny] [--json]: measures, shows, and always exits 0 when it could measure:
a missed budget is for people to read, and machines differ."""

import sys
from typing import Any

import click
from rich.console import Console

from bench import BENCHES, report
from bench.figures import Figure
from bench.machine import described


@click.command()
@click.option("--only", "names", multiple=True, type=click.Choice(list(BENCHES)), help="Measure this one; repeatable.")
@click.option("--tiny", is_flag=True, help="Small sizes: shows that the benches work, measures nothing.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output instead of the table.")
def main(names: tuple[str, ...], tiny: bool, as_json: bool) -> None:
    """Measures Waymark on this machine, each figure next to its budget."""
    progress = Console(stderr=True)
    figures: list[Figure] = []
    with progress.status("") as status:
        for name in names or BENCHES:
            bench: Any = BENCHES[name]()
            status.update(f"{name}: starting")

            def say(what: str, name: str = name) -> None:
                status.update(f"{name}: {what}")
                if not progress.is_terminal:
                    progress.print(f"{name}: {what}")

            for one in bench.measure(bench.TINY if tiny else bench.FULL, say):
                figures.append(one)
                progress.print(report.line(one), soft_wrap=True)
    if as_json:
        print(report.as_json(figures, described()))
    else:
        console = Console()
        # In a pipe or a log there is no width to keep to.
        report.show(figures, console if console.is_terminal else Console(width=160))
    sys.exit(0)


if __name__ == "__main__":
    main()
