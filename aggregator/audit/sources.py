"""Is every event of every source in the warehouse, once, and as it was written?

A source numbers its events 1, 2, 3, … The numbers in `scans` and in the ledger, put together, must be all of 1
to the last one given out, less those whose events were refused. Bitmaps hold such sets exactly, in a bit for each
event. And the checks of the events, made again from the rows, must add up to the digest that the source's
redirector kept.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial

import msgspec
from clickhouse_connect.driver.client import Client

from aggregator.audit.claims import Claim, End, claim_of, count
from aggregator.audit.evidence import Account, Evidence, Ranges, Unreachable
from aggregator.audit.rechecks import Recheck
from infra.progress import Progress, silent
from schemas.event import LINE_CHECK, LINE_CHECK_SETTINGS

# How many events, and how many sources, are looked at in one query.
EVENTS = 50_000_000
SOURCES = 500
# More sources than these are not named in a query: it would be too long.
NAMEABLE = 5000
# Of so many sources that lack events the first gaps are named, and so many of each.
NAMED_SOURCES = 20
NAMED_GAPS = 5


# Source → the highest seq that is stored or in the ledger, and how many are.
Stored = Mapping[int, tuple[int, int]]


class SourceState(msgspec.Struct, frozen=True):
    """One source. `last` is the last seq it gave out: when closed for ever, when open so far (as its journal says, or,
    when that is on another machine, as the register or the newest head note that was stored)."""

    source: int
    end: End
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
    # What else does not hold, in words.
    problems: tuple[str, ...] = ()
    # Whether a copy of the register has it.
    registered: bool = False

    @property
    def ok(self) -> bool:
        wrong = self.missing or self.doubled or self.surplus or self.half_erased or self.problems
        return self.end != "none" and not wrong


class Sources(msgspec.Struct, frozen=True):
    """Every source that is known of, and what could not be asked about them."""

    states: list[SourceState]
    unreached: list[str]


def check_sources(
    client: Client,
    evidence: Evidence,
    progress: Progress = silent,
    rechecks: Iterable[Recheck] = (),
    stored: Stored | None = None,
    besides: Collection[int] = (),
) -> Sources:
    """Every source that the warehouse, a journal or the register knows, but for those in `besides`. What does not hold
    is looked at again, in each of these ways, with all evidence gathered anew. `stored`: of each source in the
    warehouse the highest seq and how many events, for a caller who has just looked."""
    unreached: dict[str, None] = {}
    claims, states = _proven(client, evidence, unreached, progress=progress, stored=stored, besides=besides)
    for recheck in rechecks:
        doubtful = {state.source for state in states.values() if not state.ok}
        if not doubtful:
            break
        again, found = recheck(partial(_proven, evidence=evidence, unreached=unreached, only=doubtful))
        claims |= again
        states |= found
    lacking = [state for state in states.values() if state.missing][:NAMED_SOURCES]
    for state in lacking:
        states[state.source] = msgspec.structs.replace(state, gaps=_gaps(client, claims[state.source]))
    progress("sources", len(claims), len(claims))
    return Sources(list(states.values()), list(unreached))


def _proven(
    client: Client,
    evidence: Evidence,
    unreached: dict[str, None],
    only: set[int] | None = None,
    progress: Progress = silent,
    stored: Stored | None = None,
    besides: Collection[int] = (),
) -> tuple[dict[int, Claim], dict[int, SourceState]]:
    claims, sizes = _gather(client, evidence, unreached, only, stored, besides)
    states: dict[int, SourceState] = {}
    for chunk in _chunks(claims.values(), sizes):
        progress("sources", len(states), len(claims))
        states |= _look(client, chunk)
    return claims, states


def _gather(
    client: Client,
    evidence: Evidence,
    unreached: dict[str, None],
    only: set[int] | None,
    sizes: Stored | None,
    besides: Collection[int],
) -> tuple[dict[int, Claim], dict[int, int]]:
    """The claims, and how many events the warehouse has of each source. The order keeps scans that arrive meanwhile
    from looking wrong: first what is stored, which lies below what the register and then the journals say after it;
    last the notes, which a journal leaves before it goes."""
    named = only is not None and len(only) <= NAMEABLE
    among = f" WHERE source IN ({', '.join(map(str, only or ()))})" if named else ""
    if sizes is None:
        rows = client.query(
            "SELECT source, max(seq), count() FROM"  # noqa: S608 (our numbers)
            f" (SELECT source, seq FROM scans{among} UNION ALL SELECT source, seq FROM ledger{among}) GROUP BY source"
        ).result_rows
        sizes = {source: (highest, events) for source, highest, events in rows}
    registered: dict[int, list[Account]] = defaultdict(list)
    for register in evidence.registers:
        try:
            for account in register():
                registered[account.source].append(account)
        except Unreachable as error:
            unreached[str(error)] = None
    heads = {head.source: head for head in evidence.journals()}
    notes = _notes(client, among)
    known = {*sizes, *registered, *heads, *notes}
    claims = {}
    for source in sorted((known if only is None else known & only).difference(besides)):
        said = (heads.get(source), notes.get(source, {}), registered.get(source, ()))
        highest, _ = sizes.get(source, (0, 0))
        claims[source] = claim_of(source, highest, *said, evidence)
    return claims, {source: events for source, (_, events) in sizes.items()}


def _notes(client: Client, among: str) -> dict[int, dict[str, tuple[Account, Ranges]]]:
    """Of each source its `closed` and `head` note, and nothing more of one that has only opened."""
    # A process that was stopped for long may write an old head after a newer one.
    rows = client.query(
        "SELECT source, toString(state), max(last_seq), argMax(tuple(refused, digest), last_seq),"  # noqa: S608
        f" toInt64(toUnixTimestamp64Milli(max(at))) FROM sources{among} GROUP BY source, state"
    ).result_rows
    found: dict[int, dict[str, tuple[Account, Ranges]]] = defaultdict(dict)
    for source, state, last, (refused, digest), at_ms in rows:
        ranges = tuple(map(tuple, refused))
        notes = found[source]
        if state != "open":
            notes[state] = (Account("the bus", source, last, count(ranges), digest, state == "closed", at_ms), ranges)
    return found


def _chunks(claims: Iterable[Claim], sizes: Mapping[int, int]) -> Iterable[list[Claim]]:
    chunk: list[Claim] = []
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
    groupBitmapIf(seq, seq BETWEEN 1 AND last) AS given,
    countIf(raw AND (seq = 0 OR seq > last AND seq <= seen)) AS surplus,
    [{counts}] AS counts,
    [{digests}] AS digests
FROM (
    SELECT source, seq, raw, check,
        transform(source, {{sources:Array(UInt64)}}, {{bounds:Array(UInt64)}}, toUInt64(0)) AS bound,
        transform(source, {{sources:Array(UInt64)}}, {{lasts:Array(UInt64)}}, toUInt64(0)) AS last,
        transform(source, {{sources:Array(UInt64)}}, {{seen:Array(UInt64)}}, toUInt64(0)) AS seen
        {points}
    FROM (
        SELECT source, seq, true AS raw, {check} AS check FROM scans WHERE source IN {{sources:Array(UInt64)}}
        UNION ALL
        SELECT source, seq, false AS raw, check FROM ledger FINAL WHERE source IN {{sources:Array(UInt64)}}
    )
)
GROUP BY source
"""


def _look(client: Client, claims: list[Claim]) -> dict[int, SourceState]:
    bound = {
        "sources": [claim.source for claim in claims],
        "bounds": [claim.bound for claim in claims],
        "lasts": [claim.last for claim in claims],
        "seen": [claim.seen for claim in claims],
    }
    # The numbers up to which something is known of each source's events.
    points = [sorted({point.last for point in claim.points}) for claim in claims]
    most = range(max(map(len, points)))
    for at in most:
        bound[f"upto{at}"] = [one[at] if at < len(one) else 0 for one in points]
    query = _LOOK.format(
        counts=", ".join(f"groupBitmapIf(seq, seq BETWEEN 1 AND upto{at})" for at in most),
        digests=", ".join(f"sumIf(check, seq BETWEEN 1 AND upto{at})" for at in most),
        points="".join(
            f", transform(source, {{sources:Array(UInt64)}}, {{upto{at}:Array(UInt64)}}, toUInt64(0)) AS upto{at}"
            for at in most
        ),
        check=LINE_CHECK if most else "toUInt64(0)",
    )
    found = {row[0]: row[1:] for row in client.query(query, parameters=bound, settings=LINE_CHECK_SETTINGS).result_rows}
    states = {}
    for claim, upto in zip(claims, points, strict=True):
        nothing = (0, 0, 0, 0, 0, 0, 0, [0] * len(most), [0] * len(most))
        rows, different, erased, either, inside, given, surplus, counts, digests = found.get(claim.source, nothing)
        # Numbers of refused events must not be there: they would fill the place of missing ones.
        wrong = _stored_though_refused(client, claim) if claim.ranges and rows else 0
        missing = claim.bound - claim.refused_within - (inside - wrong) + claim.cut
        state = SourceState(
            source=claim.source,
            end=claim.end,
            last=claim.last,
            stored=rows,
            erased=erased,
            refused=claim.refused,
            waiting=max(0, claim.last - claim.refused - (given - wrong) - missing),
            missing=missing,
            doubled=rows - different,
            surplus=surplus + wrong,
            half_erased=different + erased - either,
            registered=claim.registered,
        )
        sums = dict(zip(upto, zip(counts, digests, strict=False), strict=False))
        states[claim.source] = msgspec.structs.replace(state, problems=tuple(_problems(claim, state, sums)))
    return states


def _problems(claim: Claim, state: SourceState, sums: Mapping[int, tuple[int, int]]) -> Iterable[str]:
    """`sums`: of 1 to some number, how many are stored or in the ledger, and their digest."""
    if claim.trouble:
        yield claim.trouble
    if claim.lost and state.missing:
        there = state.stored + state.erased
        yield "its journal is gone" if there else "gone altogether: neither rows nor journal"
    if claim.cut:
        yield f"its journal ends at {claim.last - claim.cut}, but it had reached {claim.last}"
    if claim.silent_since_ms is not None and state.waiting:
        since = f"{datetime.fromtimestamp(claim.silent_since_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
        yield f"silent since {since} with {state.waiting:,} scans not stored"
    yield from claim.contradictions
    if state.doubled or state.half_erased or state.surplus:
        return
    for point in claim.points:
        there, digest = sums[point.last]
        if there == point.last - point.refused and digest != point.digest:
            yield f"altered: what is stored of 1-{point.last} is not what {' and '.join(point.copies)} has on record"


def _stored_though_refused(client: Client, claim: Claim) -> int:
    result = client.query(
        "SELECT uniqExact(seq) FROM scans WHERE source = {source:UInt64} AND seq <= {bound:UInt64} AND"
        " arrayExists((first, last) -> seq BETWEEN first AND last, {firsts:Array(UInt64)}, {lasts:Array(UInt64)})",
        parameters={
            "source": claim.source,
            "bound": claim.bound,
            "firsts": [first for first, _ in claim.ranges],
            "lasts": [last for _, last in claim.ranges],
        },
    )
    return int(result.result_rows[0][0])


def _gaps(client: Client, claim: Claim) -> Ranges:
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
            "firsts": [first for first, _ in claim.ranges],
            "lasts": [last for _, last in claim.ranges],
            "limit": NAMED_GAPS,
        },
    )
    end = ((claim.last - claim.cut + 1, claim.last),) if claim.cut else ()
    return (*((first, min(last, claim.bound)) for first, last in result.result_rows), *end)
