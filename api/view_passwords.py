"""Check the passwords of shared views: few at a time, and ever slower where many are wrong.

`api.wrong_keys` slows down each address. Here each view has a bucket of wrong ones from all addresses, and all views
share two threads' worth of hashing, so that guessing takes neither the processor nor the password.
"""

import asyncio
import math
import time

from api.problems import Problem, unavailable
from api.token_bucket import Buckets, Clock
from codes import passwords

# Wrong ones of one view at once, and one more every so often.
BURST = 100
PER_S = 0.2
AT_ONCE = 2
WAITING = 16


class ViewPasswords:
    """Belongs to one event loop."""

    def __init__(self, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._buckets = Buckets(clock)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def is_right(self, view_id: str, kept: str, given: str) -> bool:
        """Raises Problem (429, 503)."""
        if not given or len(given) > passwords.MAX_PASSWORD:
            return False
        bucket = self._buckets.of(view_id, PER_S, BURST)
        wait_s = bucket.take(self._clock())
        if wait_s:
            bucket.give_back()
            text = "too many wrong passwords were tried for this link; try again shortly"
            raise Problem(429, "too_many_wrong_passwords", text, None, {"Retry-After": str(math.ceil(wait_s))})
        if self._waiting >= WAITING:
            bucket.give_back()
            raise unavailable("too many passwords are being checked; try again shortly")
        self._waiting += 1
        try:
            async with self._turns:
                right = await passwords.is_right(kept, given)
        finally:
            self._waiting -= 1
        if right:
            bucket.give_back()
        return right
