"""Positions of the feed as clients see them: sealed, since what is inside (how far each redirector has counted) tells
about every workspace. Whoever changes a character is refused. The same position reads the same each time."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from analytics import feed_position
from analytics.feed_position import Position, Unreadable

# Of a position with hundreds of redirectors.
LONGEST = 8192
_TEXT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class Seal:
    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(secret)

    def write(self, position: Position) -> str:
        sealed = self._cipher.encrypt(feed_position.encode(position), None)
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def read(self, text: str) -> Position:
        """Raises Unreadable."""
        if len(text) > LONGEST or not _TEXT.fullmatch(text):
            raise Unreadable("it is no position")
        try:
            return feed_position.decode(self._cipher.decrypt(urlsafe_b64decode(text + "=" * (-len(text) % 4)), None))
        except (ValueError, InvalidTag) as error:
            raise Unreadable("it is no position of this service") from error
