"""The audit of this machine: the warehouse's tables, held against the journals at hand and what Redis has on record."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path

import redis
from clickhouse_connect.driver.client import Client
from redis.backoff import NoBackoff
from redis.retry import Retry

from aggregator.audit import Report, audit
from aggregator.audit_evidence import Evidence, JournalHead, StoppedPartition, Unreachable
from aggregator.looks import Look
from aggregator.progress import Progress
from ingest.reader import SourceReader, sources
from schemas import keys

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


def deleted(redis_url: str, codes: Collection[int]) -> set[int]:
    """Which of the codes have a deletion on record. Raises Unreachable."""
    wanted = sorted(codes)
    try:
        with redis.Redis.from_url(
            redis_url,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            retry=Retry(NoBackoff(), 0),
        ) as server:
            found = set()
            for at in range(0, len(wanted), _CHUNK):
                chunk = wanted[at : at + _CHUNK]
                answers = server.hmget(keys.ERASURES, [str(code) for code in chunk])
                found |= {code for code, answer in zip(chunk, answers, strict=True) if answer is not None}
            return found
    except (redis.RedisError, OSError) as error:
        raise Unreachable(f"deletions: Redis does not answer ({error})") from error


def evidence_of(journals: Path, redis_url: str, stopped: Stopped | None = None) -> Evidence:
    return Evidence(partial(heads, journals), partial(deleted, redis_url), stopped)


def evidence_without_redis(journals: Path, reason: str) -> Evidence:
    def nobody(_: Collection[int]) -> set[int]:
        raise Unreachable(f"deletions: {reason}")

    return Evidence(partial(heads, journals), nobody)


def audit_machine(client: Client, evidence: Evidence, progress: Progress, alone: Look | None = None) -> Report:
    return audit(client, evidence, progress, alone=alone)
