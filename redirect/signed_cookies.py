"""Signed cookies: bound to one code, limited in time, and not forgeable by scanners."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping

from redirect.redis_client import RedisClient
from redirect.redis_connection import Away, Refused
from schemas import keys

SECRET_BYTES = 32
# How long a secret is used before asking Redis whether it is still the current one.
ASK_AGAIN_S = 60.0
LONGEST_HEADER = 8192
_MAC_CHARACTERS = 32


class Secret:
    """The deployment's secret, made by the first redirector that needs it and kept in Redis."""

    def __init__(self, redis: RedisClient, random_bytes: Callable[[int], bytes], elapsed: Callable[[], float]) -> None:
        self._redis = redis
        self._random_bytes = random_bytes
        self._elapsed = elapsed
        self._known = b""
        self._asked_at = float("-inf")

    async def get(self) -> bytes:
        """The secret. Raises Away or Refused when it is not known and Redis cannot answer."""
        if self._known and self._elapsed() - self._asked_at < ASK_AGAIN_S:
            return self._known
        try:
            await self._redis.ask("SET", keys.COOKIE_SECRET, self._random_bytes(SECRET_BYTES), "NX")
            self._known = await self._redis.ask("GET", keys.COOKIE_SECRET) or b""
        except (Away, Refused):
            if not self._known:
                raise
        self._asked_at = self._elapsed()
        if not self._known:
            raise Refused("no secret to sign with")
        return self._known


def sign(secret: bytes, purpose: bytes, birth: int, bound_to: bytes, said: str, until_s: int) -> str:
    """Sign a value, valid for this purpose, this code, and `bound_to`, until a Unix time. `said` may hold only letters,
    digits and `-`."""
    return f"{said}_{until_s}_{_mac(secret, purpose, birth, bound_to, said, until_s)}"


def verify(
    secret: bytes, purpose: bytes, birth: int, bound_to: bytes, values: Iterable[str], now_s: float
) -> str | None:
    """The content of the first value that we signed and that is still valid; None if there is none."""
    for value in values:
        said, _, rest = value.partition("_")
        until, _, mac = rest.partition("_")
        if not (until.isascii() and until.isdecimal() and len(until) < 12) or int(until) <= now_s:
            continue
        if hmac.compare_digest(mac.encode(), _mac(secret, purpose, birth, bound_to, said, int(until)).encode()):
            return said
    return None


def _mac(secret: bytes, purpose: bytes, birth: int, bound_to: bytes, said: str, until_s: int) -> str:
    # Parts have fixed lengths or no separators, so no two inputs give the same text.
    text = b"|".join((purpose, b"%d" % birth, hashlib.sha256(bound_to).digest(), said.encode(), b"%d" % until_s))
    return hmac.new(secret, text, hashlib.sha256).hexdigest()[:_MAC_CHARACTERS]


def values_of(header: bytes | None, name: bytes) -> list[str]:
    """The cookies of that name, few and short; a browser may send several, for several paths."""
    if not header or name not in header or len(header) > LONGEST_HEADER:
        return []
    start = name + b"="
    parts = (part.strip() for part in header.split(b";"))
    return [part[len(start) :].decode("latin-1") for part in parts if part.startswith(start)][:4]


def set_cookie(name: bytes, value: str, *, path: str, max_age_s: int, secure: bool) -> tuple[bytes, bytes]:
    """A Set-Cookie header, hidden from scripts and from other sites' forms. `path` is a code's, so it needs no
    escaping."""
    parts = f"{name.decode()}={value}; Max-Age={max_age_s}; Path={path}; HttpOnly; SameSite=Lax"
    return (b"set-cookie", (parts + "; Secure" if secure else parts).encode())


# Keep a visitor at a variant for longer than the day, in a small signed cookie, for codes that ask for it.

VARIANT_COOKIE = b"wm-way"
_KEY = re.compile(r"[A-Za-z0-9-]{1,32}")


class StickyVariants:
    """Reads and makes the cookie. Raises Away or Refused when there is no secret to sign with and Redis cannot
    answer."""

    def __init__(self, secret: Secret, kept_s: int) -> None:
        self._secret = secret
        self._kept_s = kept_s

    async def kept(self, birth: int, headers: Mapping[bytes, bytes], now_s: float) -> str | None:
        """The key of the variant that this visitor had before; None without one."""
        values = values_of(headers.get(b"cookie"), VARIANT_COOKIE)
        if not values:
            return None
        return verify(await self._secret.get(), VARIANT_COOKIE, birth, b"", values, now_s)

    async def cookie(
        self, birth: int, key: str, path: str, now_s: float, *, secure: bool
    ) -> tuple[bytes, bytes] | None:
        if not _KEY.fullmatch(key):
            return None
        value = sign(await self._secret.get(), VARIANT_COOKIE, birth, b"", key, int(now_s) + self._kept_s)
        return set_cookie(VARIANT_COOKIE, value, path=path, max_age_s=self._kept_s, secure=secure)
