"""The numbers of codes: counted up in Redis, none given out twice."""

from redis.asyncio import Redis

from codes.connection import Script, reaching
from schemas import keys

_LIFT = Script("""
local number = tonumber(redis.call('GET', KEYS[1]) or '0')
if number < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1])
  return tonumber(ARGV[1])
end
return number
""")


@reaching
async def lift(redis: Redis, at_least: int) -> int:
    """Makes the next code's number greater than `at_least`, and returns the highest number that counts as given
    out. Called at start with the highest number in the warehouse, which outlives a restored Redis."""
    return int(await _LIFT.run(redis, [keys.NUMBERS], at_least))


@reaching
async def lift_workspaces(redis: Redis, at_least: int) -> int:
    """The same for the numbers of workspaces."""
    return int(await _LIFT.run(redis, [keys.WORKSPACE_NUMBERS], at_least))
