"""Check passwords in threads, without blocking the event loop."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

# Each check takes tens of milliseconds of a core and tens of megabytes.
MOST_WAITING = 32

# The parameters with which `codes` hashes, so that a check without a hash takes as long as one with.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)

log = logging.getLogger(__name__)


class Busy(Exception):
    """Too many passwords are being checked; this one would wait too long."""


@cache
def _nobodys() -> str:
    """A hash that matches no password, but takes as long to check as any other."""
    return _hasher.hash("\0")


def is_right(kept: str, given: str) -> bool:
    """Check a password. Blocks, with the GIL released. Without a hash (`kept` is empty) it does the same work and
    fails. Never raises for any `given`."""
    try:
        return _hasher.verify(kept or _nobodys(), given.encode("utf-8", "replace")) and bool(kept)
    except VerificationError:
        return False
    except InvalidHashError:
        log.error("a code's password is not kept as an argon2 hash: nobody can pass")
        return False


class PasswordChecker:
    """A thread pool with a bounded queue."""

    def __init__(self, name: str, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._waiting = 0

    async def are_right(self, kept: str, given: str, *, known: bool = False) -> bool:
        """Check a password. Raises Busy, later for visitors who are `known` to have passed before."""
        if self._waiting >= MOST_WAITING * (2 if known else 1):
            raise Busy
        self._waiting += 1
        looked = asyncio.get_running_loop().run_in_executor(self._pool, is_right, kept, given)
        # The caller may be cancelled; the thread continues.
        looked.add_done_callback(lambda _: self._done())
        return await looked

    def _done(self) -> None:
        self._waiting -= 1

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
