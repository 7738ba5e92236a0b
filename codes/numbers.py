"""The numbers of codes, workspaces and domains: each greater than the last, none ever reused.

Like a route's version (decision 0102), a number is never behind the clock: a Redis that has lost its last writes (a
promoted replica, a restored backup) has forgotten how far it counted; the clock has not.
"""

from redis.asyncio import Redis

from codes.redis_client import Script, raises_unavailable

# The JSON of JavaScript is exact below 2^53, which microseconds reach in the year 2255.
_ALLOCATE = Script("""
local number = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') + 1, tonumber(ARGV[1]))
redis.call('SET', KEYS[1], string.format('%.0f', number))
return number
""")
_LIFT = Script("""
local number = tonumber(redis.call('GET', KEYS[1]) or '0')
if number < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1])
  return tonumber(ARGV[1])
end
return number
""")


@raises_unavailable
async def allocate(redis: Redis, counter: str, now_ms: int) -> int:
    """Return the next number of `counter`, one of those in `schemas.keys`."""
    return int(await _ALLOCATE.run(redis, [counter], now_ms * 1000))


@raises_unavailable
async def raise_counter(redis: Redis, counter: str, at_least: int) -> int:
    """Raise `counter`, so that the next number is greater than `at_least`; return it. For imports, whose numbers may
    come from a machine with its clock ahead."""
    return int(await _LIFT.run(redis, [counter], at_least))
