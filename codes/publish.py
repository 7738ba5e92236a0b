"""Waiting until every redirector has taken in a change.

The change itself goes out with its write (`codes.places.put`). A redirector that is registered and does not
acknowledge within a second has by then stopped trusting what it has cached, so after a second the change
holds everywhere either way.
"""

import asyncio

from redis import exceptions
from redis.asyncio import Redis

from codes.connection import Script, ask
from schemas import keys

LONGEST_WAIT_S = 1.0
# Between two looks at who has acknowledged.
SOONEST_S = 0.0005
LATEST_S = 0.05


# Registrations lapse by Redis' clock.
_LIVE = Script("return redis.call('ZRANGEBYSCORE', KEYS[1], redis.call('TIME')[1], '+inf')")


async def redirectors(redis: Redis) -> set[bytes]:
    """The names of the redirectors whose registration has not lapsed."""
    return set(await _LIVE.run(redis, [keys.REDIRECTORS]))


async def acknowledged(
    redis: Redis,
    nonces: list[str],
    before: set[bytes],
    *,
    longest_s: float = LONGEST_WAIT_S,
) -> bool:
    """Waits until all redirectors that were there `before` the changes, or are now, have acknowledged each
    change; at most `longest_s`. Whether they have is returned.

    Never raises for Redis being away: the changes are made, and the full wait is as good as acknowledgements.
    """
    ends = asyncio.get_running_loop().time() + longest_s
    try:
        async with asyncio.timeout_at(ends):
            waited_for = before | await redirectors(redis)
            if waited_for:
                await asyncio.gather(*(_all_of(redis, nonce, waited_for) for nonce in nonces))
            return True
    except (exceptions.RedisError, OSError):
        await asyncio.sleep(ends - asyncio.get_running_loop().time())
    except TimeoutError:
        pass
    return False


async def _all_of(redis: Redis, nonce: str, names: set[bytes]) -> None:
    """Returns when all `names` have acknowledged; until then it goes on, and the caller stops it in time.

    It looks again and again, soon at first: most acknowledge within a millisecond. Blocking on the list would
    hold a connection for as long as one redirector is silent, and a burst of edits would use up them all.
    """
    pause_s = SOONEST_S
    while not names <= set(await ask(redis, "LRANGE", keys.ack(nonce), 0, -1)):
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 1.5, LATEST_S)
    await ask(redis, "UNLINK", keys.ack(nonce))
