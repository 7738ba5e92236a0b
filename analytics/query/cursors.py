"""Cursors: where a page ended, and as of when its answer was counted.

A cursor belongs to one question of one workspace. It holds the moment of the first page and up to when scans were
counted, so the pages are of one answer although scans come in. It is a check, not a secret: one that was made up
pages the workspace's own answer.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Annotated

import msgspec

from analytics.query.filter_grammar import filters_json
from analytics.query.grammar import Query
from analytics.query.ordering import Row
from analytics.query.refusal import Refused

_CHECK_BYTES = 12


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """`last` is the last row that was shown, and `shown` how many there were."""

    digest: str
    now_ms: int
    complete_until_ms: int
    shown: Annotated[int, msgspec.Meta(ge=0)]
    last: Row


def digest(query: Query, workspace: int) -> str:
    """Of everything but the page."""
    asked = (
        workspace,
        msgspec.structs.replace(query, filters=(), limit=0, cursor=None),
        filters_json(query.filters),
    )
    return blake2b(msgspec.json.encode(asked), digest_size=9).hexdigest()


def write(cursor: Cursor) -> str:
    return seal(msgspec.json.encode(cursor))


def read(text: str, expected: str) -> Cursor:
    """Raises Refused."""
    body = unseal(text, "pagination.cursor")
    try:
        found = msgspec.json.decode(body, type=Cursor)
    except msgspec.DecodeError:
        # One of another list.
        raise belongs_elsewhere("pagination.cursor") from None
    if found.digest != expected:
        raise belongs_elsewhere("pagination.cursor")
    return found


def belongs_elsewhere(field: str) -> Refused:
    return Refused(field, "belongs to another question: ask the same one, or without a cursor")


def seal(body: bytes) -> str:
    """The text of a cursor."""
    return urlsafe_b64encode(_check(body) + body).rstrip(b"=").decode()


def unseal(text: str, field: str) -> bytes:
    """What was sealed. Raises Refused for anything else."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        body = data[_CHECK_BYTES:]
        if data[:_CHECK_BYTES] != _check(body):
            raise ValueError
    except ValueError:
        raise Refused(field, "is not what an answer gave as next_cursor") from None
    return body


def _check(body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECK_BYTES, person=b"waymark cursor").digest()
