"""All endpoints in memory, by workspace, for the process that delivers; read again when one has changed."""

from collections import defaultdict
from collections.abc import Sequence

from redis.asyncio import Redis

from codes.plans import Plan, Plans, plan_of
from codes.redis_client import raises_unavailable
from codes.webhook_endpoints import all_endpoints
from schemas.webhook import Endpoint
from webhooks import endpoints


class Directory:
    """Also the plans of their workspaces, which are read again now and then."""

    def __init__(self, redis: Redis, plans: Plans) -> None:
        self._redis = redis
        self._known_plans = plans
        self._plans: dict[int, Plan] = {}
        self._by_id: dict[str, Endpoint] = {}
        self._by_workspace: dict[int, list[Endpoint]] = {}
        self.version = -1

    @raises_unavailable
    async def refresh(self) -> None:
        """Know every endpoint as it is now, or later. Raises Unavailable."""
        version = await endpoints.version(self._redis)
        if version == self.version:
            return
        grouped: defaultdict[int, list[Endpoint]] = defaultdict(list)
        found = await all_endpoints(self._redis)
        for each in found:
            grouped[each.workspace].append(each)
        self._by_id = {each.id: each for each in found}
        self._by_workspace = grouped
        self.version = version
        self._plans.clear()

    def forget_plans(self) -> None:
        self._plans.clear()

    def get(self, id: str) -> Endpoint | None:
        return self._by_id.get(id)

    def of(self, workspace: int) -> Sequence[Endpoint]:
        return self._by_workspace.get(workspace, ())

    def all(self) -> Sequence[Endpoint]:
        return list(self._by_id.values())

    async def plan(self, workspace: int) -> Plan:
        if workspace not in self._plans:
            self._plans[workspace] = await plan_of(self._redis, self._known_plans, workspace)
        return self._plans[workspace]
