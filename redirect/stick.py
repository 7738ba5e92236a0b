"""A variant that stays a visitor's for longer than the day, where a code asks for it: in a small signed cookie."""

import re
from collections.abc import Mapping

from redirect import signed_cookies
from redirect.signed_cookies import Secret

NAME = b"wm-way"
_KEY = re.compile(r"[A-Za-z0-9-]{1,32}")


class Stick:
    """Raises Away or Refused when there is no secret to sign with, and Redis cannot say."""

    def __init__(self, secret: Secret, kept_s: int) -> None:
        self._secret = secret
        self._kept_s = kept_s

    async def kept(self, birth: int, headers: Mapping[bytes, bytes], now_s: float) -> str | None:
        """The key of the variant that this visitor was led to before."""
        values = signed_cookies.values_of(headers.get(b"cookie"), NAME)
        if not values:
            return None
        return signed_cookies.read(await self._secret.get(), NAME, birth, b"", values, now_s)

    async def cookie(
        self, birth: int, key: str, path: str, now_s: float, *, secure: bool
    ) -> tuple[bytes, bytes] | None:
        if not _KEY.fullmatch(key):
            return None
        value = signed_cookies.signed(await self._secret.get(), NAME, birth, b"", key, int(now_s) + self._kept_s)
        return signed_cookies.set_cookie(NAME, value, path=path, max_age_s=self._kept_s, secure=secure)
