"""`GET /v1/proof` and `GET /v1/dynamic/{id}/proof`: whether totals can be relied on, and until when."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from analytics.stored import stored
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.lookup import ID, find_code
from api.proofs import proof_of
from api.responses import Json
from codes.timestamps import format_ms
from schemas.event import Kind
from schemas.proof import Verdict

_TIME = {"format": "date-time"}


class ProvenScans(msgspec.Struct, frozen=True):
    given_out: Annotated[
        int | None,
        Meta(
            description="Scans that were answered: the sum of `stored`, `erased` and `refused`. Null when that is not "
            "known: because `refused` is, or because a scan is missing."
        ),
    ]
    stored: Annotated[int, Meta(description="Scans that are stored, each once, whatever became of them.")]
    erased: Annotated[int, Meta(description="Scans that were erased with a deleted code.")]
    refused: Annotated[
        int | None,
        Meta(
            description="Scans that were answered and counted, but not recorded (a full disk). 0 when no redirector "
            "has refused any; else null: whose they were is not known."
        ),
    ]
    by_kind: Annotated[
        dict[Kind, int], Meta(description="Those of the stored that reached a destination, as totals count them.")
    ]


class ProvenSources(msgspec.Struct, frozen=True):
    """A source is one life of a redirector process, which numbers its scans."""

    proven: Annotated[int, Meta(description="Sources that have ended: proven to their end, and watched since.")]
    open: Annotated[int, Meta(description="Sources that go on: proven as far as they are stored.")]
    red: Annotated[list[int], Meta(description="Sources of which not every scan is stored exactly once.")]


class RedSums(msgspec.Struct, frozen=True):
    table: Annotated[str, Meta(description="The table of sums.")]
    day: Annotated[date, Meta(description="The UTC day; the first of the month in sums by month.")]


class ProvenRollups(msgspec.Struct, frozen=True):
    checked_at: Annotated[str | None, Meta(description="As of when the sums were compared.", extra_json_schema=_TIME)]
    up_to: Annotated[date | None, Meta(description="The last UTC day that was compared.")]
    red: Annotated[list[RedSums], Meta(description="Sums that do not follow from the stored scans.")]


class ProofAnswer(msgspec.Struct, frozen=True):
    verdict: Annotated[
        Verdict,
        Meta(
            description="`green`: every scan answered before `complete_until` is stored exactly once, erased or "
            "refused, and the sums follow from the scans. `red`: something of that is proven to be wrong. `unknown`: "
            "it is not proven now."
        ),
    ]
    reasons: Annotated[list[str], Meta(description="Why it is not green.")]
    complete_until: Annotated[
        str | None,
        Meta(
            description="Every scan answered before is stored, erased or refused. Null: not known.",
            extra_json_schema=_TIME,
        ),
    ]
    held_back_by: Annotated[list[int], Meta(description="Sources that hold `complete_until` back longer than usual.")]
    checked_at: Annotated[
        str | None, Meta(description="When the last round of the audit began.", extra_json_schema=_TIME)
    ]
    scans: ProvenScans
    sources: ProvenSources
    rollups: ProvenRollups


async def read_proof(call: Call) -> Response:
    return Json(await _proof(call, None))


async def read_code_proof(call: Call) -> Response:
    code = await find_code(call)
    return Json(await _proof(call, code.birth))


async def _proof(call: Call, code: int | None) -> ProofAnswer:
    context, workspace = call.context, call.key.workspace
    # In this order: what is complete until a moment is stored before it is counted.
    complete, proof = context.completeness(), context.proof()
    counts = await context.questions.ask(stored, workspace, code)
    found = proof_of(proof, workspace, context.now_ms(), code)
    known = found.refused is not None and not found.red_sources
    return ProofAnswer(
        verdict=found.verdict,
        reasons=found.reasons,
        complete_until=_time(complete.until_ms),
        held_back_by=[one.source for one in complete.held_by],
        checked_at=None if proof is None else _time(proof.at_ms),
        scans=ProvenScans(
            given_out=counts.rows + counts.erased + (found.refused or 0) if known else None,
            stored=counts.rows,
            erased=counts.erased,
            refused=found.refused,
            by_kind=counts.by_kind,
        ),
        sources=ProvenSources(
            proven=0 if proof is None else proof.sources_proven,
            open=0 if proof is None else proof.sources_open,
            red=found.red_sources,
        ),
        rollups=ProvenRollups(
            checked_at=None if proof is None else _time(proof.rollups_at_ms or None),
            up_to=None if proof is None else proof.rollups_day,
            red=[RedSums(one.rollup, one.day) for one in found.red_days],
        ),
    )


def _time(ms: int | None) -> str | None:
    return None if ms is None else format_ms(ms)


_ABOUT = (
    "Read beside each total: it takes milliseconds, because an audit in the background keeps it up to date. A scan "
    "that is lost, doubled or altered in the warehouse, and sums that are, turn it red within the hour."
)
ROUTES = (
    Route(
        method="GET",
        path="/v1/proof",
        scope="read",
        summary="Read the proof of the workspace's scans",
        description=f"Whether each scan of the workspace is stored exactly once, and until when. {_ABOUT}",
        handler=read_proof,
        status=200,
        answer=ProofAnswer,
        example=examples.PROOF,
    ),
    Route(
        method="GET",
        path="/v1/dynamic/{id}/proof",
        scope="read",
        summary="Read the proof of a code's scans",
        description=f"Whether each scan of the code is stored exactly once, and until when. {_ABOUT}",
        handler=read_code_proof,
        status=200,
        answer=ProofAnswer,
        parameters=(ID,),
        problems=(404,),
        example=examples.PROOF,
    ),
)
