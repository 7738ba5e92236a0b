"""What a code is now, in a few characters: for those who change it only if nobody else has meanwhile."""

from collections.abc import Collection
from hashlib import blake2b

import msgspec

from codes.errors import Stale
from schemas.code import Code, StaticCode

_encoder = msgspec.json.Encoder()


def etag_of(code: Code | StaticCode) -> str:
    """The same for the same code, whoever asks; another one after any change that is kept."""
    return blake2b(_encoder.encode(code), digest_size=12).hexdigest()


def check(code: Code | StaticCode, match: Collection[str] | None) -> None:
    """Raises Stale when the code is none of those that the caller has seen; None for a caller who does not mind."""
    if match is not None and etag_of(code) not in match:
        raise Stale(code.id)
