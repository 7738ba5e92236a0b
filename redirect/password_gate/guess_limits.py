"""How many passwords may be tried: by an address and the networks it is in, and for a code by all.

An address that guesses waits, each time twice as long; so do its networks, after more tries, since who has an IPv6
address has whole networks to try from. When all together have guessed too often, a code is not closed: tries are taken
one by one, further and further apart (`redirect.password_gate.queue` says whose turn it is).
"""

import hashlib

import msgspec

from redirect.client_ip import is_v4
from redirect.redis_client import RedisClient
from redirect.redis_connection import Command
from redirect.visitor_hash import MS_OF_DAY, Salts
from schemas import keys

# Tries before there is a pause, and the longest one: of an IPv4 address or a /64, of a /56, of a /48.
FREE = (5, 20, 80)
LONGEST_MS = (3_600_000, 300_000, 300_000)
FIRST_MS = 4_000
# What is known of an address is forgotten so long after its last pause.
KEPT_MS = 3_600_000
# Wrong passwords of a code by all; of these, one a minute is forgotten, so that slips of many people never add up.
BY_ALL = 100
FORGOTTEN_MS = 60_000
# From then on a try each so often, later with each wrong one.
NEXT_MS = 1_000
LATER_MS = 10
LATEST_MS = 10_000

# Counted before the password is looked at, so that many at once get no more; nothing is counted of whoever may not try.
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

# A code's birth, and what whoever tries is known by: the narrowest name first.
Names = tuple[str, ...]


class Verdict(msgspec.Struct, frozen=True):
    """Whether a password may be looked at now; else for how long not: for this address, or (`queued`) for whoever has
    not passed before. `failed` is whether this address has given wrong ones of late."""

    may: bool
    queued: bool = False
    wait_ms: int = 0
    failed: bool = False


class GuessLimits:
    """Kept in Redis, for all redirectors. An address is known there by a hash alone, keyed with the day's salt, until
    an hour after its last pause. Raises Away or Refused when Redis cannot say."""

    def __init__(self, redis: RedisClient, salts: Salts) -> None:
        self._redis = redis
        self._salts = salts

    async def take(self, birth: int, names: Names, *, by_all: bool = True) -> Verdict:
        """Whether one more may be tried. Without `by_all` it is not one of those that all may try."""
        at = [keys.gate_tries(birth, name) for name in names]
        bounds = [bound for pair in zip(FREE, LONGEST_MS, strict=True) for bound in pair]
        numbers = (BY_ALL, FORGOTTEN_MS, NEXT_MS, LATER_MS, LATEST_MS, FIRST_MS, KEPT_MS)
        asked: Command = ("EVAL", _TAKE, len(at) + 1, *at, keys.gate_tries(birth), int(by_all), *numbers, *bounds)
        state, wait_ms, failed = await self._redis.ask_once(*asked)
        return Verdict(may=state == 0, queued=state == 2, wait_ms=wait_ms, failed=bool(failed))

    def give_back(self, birth: int, names: Names) -> None:
        """The right password is no try, and this address guesses no more."""
        at = [keys.gate_tries(birth, name) for name in names]
        self._redis.tell("EVAL", _GIVE_BACK, len(at) + 1, *at, keys.gate_tries(birth))

    def names(self, address: bytes, birth: int, at_ms: int) -> Names:
        """Of an address and a code, and telling nothing of either: an IPv4 address, or the /64, /56 and /48 of an IPv6
        one."""
        known_by = (address,) if is_v4(address) else (address[:8], address[:7], address[:6])
        return tuple(self._name(b"tries" + bytes([len(part)]) + part, birth, at_ms) for part in known_by)

    def _name(self, known_by: bytes, birth: int, at_ms: int) -> str:
        own = self._salts.hasher(at_ms // MS_OF_DAY).copy()
        # Of another length than what a visitor is made of, so it is never the same number.
        own.update(known_by + birth.to_bytes(8, "big"))
        return hashlib.blake2b(own.digest(), digest_size=8).hexdigest()


def name_of_cookie(value: str) -> Names:
    """Of whoever has passed before, by the cookie that says so."""
    return ("passed-" + hashlib.blake2b(value.encode(), digest_size=8).hexdigest(),)
