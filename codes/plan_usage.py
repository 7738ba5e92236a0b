"""How much of its plan a workspace uses, of what `codes.plan_limits` and the stores count."""

from datetime import datetime

import msgspec
from redis.asyncio import Redis

from codes import quotas
from codes.plans import Plan
from codes.redis_client import command, raises_unavailable
from schemas import keys


class Used(msgspec.Struct, frozen=True):
    """`limit` is that of the plan's field with this name."""

    name: str
    used: int
    limit: int


@raises_unavailable
async def usage(redis: Redis, plan: Plan, workspace: int, now: datetime) -> list[Used]:
    """What is kept, and what was made this month. Raises Unavailable."""
    sizes = keys.workspace_sizes(workspace)
    made = await quotas.peek(redis, workspace, quotas.MADE, plan.made_per_month, now)
    used = {
        "codes": await quotas.count_codes(redis, workspace),
        "code_bytes": int(await command(redis, "HGET", sizes, quotas.TOTAL) or 0),
        "made_per_month": plan.made_per_month - made.remaining,
        "files": await command(redis, "HLEN", keys.workspace_files(workspace)),
        "file_bytes": int(await command(redis, "HGET", sizes, quotas.FILES) or 0),
        "folders": await command(redis, "HLEN", keys.workspace_folders(workspace)),
        "keys": await command(redis, "HLEN", keys.workspace_keys(workspace)),
        "reports": await command(redis, "HLEN", keys.workspace_reports(workspace)),
        "styles": await command(redis, "HLEN", keys.workspace_styles(workspace)),
        "shared_views": await command(redis, "HLEN", keys.workspace_shared_views(workspace)),
        "scheduled_exports": await command(redis, "HLEN", keys.workspace_exports(workspace)),
    }
    return [Used(name, n, getattr(plan, name)) for name, n in used.items()]
