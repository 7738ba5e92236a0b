"""Passwords of codes, kept as argon2 hashes.

The cost is what OWASP's guidance gives as its smaller memory setting: 19 MiB, two passes, one lane; about 25 ms of
one core. A redirector checks them between redirects, so more would slow down everyone else's scans. The cost
stands in each hash: a later, higher one leaves the old ones valid.
"""

import asyncio
from hashlib import blake2b

from argon2 import PasswordHasher, Type
from argon2.low_level import hash_secret_raw

from codes.errors import Refused
from codes.validation import storable

# For new ones; what was set before stays valid.
MIN_PASSWORD = 6
MAX_PASSWORD = 128

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)


def check(password: str) -> None:
    """Raises Refused."""
    storable("password", password)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Refused("password", "invalid_password", f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")


async def slow_digest(secret: bytes, salt: bytes) -> bytes:
    """Always the same for both, and as costly as a password's hash. Works in a thread."""
    salt = blake2b(salt, digest_size=16).digest()
    return await asyncio.to_thread(hash_secret_raw, secret, salt, 2, 19 * 1024, 1, 20, Type.ID)


async def hash_password(password: str) -> str:
    """Of a password that `check` lets through. Works in a thread."""
    return await asyncio.to_thread(_hasher.hash, password)
