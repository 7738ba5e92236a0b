"""Waiting until every redirector has taken in a change.

The change itself goes out with its write (`codes.code_store.write`). A redirector that is registered and does not
acknowledge within a second has by then stopped trusting what it has cached, so after a second the change
holds everywhere either way.
"""

import asyncio

from redis import exceptions
from redis.asyncio import Redis

from codes.redis_client import Script, command
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


async def wait_for_acknowledgements(
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
    asking = asyncio.create_task(_all_of(redis, nonces, before, asyncio.get_running_loop().time() + longest_s))
    _asking.add(asking)
    asking.add_done_callback(_asking.discard)
    # Waited for, and never cancelled: a command in the middle of its answer would cost its connection. What
    # still asks when time is up ends with its next answer.
    done, _ = await asyncio.wait({asking}, timeout=longest_s)
    return bool(done) and asking.result()


# Tasks are kept alive by whoever knows them, and these outlive their callers by a moment.
_asking: set[asyncio.Task[bool]] = set()


async def _all_of(redis: Redis, nonces: list[str], before: set[bytes], ends: float) -> bool:
    """Looks again and again, soon at first: most acknowledge within a millisecond. Blocking on the list would
    hold a connection for as long as one redirector is silent, and a burst of edits would use up them all."""
    clock = asyncio.get_running_loop().time
    pause_s = SOONEST_S
    try:
        names = before | await redirectors(redis)
        if not names:
            return True
        missing = list(nonces)
        while clock() < ends:
            missing = [one for one in missing if not names <= set(await command(redis, "LRANGE", keys.ack(one), 0, -1))]
            if not missing:
                for one in nonces:
                    await command(redis, "UNLINK", keys.ack(one))
                return True
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, LATEST_S)
    except (exceptions.RedisError, OSError):
        # Redis is away, so nobody can acknowledge any more, and the wait is as good.
        await asyncio.sleep(max(0.0, ends - clock()))
    return False
