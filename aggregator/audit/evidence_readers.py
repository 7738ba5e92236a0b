"""Read the audit's evidence: this machine's journals, the register beside them, and what Redis has on record.

All raise Unreachable when their source does not answer.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import redis

from aggregator.audit.evidence import Account, Copy, JournalHead, Unreachable
from infra import redis_blocking
from ingest import register
from ingest.reader import Broken, SourceReader, sources
from schemas import keys
from schemas.register import SourceEntry, decode_entry

# An entry that cannot be read is being written just now, or is damaged; this long after it is damaged.
WRITTEN_WITHIN_S = 0.05


def heads(journals: Path) -> Iterator[JournalHead]:
    """Each journal's head, read when it is asked for. One that is stored and deleted meanwhile is closed."""
    for source in sources(journals):
        reader = SourceReader(journals / str(source))
        try:
            reader.check()
            yield JournalHead(source, reader.head(), tuple(reader.refused()))
        except Broken as error:
            yield JournalHead(source, 0, (), str(error))
        except (FileNotFoundError, IndexError):
            continue
        finally:
            reader.close()


def registered(journals: Path) -> Iterator[Account]:
    """The register in files. Raises Unreachable after the others when an entry cannot be read."""
    unreadable = []
    for source in register.sources(journals):
        try:
            entry = register.read(journals, source)
            if entry is None:
                time.sleep(WRITTEN_WITHIN_S)
                entry = register.read(journals, source)
        except OSError as error:
            raise Unreachable(f"register beside the journals: {error}") from error
        if entry is None:
            unreadable.append(source)
        else:
            yield account("the journals' register", entry)
    if unreadable:
        raise Unreachable(f"register beside the journals: what it says of {', '.join(map(str, unreadable))} is damaged")


def account(copy: Copy, entry: SourceEntry) -> Account:
    closed = entry.state == "closed"
    return Account(copy, entry.source, entry.last_seq, entry.refused, entry.digest, closed, entry.at_ms)


# How long one command may take before Redis counts as away.
ANSWER_S = 5.0
_CHUNK = 1000


class Records:
    """What Redis has on record. Its methods raise Unreachable."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url

    def sources(self) -> list[Account]:
        """Its copy of the register."""
        with reached(self._url, "register") as server:
            found = server.hscan_iter(keys.SOURCES, count=500)
            return [account("Redis", decode_entry(raw)) for _, raw in found]

    def deleted(self, codes: Collection[int]) -> set[int]:
        """Which of the codes have a deletion on record."""
        wanted = sorted(codes)
        found = set()
        with reached(self._url, "deletions") as server:
            for at in range(0, len(wanted), _CHUNK):
                chunk = wanted[at : at + _CHUNK]
                answers = server.hmget(keys.ERASURES, [str(code) for code in chunk])
                found |= {code for code, answer in zip(chunk, answers, strict=True) if answer is not None}
        return found


@contextmanager
def reached(redis_url: str, what: str) -> Iterator[redis.Redis]:
    """Redis, for a few questions. Raises Unreachable when it does not answer, or with what cannot be read."""
    try:
        with redis_blocking.connect(redis_url, ANSWER_S) as server:
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
