"""Wait until every redirector has taken in a change.

The change is published with its write (`codes.code_store.write`). A registered redirector that does not acknowledge
within a second has stopped trusting its cache by then, so after a second the change holds everywhere either way.
"""

import asyncio

from redis import exceptions
from redis.asyncio import Redis

from codes.redis_client import Script, command
from schemas import keys

LONGEST_WAIT_S = 1.0
# Pauses between two reads of the acknowledgements: the first, and the longest.
SOONEST_S = 0.0005
LATEST_S = 0.05


# Registrations expire by Redis' clock.
_LIVE = Script("return redis.call('ZRANGEBYSCORE', KEYS[1], redis.call('TIME')[1], '+inf')")


async def redirectors(redis: Redis) -> set[bytes]:
    """Return the names of the redirectors whose registration has not expired."""
    return set(await _LIVE.run(redis, [keys.REDIRECTORS]))


async def wait_for_acknowledgements(
    redis: Redis,
    nonces: list[str],
    before: set[bytes],
    *,
    longest_s: float = LONGEST_WAIT_S,
) -> bool:
    """Wait, at most `longest_s`, until all redirectors that were registered `before` the changes, or are now, have
    acknowledged each change. Return whether they have.

    Does not raise when Redis is away: the changes are made, and the full wait is as good as acknowledgements.
    """
    waiting = asyncio.create_task(
        _all_acknowledged(redis, nonces, before, asyncio.get_running_loop().time() + longest_s)
    )
    _waiting.add(waiting)
    waiting.add_done_callback(_waiting.discard)
    # Never cancelled: a command that is cancelled in the middle of its answer costs its connection. What is still
    # waiting when time is up ends with its next answer.
    done, _ = await asyncio.wait({waiting}, timeout=longest_s)
    return bool(done) and waiting.result()


# References keep tasks alive, and these outlive their callers by a moment.
_waiting: set[asyncio.Task[bool]] = set()


async def _all_acknowledged(redis: Redis, nonces: list[str], before: set[bytes], ends: float) -> bool:
    """Poll, quickly at first: most acknowledge within a millisecond. Blocking on the list would hold a connection for
    as long as one redirector is silent, and a burst of edits would use up all connections."""
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
        # Redis is away: nobody can acknowledge any more, and the full wait is as good.
        await asyncio.sleep(max(0.0, ends - clock()))
    return False
