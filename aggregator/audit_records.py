"""What Redis has on record: how far each source has come, and which codes are deleted."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from aggregator.audit_evidence import Account, Unreachable
from aggregator.audit_journals import account
from schemas import keys
from schemas.register import decode_entry

# How long one command may take before Redis counts as away.
ANSWER_S = 5.0
_CHUNK = 1000


class Records:
    """What Redis has on record. Its methods raise Unreachable."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url

    def sources(self) -> list[Account]:
        """Its copy of the register."""
        with self._reached("register") as server:
            found = server.hscan_iter(keys.SOURCES, count=500)
            return [account("Redis", decode_entry(raw)) for _, raw in found]

    def deleted(self, codes: Collection[int]) -> set[int]:
        """Which of the codes have a deletion on record."""
        wanted = sorted(codes)
        found = set()
        with self._reached("deletions") as server:
            for at in range(0, len(wanted), _CHUNK):
                chunk = wanted[at : at + _CHUNK]
                answers = server.hmget(keys.ERASURES, [str(code) for code in chunk])
                found |= {code for code, answer in zip(chunk, answers, strict=True) if answer is not None}
        return found

    @contextmanager
    def _reached(self, what: str) -> Iterator[redis.Redis]:
        server = redis.Redis.from_url(
            self._url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S, retry=Retry(NoBackoff(), 0)
        )
        try:
            with server:
                yield server
        except (redis.RedisError, OSError, msgspec.DecodeError) as error:
            raise Unreachable(f"{what}: Redis does not answer ({error})") from error


class NoRecords:
    """In the place of `Records`, where there is no Redis."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def sources(self) -> list[Account]:
        raise Unreachable(f"register: {self._reason}")

    def deleted(self, codes: Collection[int]) -> set[int]:
        raise Unreachable(f"deletions: {self._reason}")
