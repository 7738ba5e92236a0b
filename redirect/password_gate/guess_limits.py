"""Limit password guesses: per address and network, and per code.

An address that guesses has to wait, twice as long each time. So do its networks, after more tries, because the holder
of an IPv6 address has whole networks to guess from. When there are too many guesses in all, the code is not closed:
tries are taken one at a time at growing intervals (`redirect.password_gate.queue` decides whose turn it is).
"""

import hashlib

import msgspec

from redirect.client_ip import is_v4
from redirect.redis_client import RedisClient
from redirect.redis_connection import Command
from redirect.visitor_hash import MS_OF_DAY, Salts
from schemas import keys

# Free tries, and the longest pause: of an IPv4 address or a /64, of a /56, of a /48.
FREE = (5, 20, 80)
LONGEST_MS = (3_600_000, 300_000, 300_000)
FIRST_MS = 4_000
# An address is forgotten this long after its last pause.
KEPT_MS = 3_600_000
# Bound on wrong passwords of a code from all addresses. One a minute is forgotten, so that the typos of many people
# never add up.
BY_ALL = 100
FORGOTTEN_MS = 60_000
# From then on one try per interval, which grows with each wrong one.
NEXT_MS = 1_000
LATER_MS = 10
LATEST_MS = 10_000

# A try is counted before the password is checked, so parallel tries gain nothing; refused tries are not counted.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local names, pause = #KEYS - 1, 0
for i = 1, names do
  pause = math.max(pause, tonumber(redis.call('HGET', KEYS[i], 'until') or '0') - now)
end
if pause > 0 then return {1, pause, 1} end
local failed = tonumber(redis.call('HGET', KEYS[1], 'n') or '0')
if ARGV[1] == '1' then
  local total = KEYS[#KEYS]
  local kept = redis.call('HMGET', total, 'n', 'at', 'next')
  local passed = now - (tonumber(kept[2]) or now)
  local n = math.max(0, (tonumber(kept[1]) or 0) - passed / tonumber(ARGV[3]))
  local following = 0
  if n >= tonumber(ARGV[2]) then
    local left = (tonumber(kept[3]) or 0) - now
    if left > 0 then return {2, left, failed} end
    following = now + math.min(ARGV[6], ARGV[4] + (n - ARGV[2]) * ARGV[5])
  end
  redis.call('HSET', total, 'n', n + 1, 'at', now, 'next', math.floor(following))
  redis.call('PEXPIRE', total, math.ceil((n + 1) * ARGV[3]))
end
for i = 1, names do
  local free, longest = tonumber(ARGV[7 + 2 * i]), tonumber(ARGV[8 + 2 * i])
  local n = redis.call('HINCRBY', KEYS[i], 'n', 1)
  local own = 0
  if n >= free then
    own = math.min(longest, ARGV[7] * 2 ^ (n - free))
    redis.call('HSET', KEYS[i], 'until', now + own)
  end
  redis.call('PEXPIRE', KEYS[i], own + ARGV[8])
end
return {0, 0, failed}
"""
_GIVE_BACK = """
redis.call('DEL', KEYS[1])
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('HINCRBYFLOAT', KEYS[i], 'n', -1)
    redis.call('HDEL', KEYS[i], 'until', 'next')
  end
end
"""

# The names by which an address is known in Redis, narrowest first.
Names = tuple[str, ...]


class Verdict(msgspec.Struct, frozen=True):
    """Whether a password may be checked now; if not, how long to wait: for this address, or (`queued`) for visitors who
    have not passed before. `failed`: this address has given wrong passwords lately."""

    may: bool
    queued: bool = False
    wait_ms: int = 0
    failed: bool = False


class GuessLimits:
    """The limits, in Redis for all redirectors. Redis knows an address only by a hash keyed with the day's salt, until
    an hour after its last pause. Raises Away or Refused when Redis cannot answer."""

    def __init__(self, redis: RedisClient, salts: Salts) -> None:
        self._redis = redis
        self._salts = salts

    async def take(self, birth: int, names: Names, *, by_all: bool = True) -> Verdict:
        """Take one try, if the limits allow it. With `by_all` false, the limit over all addresses does not apply."""
        at = [keys.gate_tries(birth, name) for name in names]
        bounds = [bound for pair in zip(FREE, LONGEST_MS, strict=True) for bound in pair]
        numbers = (BY_ALL, FORGOTTEN_MS, NEXT_MS, LATER_MS, LATEST_MS, FIRST_MS, KEPT_MS)
        asked: Command = ("EVAL", _TAKE, len(at) + 1, *at, keys.gate_tries(birth), int(by_all), *numbers, *bounds)
        state, wait_ms, failed = await self._redis.ask_once(*asked)
        return Verdict(may=state == 0, queued=state == 2, wait_ms=wait_ms, failed=bool(failed))

    def give_back(self, birth: int, names: Names) -> None:
        """Undo a try with the right password, and clear this address."""
        at = [keys.gate_tries(birth, name) for name in names]
        self._redis.tell("EVAL", _GIVE_BACK, len(at) + 1, *at, keys.gate_tries(birth))

    def names(self, address: bytes, birth: int, at_ms: int) -> Names:
        """Names for an address at a code that reveal neither: of an IPv4 address, or of the /64, /56 and /48 of an IPv6
        address."""
        known_by = (address,) if is_v4(address) else (address[:8], address[:7], address[:6])
        return tuple(self._name(b"tries" + bytes([len(part)]) + part, birth, at_ms) for part in known_by)

    def _name(self, known_by: bytes, birth: int, at_ms: int) -> str:
        own = self._salts.hasher(at_ms // MS_OF_DAY).copy()
        # The input has another length than a visitor's, so the numbers never match.
        own.update(known_by + birth.to_bytes(8, "big"))
        return hashlib.blake2b(own.digest(), digest_size=8).hexdigest()


def name_of_cookie(value: str) -> Names:
    """Names for a visitor who has passed before, from their cookie."""
    return ("passed-" + hashlib.blake2b(value.encode(), digest_size=8).hexdigest(),)
