"""The audit of this machine: the warehouse's tables, held against the journals at hand and what Redis has on record."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import redis
from clickhouse_connect.driver.client import Client
from redis.backoff import NoBackoff
from redis.retry import Retry

from aggregator.audit import Report, audit
from aggregator.audit_evidence import Account, Copy, Evidence, JournalHead, StoppedPartition, Unreachable
from aggregator.looks import Look
from aggregator.progress import Progress
from ingest.layout import wall_ms
from ingest.reader import SourceReader, sources
from schemas import keys
from schemas.register import SourceEntry, decode_entry
from waymark.settings import Settings

# How long one command may take before Redis counts as away.
ANSWER_S = 5.0
_CHUNK = 1000

Stopped = Callable[[], tuple[int, list[StoppedPartition]]]


def heads(journals: Path) -> Iterator[JournalHead]:
    """Each journal's head, read when it is asked for. One that is stored and deleted meanwhile is closed."""
    for source in sources(journals):
        reader = SourceReader(journals / str(source))
        try:
            yield JournalHead(source, reader.head(), tuple(reader.refused()))
        except (FileNotFoundError, IndexError):
            continue
        finally:
            reader.close()


class Records:
    """What Redis has on record. Its methods raise Unreachable."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url

    def sources(self) -> list[Account]:
        """Its copy of the register."""
        with self._reached("register") as server:
            found = server.hscan_iter(keys.SOURCES, count=500)
            return [_account("Redis", decode_entry(raw)) for _, raw in found]

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


def _account(copy: Copy, entry: SourceEntry) -> Account:
    return Account(
        copy, entry.source, entry.last_seq, entry.refused, entry.digest, entry.state == "closed", entry.at_ms
    )


def evidence_of(settings: Settings, records: Records | NoRecords, stopped: Stopped | None = None) -> Evidence:
    journals = settings.journal_folder
    return Evidence(
        journals=partial(heads, journals),
        registers=(records.sources,),
        elsewhere=settings.kafka_bootstrap is not None,
        silent_before_ms=wall_ms() - settings.silent_after * 1000,
        deleted=records.deleted,
        stopped=stopped,
    )


def audit_machine(client: Client, evidence: Evidence, progress: Progress, alone: Look | None = None) -> Report:
    return audit(client, evidence, progress, alone=alone)
