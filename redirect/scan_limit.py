"""Count the scans of codes with a limit: exact over all redirectors, because Redis counts."""

from redirect.redis_client import RedisClient
from schemas import keys

# Atomic, so that no two scans take the last one; who takes it says so (`codes.code_events`).
USE = f"""
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
if used >= tonumber(ARGV[1]) then return 0 end
used = redis.call('INCR', KEYS[1])
if used >= tonumber(ARGV[1]) then
  redis.call('HINCRBY', KEYS[2], ARGV[2], 1)
  redis.call('PUBLISH', '{keys.WORK}', 'webhooks')
end
return 1
"""


class ScanLimits:
    """Redis stores the scans used, not those left, so a changed limit applies from the next scan on. Every method
    raises Away or Refused when Redis cannot answer."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def is_used_up(self, birth: int, limit: int) -> bool:
        used = await self._redis.ask("GET", keys.scans_used(birth))
        return int(used or 0) >= limit

    async def use(self, birth: int, limit: int) -> bool:
        """Take one scan, if one is left. The command is never repeated: if its reply is lost, Redis may have counted
        it, and the scan is used up without leading anywhere. The reverse never happens."""
        taken = await self._redis.ask_once("EVAL", USE, 2, keys.scans_used(birth), keys.LIMITS_TO_CHECK, limit, birth)
        return bool(taken)
