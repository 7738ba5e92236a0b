"""python -m bench [--only NAME] [--growth] [--tiny] [--json] [--write] [--against TREE] [--data FOLDER]: measures
and shows.

A missed budget is for people to read, since machines differ: the exit status is 0 all the same. It is 1 when something
could not be measured."""

import subprocess
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
import psutil
import redis
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console
from rich.markup import escape

from bench import BENCHES, BUDGETS, GROWTH, performance, report
from bench.figures import Figure
from bench.machine import described
from bench.sides import peers as installed

# What a bench can end in besides figures. The others are measured all the same.
BROKEN = (
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    subprocess.SubprocessError,
    psutil.Error,
    redis.RedisError,
    ClickHouseError,
)


@click.command()
@click.option("--only", "names", multiple=True, type=click.Choice(list(BENCHES)), help="Measure this one; repeatable.")
@click.option("--growth", is_flag=True, help="Measure how cost grows, instead of the budgets; half an hour.")
@click.option("--tiny", is_flag=True, help="Small sizes: shows that the benches work, measures nothing.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output instead of the table.")
@click.option("--write", is_flag=True, help="Write docs/performance.md anew with what was measured.")
@click.option("--against", default="", help="Another tree of Waymark, or a commit: a further side where sides compare.")
@click.option("--peers", default="", envvar="PEERS", help='Servers for `peers`: name="command" …; see docs/bench.md.')
@click.option("--data", default="", help="A folder for the data of `questions` or `overview`: made once, used again.")
@click.option("--rounds", type=click.IntRange(min=1), help="So many rounds, where there are rounds.")
def main(
    names: tuple[str, ...],
    growth: bool,
    tiny: bool,
    as_json: bool,
    write: bool,
    against: str,
    peers: str,
    data: str,
    rounds: int | None,
) -> None:
    """Measures Waymark on this machine, each figure next to its budget."""
    if tiny and write:
        raise click.UsageError("small sizes measure nothing that is worth writing down")
    try:
        given = {"against": against, "peers": installed(peers), "data": data, "rounds": rounds}
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    progress = Console(stderr=True)
    figures: list[Figure] = []
    broken: list[str] = []
    with progress.status("") as status:
        for name in names or (GROWTH if growth else BUDGETS):
            bench: Any = BENCHES[name]()
            status.update(f"{name}: starting")

            def say(what: str, name: str = name) -> None:
                status.update(f"{name}: {what}")
                if not progress.is_terminal:
                    progress.print(f"{name}: {what}")

            try:
                for one in bench.measure(_sized(bench.TINY if tiny else bench.FULL, given), say):
                    figures.append(one)
                    progress.print(report.line(one), soft_wrap=True)
            except BROKEN as error:
                broken.append(name)
                progress.print(f"[bold red]{name} could not be measured:[/] {escape(str(error))}", soft_wrap=True)
    if write:
        performance.write(figures, described(), datetime.now(UTC).date())
    if as_json:
        print(report.as_json(figures, described()))
    else:
        console = Console()
        # In a pipe or a log there is no width to keep to.
        report.show(figures, console if console.is_terminal else Console(width=160))
    if broken:
        raise SystemExit(f"not measured: {', '.join(broken)}")


def _sized(size: Any, given: dict[str, Any]) -> Any:
    """The size with what was given on the command line, as far as the bench can take it."""
    taken = {name: value for name, value in given.items() if value and hasattr(size, name)}
    return msgspec.structs.replace(size, **taken) if taken else size


if __name__ == "__main__":
    main()
