"""Prove the sources round by round: one that has ended is proven once, and then watched by a checksum.

The checksum of a source is what its rows and its entries in the ledger come to (`part_sums`): how many, and the sum of
their checks. An erasure moves rows from one to the other, and changes nothing. When it is no longer what it was, the
source is proven again, by its numbers. The others (open, or not as they should be) are proven in each round.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec
from clickhouse_connect.driver.client import Client

from aggregator.audit.evidence import Evidence
from aggregator.audit.part_sums import Content, Sum, read_ledger
from aggregator.audit.rechecks import Recheck
from aggregator.audit.sources import SourceState, check_sources

# Sources whose reasons are told.
TOLD = 20


class ProvenSource(msgspec.Struct, frozen=True, array_like=True):
    """One that has ended: its checksum when it was proven, what it gave out, and how many were refused."""

    total: Sum
    last: int
    refused: int


class WatchedSources(msgspec.Struct, frozen=True):
    """`states` are those that were proven in this round, `proven` how many were known and are as they were. The figures
    are of all."""

    states: list[SourceState]
    proven: int
    given_out: int
    stored: int
    erased: int
    refused: int
    unreached: list[str]


def watch_sources(
    client: Client,
    evidence: Evidence,
    read: Callable[[Client], Content],
    proven: dict[int, ProvenSource],
    rechecks: Sequence[Recheck] = (),
) -> WatchedSources:
    """`read` reads what is in `scans` (`part_sums`); `proven` is brought up to date. Raises what the client raises."""
    ledger, totals = _totals(client, read)
    changed = _changed(totals, proven)
    besides = proven.keys() - changed
    sizes = {source: (total.highest, total.rows) for source, total in totals.items()}
    found = check_sources(client, evidence, rechecks=rechecks, stored=sizes, besides=besides)
    states = {state.source: state for state in found.states}
    # Where no digest says what the rows must come to, what they came to before does.
    changed = {source for source in changed if source not in states or states[source].ok}
    for recheck in rechecks:
        if not changed:
            break
        _, again = recheck(partial(_totals, read=read))
        changed &= _changed(again, proven)
    for source in changed & states.keys():
        state = states[source]
        states[source] = msgspec.structs.replace(state, problems=(*state.problems, "altered since it was proven"))
    figures: list[tuple[int, int, ProvenSource | SourceState]] = [
        *((totals.get(source, Sum()).rows, ledger.get(source, Sum()).rows, proven[source]) for source in besides),
        *((state.stored + state.erased, state.erased, state) for state in states.values()),
    ]
    if not found.unreached:
        for state in states.values():
            if state.ok and state.end == "closed" and state.source not in proven:
                proven[state.source] = ProvenSource(totals.get(state.source, Sum()), state.last, state.refused)
    return WatchedSources(
        list(states.values()),
        len(besides),
        given_out=sum(one.last for _, _, one in figures),
        stored=sum(there - erased for there, erased, _ in figures),
        erased=sum(erased for _, erased, _ in figures),
        refused=sum(one.refused for _, _, one in figures),
        unreached=found.unreached,
    )


def _totals(client: Client, read: Callable[[Client], Content]) -> tuple[dict[int, Sum], dict[int, Sum]]:
    """What was erased of each source, and that together with what is stored."""
    ledger = read_ledger(client)
    stored = read(client).by_source
    totals = {source: stored.get(source, Sum()).plus(ledger.get(source, Sum())) for source in stored.keys() | ledger}
    return ledger, totals


def _changed(totals: Mapping[int, Sum], proven: Mapping[int, ProvenSource]) -> set[int]:
    return {source for source, known in proven.items() if totals.get(source, Sum()) != known.total}


def reasons_of(state: SourceState) -> tuple[str, ...]:
    """What is wrong with a source, in words."""
    figures = (
        (state.missing, "missing"),
        (state.doubled, "doubled"),
        (state.surplus, "surplus"),
        (state.half_erased, "half erased"),
    )
    said = [f"{n:,} {word}" for n, word in figures if n]
    if state.gaps:
        spans = (str(first) if first == last else f"{first}-{last}" for first, last in state.gaps)
        said.append(f"first missing: {', '.join(spans)}")
    if state.end == "none":
        said.append("neither closed nor has a journal")
    return (*said, *state.problems)
