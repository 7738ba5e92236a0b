"""The scripts that move deliveries (`webhooks.deliveries`), each in one step.

`prefix` is that of the keys of webhooks. What is due at once is told to the worker (`codes.work_signals`).
"""

from codes.redis_client import Script
from codes.work_signals import TELL_WEBHOOKS

_ENQUEUE = """
local function at(part, id) return prefix .. part .. ':' .. id end
local function next_due(id)
  local first = redis.call('ZRANGE', at('pending', id), 0, 0, 'WITHSCORES')
  if not first[2] then return redis.call('ZREM', prefix .. 'due', id) end
  local rest = redis.call('HGET', at('state', id), 'rest') or '0'
  return redis.call('ZADD', prefix .. 'due', math.max(tonumber(first[2]), tonumber(rest)), id)
end
local function drop(id, number)
  redis.call('HINCRBY', at('state', id), 'bytes', -(redis.call('HSTRLEN', at('bodies', id), number)))
  redis.call('HDEL', at('bodies', id), number)
  redis.call('HDEL', at('deliveries', id), number)
end
local function bury(id, number, now, most)
  redis.call('ZADD', at('dead', id), now, number)
  while redis.call('ZCARD', at('dead', id)) > most do
    drop(id, redis.call('ZPOPMIN', at('dead', id))[1])
    redis.call('HINCRBY', at('state', id), 'dropped', 1)
  end
end
local function enqueue(id, about, body, now, limits)
  local most, most_dead, most_bytes = tonumber(ARGV[limits]), tonumber(ARGV[limits + 1]), tonumber(ARGV[limits + 2])
  if redis.call('HEXISTS', prefix .. 'endpoints', id) == 0 then return 0 end
  local state = at('state', id)
  if tonumber(redis.call('HGET', state, 'bytes') or '0') + #body > most_bytes then
    redis.call('HINCRBY', state, 'dropped', 1)
    return 0
  end
  local number = string.format('%012d', redis.call('HINCRBY', state, 'made', 1))
  redis.call('HINCRBY', state, 'bytes', #body)
  redis.call('HSET', at('deliveries', id), number, about)
  redis.call('HSET', at('bodies', id), number, body)
  if redis.call('ZCARD', at('pending', id)) >= most then
    bury(id, number, now, most_dead)
  else
    redis.call('ZADD', at('pending', id), now, number)
    next_due(id)
  end
  return 1
end
"""
_HEAD = "local prefix = ARGV[1]\n" + _ENQUEUE

# ARGV: prefix, now, most that wait, that are dead, bytes; then endpoint, about, body.
PUT = Script(_HEAD + TELL_WEBHOOKS + "return enqueue(ARGV[6], ARGV[7], ARGV[8], ARGV[2], 3)")
# KEYS: lease, stream. ARGV: prefix, token, now; then of each event its position and how many deliveries it has, and of
# each its endpoint, about, body, most that wait, that are dead, bytes. An event is queued when it leaves the stream.
FAN_OUT = Script(
    _HEAD
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return -1 end
local now, n, queued = ARGV[3], 4, 0
while ARGV[n] do
  local there, count = redis.call('XDEL', KEYS[2], ARGV[n]), tonumber(ARGV[n + 1])
  n = n + 2
  for _ = 1, count do
    if there == 1 then
      queued = queued + enqueue(ARGV[n], ARGV[n + 1], ARGV[n + 2], now, n + 3)
    end
    n = n + 6
  end
end
if queued > 0 then
  """
    + TELL_WEBHOOKS
    + """
end
return queued
"""
)
# KEYS: lease. ARGV: prefix, token, now, endpoint, a field of its state, that field before and after, most that wait,
# that are dead, bytes; then about and body of each. Queued in the step in which the field moves on.
ADVANCE = Script(
    _HEAD
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return -1 end
local id, state = ARGV[4], at('state', ARGV[4])
if redis.call('HEXISTS', prefix .. 'endpoints', id) == 0 then return 0 end
if (redis.call('HGET', state, ARGV[5]) or '') ~= ARGV[6] then return 0 end
redis.call('HSET', state, ARGV[5], ARGV[7])
for n = 11, #ARGV, 2 do
  enqueue(id, ARGV[n], ARGV[n + 1], ARGV[3], 8)
end
if ARGV[11] then
  """
    + TELL_WEBHOOKS
    + """
end
return 1
"""
)
# KEYS: lease. ARGV: prefix, token, now, endpoint, number, about, how many delivered ones are kept. What else waited for
# an endpoint that failed and does no more is due now.
DELIVERED = Script(
    _HEAD
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return -1 end
local now, id, number, state = ARGV[3], ARGV[4], ARGV[5], at('state', ARGV[4])
if redis.call('ZREM', at('pending', id), number) == 0 then return 0 end
redis.call('HINCRBY', state, 'bytes', -(redis.call('HSTRLEN', at('bodies', id), number)))
redis.call('HDEL', at('bodies', id), number)
redis.call('HSET', at('deliveries', id), number, ARGV[6])
redis.call('ZADD', at('delivered', id), now, number)
while redis.call('ZCARD', at('delivered', id)) > tonumber(ARGV[7]) do
  redis.call('HDEL', at('deliveries', id), redis.call('ZPOPMIN', at('delivered', id))[1])
end
if redis.call('HDEL', state, 'failures', 'failing_since', 'rest') > 0 then
  for _, each in ipairs(redis.call('ZRANGEBYSCORE', at('pending', id), '(' .. now, '+inf')) do
    redis.call('ZADD', at('pending', id), now, each)
  end
end
next_due(id)
return 1
"""
)
# KEYS: lease. ARGV: prefix, token, now, endpoint, number, about, when it is tried again ("" for never), until when the
# endpoint is left alone, most that are dead.
FAILED = Script(
    _HEAD
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return -1 end
local now, id, number, state = ARGV[3], ARGV[4], ARGV[5], at('state', ARGV[4])
if not redis.call('ZSCORE', at('pending', id), number) then return 0 end
redis.call('HSET', at('deliveries', id), number, ARGV[6])
if ARGV[7] == '' then
  redis.call('ZREM', at('pending', id), number)
  bury(id, number, now, tonumber(ARGV[9]))
else
  redis.call('ZADD', at('pending', id), ARGV[7], number)
end
redis.call('HINCRBY', state, 'failures', 1)
redis.call('HSETNX', state, 'failing_since', now)
redis.call('HSET', state, 'rest', ARGV[8])
next_due(id)
return tonumber(redis.call('HGET', state, 'failing_since'))
"""
)
# ARGV: prefix, now, endpoint, number, about. A dead one is tried as if it were new; one that waits, now.
REPLAY = Script(
    _HEAD
    + """
local now, id, number = ARGV[2], ARGV[3], ARGV[4]
local dead = redis.call('ZREM', at('dead', id), number)
if dead == 0 and not redis.call('ZSCORE', at('pending', id), number) then return 0 end
if dead == 1 then redis.call('HSET', at('deliveries', id), number, ARGV[5]) end
redis.call('ZADD', at('pending', id), now, number)
redis.call('HDEL', at('state', id), 'rest')
next_due(id)
"""
    + TELL_WEBHOOKS
    + "return 1"
)
# KEYS: lease, version of all endpoints. ARGV: prefix, token, endpoint, version. Not if one has changed since.
FORGET = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return -1 end
if (redis.call('GET', KEYS[2]) or '0') ~= ARGV[4] then return 0 end
return redis.call('ZREM', ARGV[1] .. 'due', ARGV[3])
""")
# ARGV: prefix, endpoint. That it failed is forgotten.
RESUME = Script(
    _HEAD
    + TELL_WEBHOOKS
    + "redis.call('HDEL', at('state', ARGV[2]), 'rest', 'failures', 'failing_since')\nreturn next_due(ARGV[2])"
)
