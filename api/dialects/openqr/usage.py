"""`GET /v1/usage`: the workspace's plan, and how much of it is used."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.openqr import webhooks
from api.responses import Json
from codes.plan_usage import Used, usage


class UsedOfPlan(msgspec.Struct, frozen=True):
    name: Annotated[str, Meta(description="As a file of plans calls it: `codes`, `file_bytes`, `made_per_month`, …")]
    used: int
    limit: int


class UsageAnswer(msgspec.Struct, frozen=True):
    plan: Annotated[str, Meta(description="The plan's name.")]
    limits: list[UsedOfPlan]


async def read_usage(call: Call) -> Response:
    context, workspace = call.context, call.key.workspace
    plan = await context.codes.plan(workspace)
    found = await usage(context.codes.redis, plan, workspace, context.now())
    found.append(Used("domains", len(await context.domains.list(workspace)), plan.domains))
    found.append(Used("webhooks", len(await webhooks.store(call).list(workspace)), plan.webhooks))
    return Json(UsageAnswer(plan.name, [UsedOfPlan(one.name, one.used, one.limit) for one in found]))


EXAMPLE = {
    "plan": "unlimited",
    "limits": [
        {"name": "codes", "used": 1840, "limit": 1000000},
        {"name": "file_bytes", "used": 184120, "limit": 10737418240},
    ],
}
ROUTES = (
    Route(
        method="GET",
        path="/v1/usage",
        scope="read",
        summary="Read plan and use",
        description="How much the workspace keeps, and has made this month, of what its plan allows.",
        handler=read_usage,
        status=200,
        answer=UsageAnswer,
        example=EXAMPLE,
    ),
)
