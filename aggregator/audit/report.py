"""`waymark audit`: are all scans in the warehouse, once, and do the rollups agree?

Three proofs. Every source's events are there, as its register has them (`sources`); every entry of the
ledger belongs to a deletion (`ledger`); every entry of the rollups follows from the raw rows (`rollups`).
"""

import time
from collections.abc import Callable

import msgspec
from clickhouse_connect.driver.client import Client

from aggregator.audit.evidence import Evidence, JournalHead, StoppedPartition, Unreachable
from aggregator.audit.ledger import Stray, check_ledger
from aggregator.audit.rechecks import Recheck, after_pause, on_client
from aggregator.audit.rollups import DayDifference, Memory, check_rollups
from aggregator.audit.sources import SourceState, check_sources
from infra.progress import Progress, silent
from infra.rollups import ROLLUPS

__all__ = ["Check", "Evidence", "JournalHead", "Report", "audit", "render"]

# How long to wait before something that does not hold is looked at again.
PAUSES_S = (0.2, 1.0, 3.0)
# Lines of detail that are printed; the JSON has them all.
SHOWN = 20


class Check(msgspec.Struct, frozen=True):
    """One question of the audit: how many things were looked at, and how many of them do not hold."""

    name: str
    looked_at: int
    wrong: int
    says: str


class Report(msgspec.Struct, frozen=True):
    """`clean` is the verdict. `sources` has those that do not hold, then all that are open; `days`, where
    a rollup is wrong; `unregistered` counts sources that no copy of the register has; `strays` are codes of the ledger
    that were not deleted; `stopped`, partitions that wait for a person; `unreached`, what could not be asked, and is
    not compared."""

    clean: bool
    checks: list[Check]
    stored: int
    erased: int
    refused: int
    waiting: int
    dead_letters: int
    sources: list[SourceState]
    days: list[DayDifference]
    unregistered: int = 0
    strays: list[Stray] = []
    stopped: list[StoppedPartition] = []
    unreached: list[str] = []


def audit(
    client: Client,
    evidence: Evidence,
    progress: Progress = silent,
    sleep: Callable[[float], None] = time.sleep,
    alone: Recheck | None = None,
    memory: Memory | None = None,
) -> Report:
    """Reads everything and changes nothing. Raises what the client raises.

    May run while scans arrive: what does not hold is looked at again after a pause, by way of `alone` when it is
    given, which must run the look while nothing is being inserted (`Aggregator.between`). Memory is bounded; time grows
    with the tables (a million scans take a second or three), but not for months of the rollups that `memory` knows,
    which is brought up to date."""
    rechecks = [after_pause(sleep, seconds, alone or on_client(client)) for seconds in PAUSES_S]
    found = check_sources(client, evidence, progress, rechecks)
    states, unreached = found.states, found.unreached
    checks = [_sources_check(name, [state for state in states if state.end == end]) for name, end in _ENDS.items()]
    unregistered = 0
    if evidence.registers:
        registered = [state for state in states if state.registered]
        unregistered = len(states) - len(registered)
        says = f"{unregistered:,} other sources are in no copy of it" if unregistered else "every source is in it"
        checks.append(Check("register", len(registered), sum(bool(state.problems) for state in states), says))
    strays: list[Stray] = []
    if evidence.deleted is not None:
        try:
            codes, strays = check_ledger(client, evidence.deleted, progress)
            entries = sum(stray.entries for stray in strays)
            checks.append(Check("ledger = deletions", codes, len(strays), f"{entries:,} entries of no deletion"))
        except Unreachable as error:
            unreached.append(str(error))
    rollups = check_rollups(client, progress, rechecks, memory)
    for rollup in ROLLUPS:
        wrong = [one for one in rollups.different if one.rollup == rollup]
        says = f"{sum(one.entries for one in wrong):,} wrong entries"
        if rollups.known:
            says += f"; {rollups.known:,} days as they were when they were proven"
        checks.append(Check(f"{rollup} = {ROLLUPS[rollup].source}", rollups.days, len(wrong), says))
    stopped: list[StoppedPartition] = []
    if evidence.stopped is not None:
        partitions, stopped = evidence.stopped()
        checks.append(Check("partitions", partitions, len(stopped), f"{len(stopped):,} stopped"))
    if unreached:
        checks.append(Check("evidence", 0, len(unreached), "not all of it could be asked"))
    dead_letters = client.query("SELECT count() FROM dead_letters FINAL").result_rows[0][0]
    return Report(
        clean=not any(check.wrong for check in checks),
        checks=checks,
        stored=sum(state.stored for state in states),
        erased=sum(state.erased for state in states),
        refused=sum(state.refused for state in states),
        waiting=sum(state.waiting for state in states),
        dead_letters=dead_letters,
        sources=sorted((state for state in states if state.end == "open" or not state.ok), key=lambda state: state.ok),
        days=rollups.different,
        unregistered=unregistered,
        strays=strays,
        stopped=stopped,
        unreached=unreached,
    )


_ENDS = {"closed sources": "closed", "open sources": "open", "sources without an end": "none"}


def _sources_check(name: str, states: list[SourceState]) -> Check:
    figures = {
        "missing": sum(state.missing for state in states),
        "doubled": sum(state.doubled for state in states),
        "surplus": sum(state.surplus for state in states),
        "half erased": sum(state.half_erased for state in states),
        "waiting": sum(state.waiting for state in states),
    }
    says = ", ".join(f"{n:,} {word}" for word, n in figures.items() if n)
    return Check(name, len(states), sum(not state.ok for state in states), says or f"{_stored(states):,} scans")


def _stored(states: list[SourceState]) -> int:
    return sum(state.stored for state in states)


def render(report: Report) -> str:
    """The report for a person: a line for each check, then what does not hold."""
    width = max(len(check.name) for check in report.checks)
    lines = [
        f"{'ok  ' if not check.wrong else 'FAIL'}  {check.name:<{width}}  {check.looked_at:>9,} looked at"
        f"  {check.wrong:>7,} wrong  {check.says}"
        for check in report.checks
    ]
    lines.append(
        f"{report.stored:,} scans stored, {report.erased:,} erased, {report.waiting:,} on their way,"
        f" {report.refused:,} refused, {report.dead_letters:,} records set aside"
    )
    detail = [
        *(f"not compared: {reason}" for reason in report.unreached),
        *(f"partition {one.partition} is stopped: {one.reason}" for one in report.stopped),
        *(_source_line(state) for state in report.sources if not state.ok),
        *(_stray_line(stray) for stray in report.strays),
        *(_day_line(one) for one in report.days),
    ]
    lines += detail[:SHOWN]
    if len(detail) > SHOWN:
        lines.append(f"... and {len(detail) - SHOWN:,} more (--json shows all)")
    lines.append("clean" if report.clean else "NOT CLEAN")
    return "\n".join(lines)


def _source_line(state: SourceState) -> str:
    figures = [
        f"{n:,} {word}"
        for word, n in [
            ("missing", state.missing),
            ("doubled", state.doubled),
            ("surplus", state.surplus),
            ("half erased", state.half_erased),
        ]
        if n
    ]
    if state.end == "none":
        figures.append("neither closed nor has a journal")
    figures += state.problems
    gaps = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in state.gaps)
    return f"source {state.source} (1-{state.last}): {', '.join(figures)}{f'; first missing: {gaps}' if gaps else ''}"


def _stray_line(stray: Stray) -> str:
    entries = f"{stray.entries:,} entries" if stray.entries else "entries"
    return f"ledger: {entries} of code {stray.code}, whose deletion is not on record"


def _day_line(one: DayDifference) -> str:
    named = f"{ROLLUPS[one.rollup].owner[-1]}s {', '.join(map(str, one.owners))}"
    return f"{one.rollup} on {one.day}: {one.entries:,} wrong entries, excess {one.excess:+,}, {named}"
