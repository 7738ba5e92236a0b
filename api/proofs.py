"""What may be said of the proof to a workspace: of all that is proven, what concerns its scans.

An operator sees all of it (`waymark status`, `waymark audit`). A workspace learns whether its totals can be relied on,
and nothing of how many scans others have: a scan that is missing has no workspace any more, so it concerns all; how
many it is, and how many were refused, it is not told.
"""

import msgspec

from schemas.proof import Proof, RedDay, Verdict, judge

# So many codes of a day are named at most (`aggregator.audit.rollups`).
NAMED = 5


class WorkspaceProof(msgspec.Struct, frozen=True):
    """`refused` is 0 when none was refused at all; else nobody knows whose they were. `red_days`: days on which sums of
    this workspace (or code) are wrong."""

    verdict: Verdict
    reasons: list[str]
    refused: int | None
    red_sources: list[int]
    red_days: list[RedDay]


def proof_of(proof: Proof | None, workspace: int, now_ms: int, code: int | None = None) -> WorkspaceProof:
    """For a workspace, or for one of its codes."""
    if proof is None:
        said = ["nothing is proven yet: the first round of the audit is under way"]
        return WorkspaceProof("unknown", said, None, [], [])
    days = [one for one in proof.red_days if one.concerns(workspace) and _concerns_code(one, code)]
    refused = 0 if proof.refused == 0 else None
    red = [f"source {one.source}: not every scan is stored exactly once" for one in proof.red_sources]
    if len(red) < proof.sources_red:
        red.append("the same holds for more sources")
    if proof.strays:
        red.append("scans were erased that belong to no deleted code")
    red += [f"{one.rollup} on {one.day}: the sums do not follow from the stored scans" for one in days]
    sources = [one.source for one in proof.red_sources]
    if red:
        return WorkspaceProof("red", red, refused, sources, days)
    # Days of others do not make it red; then only what is unknown is left.
    general = judge(msgspec.structs.replace(proof, red_days=()), now_ms)
    if general.verdict == "unknown":
        reasons = [*general.reasons[len(proof.unreached) :]]
        if proof.unreached:
            reasons.insert(0, "not all of the evidence could be read in the last round")
        return WorkspaceProof("unknown", reasons, refused, [], [])
    return WorkspaceProof("green", [], refused, [], [])


def _concerns_code(one: RedDay, code: int | None) -> bool:
    """Only some codes of a day are named; when they are five there may be more."""
    if code is None:
        return True
    return one.owner == "code" and (code in one.owners or len(one.owners) >= NAMED)
