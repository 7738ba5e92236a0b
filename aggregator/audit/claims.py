"""What must be stored of each source, by everything that is known of it beside the rows themselves.

A source tells of itself in up to five places: its journal, the register beside the journals and in Redis, and the
notes that came by the bus. They are written at different times, so one may be behind another, which is no
contradiction; one that is ahead of the end is.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Literal

import msgspec

from aggregator.audit.evidence import Account, Evidence, JournalHead, Ranges

End = Literal["closed", "open", "none"]


class Point(msgspec.Struct, frozen=True):
    """All of 1 to `last` but the refused, whose checks must add up to `digest`; and who says so."""

    last: int
    refused: int
    digest: int
    copies: tuple[str, ...]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What must be stored: everything up to `bound` but the refused; and nothing above `last`. Rows above
    `seen` came while we looked."""

    source: int
    end: End
    last: int
    bound: int
    seen: int
    # Of 1 to `last`, and which where that is known; and of 1 to `bound`.
    refused: int = 0
    ranges: Ranges = ()
    refused_within: int = 0
    # Given out by the register's word, but not in the journal at hand, whose end is gone.
    cut: int = 0
    # Where nothing more can come from: its journal is not there.
    lost: bool = False
    # Why the journal at hand cannot be read.
    trouble: str = ""
    silent_since_ms: int | None = None
    points: tuple[Point, ...] = ()
    contradictions: tuple[str, ...] = ()
    registered: bool = False


def claim_of(
    source: int,
    highest: int,
    head: JournalHead | None,
    notes: Mapping[str, tuple[Account, Ranges]],
    registered: Sequence[Account],
    evidence: Evidence,
) -> Claim:
    """`highest` is the highest seq stored or in the ledger; `notes` are the source's own `closed` and `head`, from the
    bus."""
    said = [*registered, *(account for account, _ in notes.values())]
    furthest = max(said, key=lambda account: (account.last, account.closed), default=None)
    last = 0 if furthest is None else furthest.last
    claim = partial(
        Claim,
        source=source,
        points=tuple(_points(said)),
        contradictions=tuple(_contradictions(said)),
        registered=bool(registered),
    )
    if "closed" in notes:
        ranges = notes["closed"][1]
        refused = count(ranges)
        return claim(
            end="closed",
            last=last,
            bound=last,
            seen=max(highest, last),
            refused=refused,
            ranges=ranges,
            refused_within=refused,
        )
    if head is not None:
        last = max(last, head.head)
        bound = min(highest, last)
        return claim(
            end="open",
            last=last,
            bound=bound,
            seen=highest,
            refused=count(head.refused),
            ranges=head.refused,
            refused_within=count(head.refused, bound),
            cut=last - max(head.head, bound),
            trouble=head.trouble,
        )
    if furthest is None:
        return claim(end="none", last=highest, bound=highest, seen=highest)
    if registered and not evidence.elsewhere:
        return claim(
            end="closed" if any(account.closed for account in said) else "open",
            last=last,
            bound=last,
            seen=last,
            refused=furthest.refused,
            refused_within=furthest.refused,
            lost=True,
        )
    # All up to the head note was stored before it. What is above came since, and is on its way.
    account, ranges = notes.get("head", (None, ()))
    bound = 0 if account is None else account.last
    heard = max(one.at_ms for one in said)
    return claim(
        end="open",
        last=last,
        bound=bound,
        seen=last,
        refused=furthest.refused,
        ranges=ranges,
        refused_within=count(ranges, bound),
        silent_since_ms=heard if heard < evidence.silent_before_ms else None,
    )


def count(ranges: Ranges, bound: int | None = None) -> int:
    """How many numbers are in them, up to a bound."""
    return sum(
        (last if bound is None else min(last, bound)) - first + 1
        for first, last in ranges
        if bound is None or first <= bound
    )


def _points(said: Iterable[Account]) -> Iterable[Point]:
    by_claim: dict[tuple[int, int, int], list[str]] = {}
    for account in said:
        if account.digest is not None and account.last:
            by_claim.setdefault((account.last, account.refused, account.digest), []).append(account.copy)
    return [Point(*key, copies=tuple(dict.fromkeys(copies))) for key, copies in sorted(by_claim.items())]


def _contradictions(said: Sequence[Account]) -> Iterable[str]:
    for one, other in combinations(sorted(said, key=lambda account: account.last), 2):
        if one.closed and one.last < other.last:
            # Whoever ends a dead owner's journal and cannot prove all of it leaves the register as it was.
            if not (other.closed and other.digest is None):
                yield f"{one.copy} says that it ended at {one.last}, {other.copy} that it reached {other.last}"
        elif one.last == other.last and one.refused != other.refused:
            yield f"{one.copy} counts {one.refused} refused of 1-{one.last}, {other.copy} {other.refused}"
        elif one.last == other.last and None not in (one.digest, other.digest) and one.digest != other.digest:
            yield f"{one.copy} and {other.copy} differ about what was in 1-{one.last}"
