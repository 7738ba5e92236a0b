"""Authenticate callers by a key in either of two headers, and count their calls against the month's quota, which every
answer to a known caller tells.
"""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from api import auth
from api.context import ApiContext
from api.dialect import Call
from api.problems import Problem
from codes import quotas
from codes.errors import NotInPlan
from codes.plans import Plan
from codes.quotas import Quota
from schemas.code import ApiKey

# The counter of this API's calls; those of other APIs do not count.
COUNTER = "qravio-calls"
HEADER = "x-api-key"


async def authenticate(request: Request, context: ApiContext) -> ApiKey:
    """The key of a bearer token, or of X-API-Key where no Authorization is sent. Raises Problem (401)."""
    if "authorization" in request.headers or HEADER not in request.headers:
        return await auth.authenticate(request, context)
    secret = request.headers[HEADER].strip(" ")
    key = await auth.find_key(request, context, secret)
    if key is None:
        raise auth.unauthorized("this API key is wrong, revoked or expired")
    return key


async def before(call: Call) -> None:
    """Count the call of a known caller, whatever its answer, unless the quota is used up. Raises NotInPlan and
    Unavailable."""
    plan, taken = await _count(call.context, call.key, call.request)
    if not plan.api_access:
        raise NotInPlan("feature", "api_access", plan.says("api_access"))
    if not taken.allowed:
        wait_s = max(1, taken.reset_at - int(call.context.now().timestamp()))
        raise NotInPlan("rate", "calls_per_month", plan.says("calls_per_month", limit=taken.limit), None, wait_s)


async def _count(context: ApiContext, key: ApiKey, request: Request) -> tuple[Plan, Quota]:
    """The caller's plan, and its quota after this call. Calls of a plan without this API do not count."""
    now = context.now()
    plan = await context.codes.plan(key.workspace)
    if plan.api_access:
        taken = await quotas.take(context.codes.redis, key.workspace, COUNTER, "month", plan.calls_per_month, now)
    else:
        taken = Quota(0, 0, round(quotas.month_end(now).timestamp()), allowed=False)
    request.state.quota = taken
    return plan, taken


async def finish(context: ApiContext, key: ApiKey | None, request: Request, response: Response) -> None:
    """Add the three headers for every caller with a valid key, also at unknown paths and methods."""
    taken: Quota | None = getattr(request.state, "quota", None)
    if taken is None and key is not None and response.status_code == 429:
        # Refused for coming too fast: that does not count against the month, but the headers are there.
        plan = await context.codes.plan(key.workspace)
        taken = await quotas.peek(context.codes.redis, key.workspace, COUNTER, plan.calls_per_month, context.now())
    if taken is None and response.status_code in (401, 503):
        # The caller is unknown, or Redis is away: asking it again would only take as long again.
        return
    if taken is None:
        try:
            _, taken = await _count(context, key or await authenticate(request, context), request)
        except Problem:
            return
    headers: MutableHeaders = response.headers
    headers["X-RateLimit-Limit"] = str(taken.limit)
    headers["X-RateLimit-Remaining"] = str(taken.remaining)
    headers["X-RateLimit-Reset"] = str(taken.reset_at)
