"""How many passwords may be tried: for each code by each address, and for each code by all."""

import hashlib

from redirect.address import is_v4
from redirect.store import Store
from redirect.visitor import MS_OF_DAY, Salts
from schemas import keys

WINDOW_S = 60
BY_ONE = 10
BY_ALL = 100

# Counted before the password is looked at, so that many at once cannot pass; whoever may not try is not
# counted for all, or one address could keep everybody out.
_TAKE = """
if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[1]) then return 0 end
if tonumber(redis.call('GET', KEYS[2]) or '0') >= tonumber(ARGV[2]) then return 0 end
for _, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[3]) end
end
return 1
"""
_GIVE_BACK = """
for _, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then redis.call('DECR', key) end
end
"""


class Tries:
    """Kept in Redis, for all redirectors. An address is known there by a hash alone, keyed with the day's salt, for a
    minute. Raises Away or Refused when Redis cannot say."""

    def __init__(self, store: Store, salts: Salts) -> None:
        self._store = store
        self._salts = salts

    async def take(self, birth: int, who: str) -> bool:
        """Whether one more may be tried."""
        names = (keys.gate_tries(birth, who), keys.gate_tries(birth))
        # Of what is no code (birth 0) there is nothing that all could guess.
        most = BY_ALL if birth else 1 << 50
        return bool(await self._store.ask_once("EVAL", _TAKE, 2, *names, BY_ONE, most, WINDOW_S))

    def give_back(self, birth: int, who: str) -> None:
        """The right password is no try."""
        self._store.tell("EVAL", _GIVE_BACK, 2, keys.gate_tries(birth, who), keys.gate_tries(birth))

    def who(self, address: bytes, birth: int, at_ms: int) -> str:
        """A name for an address and a code that says nothing of either. An IPv6 scanner has a whole network of
        addresses to try from, so it is known by that."""
        known_by = address if is_v4(address) else address[:8]
        own = self._salts.hasher(at_ms // MS_OF_DAY).copy()
        # Of another length than what a visitor is made of, so it is never the same number.
        own.update(b"tries" + known_by + birth.to_bytes(8, "big"))
        return hashlib.blake2b(own.digest(), digest_size=8).hexdigest()
