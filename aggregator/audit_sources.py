"""Is every event of every source in the warehouse, once?

A source numbers its events 1, 2, 3, … So that they are all there needs no second copy of them: the
numbers in `scans` and in the ledger, put together, must be all of 1 to the last one given out, less
those whose events were refused. Bitmaps hold such sets exactly, in a bit for each event.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Literal

import msgspec
from clickhouse_connect.driver.client import Client

from aggregator.audit_evidence import JournalHead, Ranges
from aggregator.looks import Look
from aggregator.progress import Progress, silent

# How many events, and how many sources, are looked at in one query.
EVENTS = 50_000_000
SOURCES = 500
# Of so many sources that lack events the first gaps are named, and so many of each.
NAMED_SOURCES = 20
NAMED_GAPS = 5


class SourceState(msgspec.Struct, frozen=True):
    """One source. `last` is the last seq it gave out: when closed for ever, when open so far (as its journal says, or,
    when that is on another machine, as the newest head note that was stored)."""

    source: int
    end: Literal["closed", "open", "none"]
    last: int
    stored: int
    erased: int
    refused: int
    # Given out, but not stored yet: an open source's newest events, on their way.
    waiting: int
    missing: int
    doubled: int
    # Stored under a number that was never given out, or whose event was refused.
    surplus: int
    # In `scans` and in the ledger: an erasure that is not finished.
    half_erased: int
    # The first missing numbers, as inclusive ranges.
    gaps: Ranges = ()

    @property
    def ok(self) -> bool:
        return self.end != "none" and not (self.missing or self.doubled or self.surplus or self.half_erased)


class _Claim(msgspec.Struct, frozen=True):
    """What must be stored: everything up to `bound` but the refused; and nothing above `last`. Rows above
    `seen` came while we looked."""

    source: int
    end: Literal["closed", "open", "none"]
    last: int
    bound: int
    seen: int
    refused: Ranges


def check_sources(
    client: Client,
    journals: Iterable[JournalHead],
    progress: Progress = silent,
    looks: Iterable[Look] = (),
) -> list[SourceState]:
    """Every source that the warehouse or a journal knows. `journals` is iterated after the warehouse has
    been asked for its highest numbers, so heads that are read then cannot lie below them. What does not
    hold is looked at again, in each of these ways."""
    rows = client.query(
        "SELECT source, max(seq), count() FROM"
        " (SELECT source, seq FROM scans UNION ALL SELECT source, seq FROM ledger) GROUP BY source"
    ).result_rows
    stored = {source: highest for source, highest, _ in rows}
    sizes = {source: count for source, _, count in rows}
    claims = {
        claim.source: claim for claim in _claims(client, stored, {journal.source: journal for journal in journals})
    }
    states: dict[int, SourceState] = {}
    for chunk in _chunks(claims.values(), sizes):
        progress("sources", len(states), len(claims))
        states |= _look(client, chunk)
    for look in looks:
        doubtful = [claims[state.source] for state in states.values() if not state.ok]
        if not doubtful:
            break
        for chunk in _chunks(doubtful, sizes):
            states |= look(partial(_look, claims=chunk))
    lacking = [state for state in states.values() if state.missing][:NAMED_SOURCES]
    for state in lacking:
        states[state.source] = msgspec.structs.replace(state, gaps=_gaps(client, claims[state.source]))
    progress("sources", len(claims), len(claims))
    return list(states.values())


def _claims(client: Client, stored: Mapping[int, int], heads: Mapping[int, JournalHead]) -> list[_Claim]:
    # A process that was stopped for long may write an old head after a newer one.
    notes = client.query(
        "SELECT source, toString(state), max(last_seq), argMax(refused, last_seq) FROM sources GROUP BY source, state"
    ).result_rows
    said = {(source, state): (last, tuple(map(tuple, refused))) for source, state, last, refused in notes}
    claims = []
    for source in sorted({*stored, *heads, *(row[0] for row in notes)}):
        highest = stored.get(source, 0)
        if (source, "closed") in said:
            last, refused = said[source, "closed"]
            claims.append(_Claim(source, "closed", last, last, highest, refused))
        elif source in heads:
            head = heads[source]
            claims.append(_Claim(source, "open", head.head, min(highest, head.head), highest, head.refused))
        elif (source, "head") in said:
            # All up to it was stored before it. What is above came since, and the next head will speak for that.
            last, refused = said[source, "head"]
            claims.append(_Claim(source, "open", last, last, last, refused))
        else:
            claims.append(_Claim(source, "none", highest, highest, highest, ()))
    return claims


def _chunks(claims: Iterable[_Claim], sizes: Mapping[int, int]) -> Iterable[list[_Claim]]:
    chunk: list[_Claim] = []
    held = 0
    for claim in claims:
        size = sizes.get(claim.source, 0)
        if chunk and (held + size > EVENTS or len(chunk) == SOURCES):
            yield chunk
            chunk, held = [], 0
        chunk.append(claim)
        held += size
    if chunk:
        yield chunk


_LOOK = """
SELECT
    source,
    countIf(raw) AS rows,
    groupBitmapIf(seq, raw) AS different,
    groupBitmapIf(seq, NOT raw) AS erased,
    groupBitmap(seq) AS either,
    groupBitmapIf(seq, seq BETWEEN 1 AND bound) AS inside,
    countIf(raw AND (seq = 0 OR seq > last AND seq <= seen)) AS surplus
FROM (
    SELECT source, seq, raw,
        transform(source, {sources:Array(UInt64)}, {bounds:Array(UInt64)}, toUInt64(0)) AS bound,
        transform(source, {sources:Array(UInt64)}, {lasts:Array(UInt64)}, toUInt64(0)) AS last,
        transform(source, {sources:Array(UInt64)}, {seen:Array(UInt64)}, toUInt64(0)) AS seen
    FROM (SELECT source, seq, true AS raw FROM scans UNION ALL SELECT source, seq, false AS raw FROM ledger)
    WHERE source IN {sources:Array(UInt64)}
)
GROUP BY source
"""


def _look(client: Client, claims: list[_Claim]) -> dict[int, SourceState]:
    bound = {
        "sources": [claim.source for claim in claims],
        "bounds": [claim.bound for claim in claims],
        "lasts": [claim.last for claim in claims],
        "seen": [claim.seen for claim in claims],
    }
    found = {row[0]: row[1:] for row in client.query(_LOOK, parameters=bound).result_rows}
    states = {}
    for claim in claims:
        rows, different, erased, either, inside, surplus = found.get(claim.source, (0, 0, 0, 0, 0, 0))
        refused = sum(last - first + 1 for first, last in claim.refused)
        due = claim.bound - _refused_within(claim.refused, claim.bound)
        # Numbers of refused events must not be there: they would fill the place of missing ones.
        wrong = _stored_though_refused(client, claim) if claim.refused and rows else 0
        states[claim.source] = SourceState(
            source=claim.source,
            end=claim.end,
            last=claim.last,
            stored=rows,
            erased=erased,
            refused=refused,
            waiting=claim.last - refused - due,
            missing=due - (inside - wrong),
            doubled=rows - different,
            surplus=surplus + wrong,
            half_erased=different + erased - either,
        )
    return states


def _refused_within(refused: Ranges, bound: int) -> int:
    return sum(min(last, bound) - first + 1 for first, last in refused if first <= bound)


def _stored_though_refused(client: Client, claim: _Claim) -> int:
    result = client.query(
        "SELECT uniqExact(seq) FROM scans WHERE source = {source:UInt64} AND seq <= {bound:UInt64} AND"
        " arrayExists((first, last) -> seq BETWEEN first AND last, {firsts:Array(UInt64)}, {lasts:Array(UInt64)})",
        parameters={
            "source": claim.source,
            "bound": claim.bound,
            "firsts": [first for first, _ in claim.refused],
            "lasts": [last for _, last in claim.refused],
        },
    )
    return int(result.result_rows[0][0])


def _gaps(client: Client, claim: _Claim) -> Ranges:
    """Between neighbours that are there or were refused."""
    result = client.query(
        "SELECT before + 1, seq - 1 FROM ("
        "  SELECT seq, max(upto) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM ("
        "    SELECT seq, seq AS upto FROM scans WHERE source = {source:UInt64} AND seq BETWEEN 1 AND {bound:UInt64}"
        "    UNION ALL SELECT seq, seq FROM ledger WHERE source = {source:UInt64} AND seq BETWEEN 1 AND {bound:UInt64}"
        "    UNION ALL SELECT pair.1, pair.2 FROM"
        "      (SELECT arrayJoin(arrayZip({firsts:Array(UInt64)}, {lasts:Array(UInt64)})) AS pair)"
        "    UNION ALL SELECT {bound:UInt64} + 1, {bound:UInt64} + 1"
        "  )"
        ") WHERE seq > before + 1 AND before < {bound:UInt64} ORDER BY seq LIMIT {limit:UInt64}",
        parameters={
            "source": claim.source,
            "bound": claim.bound,
            "firsts": [first for first, _ in claim.refused],
            "lasts": [last for _, last in claim.refused],
            "limit": NAMED_GAPS,
        },
    )
    return tuple((first, min(last, claim.bound)) for first, last in result.result_rows)
