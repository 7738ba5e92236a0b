"""What the totals of a code count besides its own scans: those that another service counted, where the workspace wants
that."""

from collections.abc import Collection

from analytics.imported import imported_totals
from api.dialect import Call
from codes import workspaces
from schemas.event import Kind


async def imported_scans(call: Call, births: Collection[int], kinds: Collection[Kind]) -> dict[int, int]:
    """To add to the total of each of these codes; empty unless the workspace counts imported scans. Scans of an unknown
    kind count. Raises Unavailable."""
    workspace = await workspaces.get(call.context.codes.redis, call.key.workspace)
    if workspace is None or not workspace.counts_imported:
        return {}
    return await call.context.questions.ask(imported_totals, call.key.workspace, births, kinds=kinds)
