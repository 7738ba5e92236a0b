"""Rate limits: a token bucket for each key, and one for its workspace, with the figures of the workspace's plan.

Buckets belong to a process: with several API processes, a key has that many times the calls (docs/plans.md). An honest
client never notices; a broken or greedy one cannot take the processor and Redis from the others.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Mapping

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

# All keys of a workspace together may make this many times the calls of one.
WORKSPACE_TIMES = 2
# How long a plan is cached, so that a call need not ask Redis.
PLAN_S = 10.0
KEEP_PLANS = 10_000


class Rate(msgspec.Struct, frozen=True):
    """The bucket of a key after a call: `left` of `quota` calls; it fills in `window_s`."""

    quota: int
    window_s: int
    left: int
    wait_s: int

    def headers(self) -> dict[str, str]:
        """As in the IETF draft (httpapi-ratelimit-headers)."""
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
        """Take one call of a key. Raises Problem (429), and Unavailable."""
        plan = await self._plan(codes, key.workspace)
        # Whose turn the queues below take.
        fair_queue.owner.set(
            Owner(key.workspace, plan.queued_pictures, plan.queued_questions, key.id, plan.queued_exports)
        )
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
            # A refused call takes no token.
            own.give_back()
            all_keys.give_back()
            raise _too_many(plan, rate.headers(), rate.wait_s)

    async def take_shared(self, codes: Codes, workspace: int, request: Request) -> None:
        """Take one call of a shared view. All views of a workspace are like one more key, beside the bucket of its own
        keys: whoever has a link cannot take the calls of the workspace. Raises Problem (429), and Unavailable."""
        plan = await self._plan(codes, workspace)
        name = f"shared:{workspace}"
        fair_queue.owner.set(Owner(workspace, plan.queued_pictures, plan.queued_questions, name, plan.queued_exports))
        bucket = self._keys.of(name, plan.calls_per_second, plan.burst_calls)
        wait_s = bucket.take(self._clock())
        if wait_s:
            bucket.give_back()
            raise _too_many(plan, {}, math.ceil(wait_s))

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


def _too_many(plan: Plan, headers: Mapping[str, str], wait_s: int) -> Problem:
    text = plan.says("calls_per_second", limit=plan.calls_per_second)
    return Problem(429, "too_many_requests", text, None, {"Retry-After": str(wait_s), **headers})


def add_rate_headers(request: Request, response: Response) -> None:
    """Say what is left, in the answer to a call that was counted."""
    rate: Rate | None = getattr(request.state, "rate", None)
    if rate is not None:
        response.headers.update(rate.headers())
