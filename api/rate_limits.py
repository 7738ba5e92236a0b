"""How many calls a key may make in a second: a bucket of tokens for each key, and one for its workspace.

The figures are of the workspace's plan. Buckets are of this process: with several processes of the API, a key has as
many calls as there are processes (docs/plans.md). An honest client never meets them; they keep a broken one, and a
greedy one, from taking the processor and Redis from all others.
"""

import math
import time
from collections import OrderedDict

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.problems import Problem
from api.token_bucket import Buckets, Clock
from codes.plans import Plan
from codes.service import Codes
from infra import fair_queue
from infra.fair_queue import Owner
from schemas.code import ApiKey

# All keys of a workspace together may make so many times the calls of one.
WORKSPACE_TIMES = 2
# How long a plan is taken for what it was: so a call does not ask Redis for it.
PLAN_S = 10.0
KEEP_PLANS = 10_000


class Rate(msgspec.Struct, frozen=True):
    """What is left of a key's bucket after a call: `quota` calls fill it in `window_s`."""

    quota: int
    window_s: int
    left: int
    wait_s: int

    def headers(self) -> dict[str, str]:
        """As the draft of the IETF (httpapi-ratelimit-headers) has them."""
        return {
            "RateLimit-Policy": f'"key";q={self.quota};w={self.window_s}',
            "RateLimit": f'"key";r={self.left};t={self.wait_s or self.window_s}',
        }


class RateLimits:
    """`clock` is monotonic, in seconds."""

    def __init__(self, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._keys = Buckets(clock)
        self._workspaces = Buckets(clock)
        self._plans: OrderedDict[int, tuple[float, Plan]] = OrderedDict()

    async def take(self, codes: Codes, key: ApiKey, request: Request) -> None:
        """One call of that key; `tell` says what is left. Raises Problem (429), and Unavailable."""
        plan = await self._plan(codes, key.workspace)
        # Whose turn it is from here on.
        fair_queue.owner.set(Owner(key.workspace, plan.queued_pictures, plan.queued_questions))
        now = self._clock()
        own = self._keys.of(key.id, plan.calls_per_second, plan.burst_calls)
        all_keys = self._workspaces.of(
            key.workspace, plan.calls_per_second * WORKSPACE_TIMES, plan.burst_calls * WORKSPACE_TIMES
        )
        waits = own.take(now), all_keys.take(now)
        wait_s = max(waits)
        window_s = math.ceil(plan.burst_calls / plan.calls_per_second)
        rate = Rate(plan.burst_calls, window_s, max(0, int(own.left)) if not wait_s else 0, math.ceil(wait_s))
        request.state.rate = rate
        if wait_s:
            # What was refused was not taken.
            own.give_back()
            all_keys.give_back()
            text = plan.says("calls_per_second", limit=plan.calls_per_second)
            headers = {"Retry-After": str(rate.wait_s), **rate.headers()}
            raise Problem(429, "too_many_requests", text, None, headers)

    async def _plan(self, codes: Codes, workspace: int) -> Plan:
        now = self._clock()
        known = self._plans.get(workspace)
        if known is not None and known[0] > now:
            return known[1]
        plan = await codes.plan(workspace)
        self._plans[workspace] = (now + PLAN_S, plan)
        self._plans.move_to_end(workspace)
        if len(self._plans) > KEEP_PLANS:
            self._plans.popitem(last=False)
        return plan


def tell(request: Request, response: Response) -> None:
    """What is left, in the answer to a call that was counted."""
    rate: Rate | None = getattr(request.state, "rate", None)
    if rate is not None:
        response.headers.update(rate.headers())
