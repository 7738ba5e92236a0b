"""What an aggregator proves in the background: the state of its incremental audit, for an API in any process."""

from datetime import date
from typing import Literal

import msgspec

Verdict = Literal["green", "red", "unknown"]


class RedSource(msgspec.Struct, frozen=True):
    """A source of which not every scan is stored exactly once, and what is wrong."""

    source: int
    reasons: tuple[str, ...]


MANY_WORKSPACES = 1000


class RedDay(msgspec.Struct, frozen=True):
    """A UTC day (of a rollup by month: its first) on which a rollup does not follow from the scans: whose sums are
    wrong (some of the numbers of workspaces, or of codes), and by how much in all. `workspaces` are those concerned;
    when they are `MANY_WORKSPACES`, any may be."""

    rollup: str
    day: date
    owner: Literal["workspace", "code"]
    owners: tuple[int, ...]
    entries: int
    excess: int
    workspaces: tuple[int, ...] = ()

    def concerns(self, workspace: int) -> bool:
        return workspace in self.workspaces or len(self.workspaces) >= MANY_WORKSPACES


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """As of `at_ms`, when this round began. `given_out` numbers are stored, erased, refused, `waiting` in a journal, or
    missing. `rollups_at_ms`: as of when the rollups were compared, up to the day `rollups_day`, without the
    `days_waiting` that have changed since or were never compared (counted for each rollup)."""

    at_ms: int
    ended_ms: int = 0
    given_out: int = 0
    stored: int = 0
    erased: int = 0
    refused: int = 0
    waiting: int = 0
    missing: int = 0
    sources_proven: int = 0
    sources_open: int = 0
    sources_red: int = 0
    # Not all of them, when there are many.
    red_sources: tuple[RedSource, ...] = ()
    # Entries of the ledger that belong to no deletion.
    strays: int = 0
    rollups_at_ms: int = 0
    rollups_day: date | None = None
    days_waiting: int = 0
    red_days: tuple[RedDay, ...] = ()
    # What could not be asked in this round.
    unreached: tuple[str, ...] = ()


class Judgement(msgspec.Struct, frozen=True):
    verdict: Verdict
    reasons: tuple[str, ...] = ()


# A round that is older proves nothing any more: the aggregator that makes them is down, or has far too much to do.
STALE_MS = 3_600_000


def judge(proof: Proof | None, now_ms: int) -> Judgement:
    """Of the whole deployment, with the reasons for an operator."""
    if proof is None:
        return Judgement("unknown", ("nothing is proven yet: the first round of the audit is under way",))
    red = [f"source {one.source}: {', '.join(one.reasons)}" for one in proof.red_sources]
    if len(red) < proof.sources_red:
        red.append(f"{proof.sources_red - len(red):,} more sources")
    if proof.strays:
        red.append(f"{proof.strays:,} erased scans belong to no deletion")
    red += [
        f"{one.rollup} on {one.day}: {one.entries:,} entries of {one.owner} {', '.join(map(str, one.owners))}"
        for one in proof.red_days
    ]
    if red:
        return Judgement("red", tuple(red))
    unknown = list(proof.unreached)
    if proof.days_waiting:
        unknown.append(f"{proof.days_waiting:,} days of rollups are not compared yet")
    oldest = min(proof.ended_ms, proof.rollups_at_ms)
    if now_ms - oldest > STALE_MS:
        unknown.append(f"not checked for {(now_ms - oldest) // 60_000:,} minutes")
    return Judgement("unknown", tuple(unknown)) if unknown else Judgement("green")


_decoder = msgspec.json.Decoder(Proof)


def encode(proof: Proof) -> bytes:
    return msgspec.json.encode(proof)


def decode(raw: bytes) -> Proof:
    """Raises msgspec.DecodeError."""
    return _decoder.decode(raw)
