"""How much a workspace keeps, held against its plan: codes and their bytes, files and theirs.

Bytes are kept beside what they are of, in the workspace's slot (`codes.index`, `codes.statics`, `codes.files`), as the
size of each code, so to write one twice counts once. What is under way at the same moment may exceed a figure by as
much; `codes.permissions` counts codes exactly where a plan's figure is near.
"""

from datetime import UTC, datetime

import msgspec
from redis.asyncio import Redis

from codes import quota
from codes.connection import ask
from codes.errors import NotInPlan
from codes.plans import Plan
from schemas import keys
from schemas.code import Code, StaticCode

TOTAL = "total"
FILES = "files"
MADE = "made"


def size_of(code: Code | StaticCode) -> int:
    """At each alias a code's route is kept once more."""
    size = len(msgspec.json.encode(code))
    return size * (1 + len(code.aliases)) if isinstance(code, Code) else size


async def held(redis: Redis, workspace: int) -> int:
    """Codes, static ones too."""
    codes = await ask(redis, "ZCARD", keys.workspace_codes(workspace))
    return int(codes) + int(await ask(redis, "ZCARD", keys.workspace_static_numbers(workspace)))


async def room(redis: Redis, plan: Plan, workspace: int, more: int) -> None:
    """Whether so many bytes more may be kept of codes. Raises NotInPlan."""
    kept = int(await ask(redis, "HGET", keys.workspace_sizes(workspace), TOTAL) or 0)
    if more > 0 and kept + more > plan.code_bytes:
        raise NotInPlan("limit", "code_bytes", plan.says("code_bytes", limit=plan.code_bytes))


async def leaves_traces(redis: Redis, plan: Plan, workspace: int, slugs: int, now_ms: int) -> None:
    """Of codes that are made, and of slugs and aliases that are taken, something stays when they go: what keeps a
    given-up slug from others, and the order to erase scans. So there are only so many in a month. Raises NotInPlan."""
    for _ in range(slugs):
        await _leaves_a_trace(redis, plan, workspace, now_ms)


async def _leaves_a_trace(redis: Redis, plan: Plan, workspace: int, now_ms: int) -> None:
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    taken = await quota.take(redis, workspace, MADE, "month", plan.made_per_month, now)
    if not taken.allowed:
        wait_s = max(1, taken.reset_at - int(now.timestamp()))
        raise NotInPlan("rate", "made_per_month", plan.says("made_per_month", limit=taken.limit), None, wait_s)
