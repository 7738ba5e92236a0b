"""The report of a drill, as a table for people."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from drill.runner import Outcome
from drill.schedule import POWER_CUT, Bus


def show(outcomes: Sequence[Outcome], bus: Bus, console: Console, again: str) -> None:
    """Print a row for each fault, then the failed runs with the commands that repeat them, which begin with `again`."""
    table = Table(title=f"{len(outcomes)} runs, bus: {bus}", caption_justify="left")
    table.add_column("fault", overflow="fold")
    for title in ("runs", "302s given", "scans stored", "lost", "doubled", "longest outage"):
        table.add_column(title, justify="right")
    for name in dict.fromkeys(outcome.fault for outcome in outcomes):
        table.add_row(name, *_figures([outcome for outcome in outcomes if outcome.fault == name]))
    table.add_section()
    table.add_row("all", *_figures(outcomes))
    if any(not outcome.promised for outcome in outcomes):
        table.caption = "Stored beyond given: answers that were lost on the way. (n): counted as refused by the audit."
    else:
        table.caption = "Stored beyond given: visits whose answers were lost on the way."
    console.print(table)
    cuts = [outcome for outcome in outcomes if outcome.fault == POWER_CUT]
    if cuts:
        gone, oldest_ms = sum(outcome.gone for outcome in cuts), max(outcome.gone_oldest_ms for outcome in cuts)
        console.print(
            f"{len(cuts)} power cuts took {gone:,} scans of their last moments, the oldest of them {oldest_ms} ms old."
        )
    for outcome in outcomes:
        if outcome.failed:
            said = "; ".join(outcome.problems) or f"{outcome.lost} lost, {outcome.doubled} doubled"
            console.print(f"seed {outcome.seed}, {outcome.fault}: {said}", markup=False, highlight=False)
            console.print(f"  again: {_again(outcome, again)}", markup=False, highlight=False)


def _figures(outcomes: Sequence[Outcome]) -> list[str]:
    lost = sum(outcome.lost for outcome in outcomes if outcome.promised)
    counted = sum(outcome.lost for outcome in outcomes if not outcome.promised)
    return [
        f"{len(outcomes):,}",
        f"{sum(outcome.given for outcome in outcomes):,}",
        f"{sum(outcome.stored for outcome in outcomes):,}",
        f"{lost:,} ({counted:,})" if counted else f"{lost:,}",
        f"{sum(outcome.doubled for outcome in outcomes):,}",
        f"{max(outcome.outage_ms for outcome in outcomes):,} ms",
    ]


def _again(outcome: Outcome, again: str) -> str:
    alone = f"{again} --seed {outcome.seed} --runs 1"
    if not outcome.before:
        return alone
    return f"{alone}   (with what went before: --seed {outcome.before[0]} --runs {len(outcome.before) + 1})"
