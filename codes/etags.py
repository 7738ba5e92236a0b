"""ETags of codes and brandings, for optimistic concurrency with If-Match."""

from collections.abc import Collection
from hashlib import blake2b

import msgspec

from codes.errors import Stale
from schemas.branding import Branding
from schemas.code import Code, StaticCode

_encoder = msgspec.json.Encoder()


def etag_of(code: Code | StaticCode | Branding) -> str:
    """Return the etag of a code or a branding: it changes with every change that is stored."""
    return blake2b(_encoder.encode(code), digest_size=12).hexdigest()


def check(code: Code | StaticCode, match: Collection[str] | None) -> None:
    """Raise Stale unless the code has one of these etags; None matches any."""
    if match is not None and etag_of(code) not in match:
        raise Stale(code.id)
