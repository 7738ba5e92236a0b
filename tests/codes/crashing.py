"""A `Codes` whose process ends at a chosen moment."""

from redis.asyncio import Redis

from codes.plans import presets
from codes.service import Codes


class KilledHere(BaseException):
    """Nothing after this ran. Not an Exception, so that nothing can catch it on the way."""


def crashing(redis: Redis, after: str) -> Codes:
    async def step(done: str) -> None:
        if done == after:
            raise KilledHere(after)

    return Codes(redis, step=step, plans=presets())
