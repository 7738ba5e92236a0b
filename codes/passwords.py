"""Passwords of codes, stored as argon2 hashes.

The cost is the smaller memory setting of OWASP's guidance: 19 MiB, two passes, parallelism 1; about 25 ms of one core.
Redirectors check passwords between redirects, so more would slow everyone's scans. Each hash records its cost: raising
it later leaves old hashes valid.
"""

import asyncio
from hashlib import blake2b

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerificationError
from argon2.low_level import hash_secret_raw

from codes.errors import Refused
from codes.validation import storable

# For new passwords; earlier ones stay valid.
MIN_PASSWORD = 6
MAX_PASSWORD = 128

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)


def check(password: str) -> None:
    """Raises Refused."""
    storable("password", password)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Refused("password", "invalid_password", f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")


async def slow_digest(secret: bytes, salt: bytes) -> bytes:
    """Derive a digest, at the cost of a password's hash. Works in a thread."""
    salt = blake2b(salt, digest_size=16).digest()
    return await asyncio.to_thread(hash_secret_raw, secret, salt, 2, 19 * 1024, 1, 20, Type.ID)


async def is_right(kept: str, given: str) -> bool:
    """Check a password against its hash. Works in a thread."""
    return await asyncio.to_thread(_is_right, kept, given)


def _is_right(kept: str, given: str) -> bool:
    try:
        return _hasher.verify(kept, given.encode("utf-8", "replace"))
    except VerificationError:
        return False


async def hash_password(password: str) -> str:
    """Hash a checked password. Works in a thread."""
    return await asyncio.to_thread(_hasher.hash, password)
