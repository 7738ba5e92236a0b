"""How often a code with a limit has been scanned: exact among all redirectors, because Redis counts."""

from redirect.redis_client import RedisClient
from schemas import keys

# One step, so that no two scans can see the same last one left.
_USE = """
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
if used >= tonumber(ARGV[1]) then return 0 end
redis.call('INCR', KEYS[1])
return 1
"""


class ScanLimits:
    """What is kept is how many scans were used, not how many are left: a limit that is raised or lowered holds from
    the next scan on. All of it raises Away or Refused when Redis cannot say."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def is_used_up(self, birth: int, limit: int) -> bool:
        used = await self._redis.ask("GET", keys.scans_used(birth))
        return int(used or 0) >= limit

    async def use(self, birth: int, limit: int) -> bool:
        """Takes one scan, when there is one left. It is asked once only: where the answer is lost, Redis may have
        counted, and such a scan is used up without having led anywhere. Never the other way round."""
        taken = await self._redis.ask_once("EVAL", _USE, 1, keys.scans_used(birth), limit)
        return bool(taken)
