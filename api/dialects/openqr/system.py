"""`GET /v1/system`: whether the parts of this deployment work, for its admins."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.dialect import Call, Route
from api.health import readiness
from api.responses import Json
from codes import acknowledgements
from codes.redis_client import raises_unavailable
from codes.timestamps import format_ms
from infra.version import VERSION


class PartShown(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(description="As `/readyz` calls it.")]
    problem: Annotated[str | None, Meta(description="What is wrong with it; null while it works.")]


class SystemAnswer(msgspec.Struct, frozen=True):
    version: str
    parts: Annotated[list[PartShown], Meta(description="What this API needs.")]
    redirectors: Annotated[int, Meta(description="Processes that redirect scans now.")]
    complete_until: Annotated[
        str | None,
        Meta(
            description="Every scan answered before is stored, erased or refused. Null: not known.",
            extra_json_schema={"format": "date-time"},
        ),
    ]
    lag_s: Annotated[float | None, Meta(description="How long ago that is, in seconds.")]


@raises_unavailable
async def _redirectors(call: Call) -> int:
    return len(await acknowledgements.redirectors(call.context.codes.redis))


async def read_system(call: Call) -> Response:
    context = call.context
    missing = (await readiness(context.readiness)).missing
    until_ms = context.completeness().until_ms
    return Json(
        SystemAnswer(
            version=VERSION,
            parts=[PartShown(name, missing.get(name)) for name in sorted(context.readiness)],
            redirectors=await _redirectors(call),
            complete_until=None if until_ms is None else format_ms(until_ms),
            lag_s=None if until_ms is None else max(0.0, round((context.now_ms() - until_ms) / 1000, 1)),
        )
    )


EXAMPLE = {
    "version": "0.2.0",
    "parts": [{"name": "redis", "problem": None}, {"name": "warehouse", "problem": None}],
    "redirectors": 2,
    "complete_until": "2026-05-21T14:59:57Z",
    "lag_s": 3.2,
}
ROUTES = (
    Route(
        method="GET",
        path="/v1/system",
        scope="admin",
        summary="Read the state of the system",
        description="Which parts work, the version, and how far behind the stored scans are. `GET /v1/proof` tells "
        "what the audit found.",
        handler=read_system,
        status=200,
        answer=SystemAnswer,
        example=EXAMPLE,
    ),
)
