"""Whether a password is the right one, without keeping anybody else waiting."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

# Each look takes tens of milliseconds of a core and tens of megabytes.
MOST_WAITING = 32

# What `codes` makes its hashes at, so that a look at none takes as long as a look at one.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)

log = logging.getLogger(__name__)


class Busy(Exception):
    """So many passwords are being looked at that this one would wait too long."""


@cache
def _nobodys() -> str:
    """A hash that no password has been made into: looking at it takes what looking at any other does."""
    return _hasher.hash("\0")


def is_right(kept: str, given: str) -> bool:
    """Blocks, and lets other threads run meanwhile. Without a hash (`kept` is empty) it does the same work for nothing.
    Never raises for what was given."""
    try:
        return _hasher.verify(kept or _nobodys(), given.encode("utf-8", "replace")) and bool(kept)
    except VerificationError:
        return False
    except InvalidHashError:
        log.error("a code's password is not kept as an argon2 hash: nobody can pass")
        return False


class PasswordChecker:
    """Threads of their own, and a bounded queue before them."""

    def __init__(self, name: str, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._waiting = 0

    async def are_right(self, kept: str, given: str, *, known: bool = False) -> bool:
        """Raises Busy, for those who are `known` to have passed before later than for others."""
        if self._waiting >= MOST_WAITING * (2 if known else 1):
            raise Busy
        self._waiting += 1
        looked = asyncio.get_running_loop().run_in_executor(self._pool, is_right, kept, given)
        # Whoever asked may go; the thread goes on all the same.
        looked.add_done_callback(lambda _: self._done())
        return await looked

    def _done(self) -> None:
        self._waiting -= 1

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
