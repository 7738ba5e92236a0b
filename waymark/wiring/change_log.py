"""The change log of this deployment: in Kafka, or without it in the data folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from redis.asyncio import Redis

from codes.change_log.file import FileLog, has_records
from codes.change_log.recorder import Log, Recorder
from codes.redis_client import connect, record_writes
from waymark.data_dir import DataDir
from waymark.settings import Settings


def topic_of(settings: Settings) -> str:
    return f"{settings.kafka_topic}-changes"


def log_of(settings: Settings) -> Log | None:
    """None where there is none: it is off, or this machine has neither Kafka nor a data folder."""
    if settings.changes == "off":
        return None
    if settings.kafka_bootstrap is not None:
        return _kafka_log(settings, settings.kafka_bootstrap)
    return FileLog(DataDir(settings.data).changes) if settings.data.is_dir() else None


def _kafka_log(settings: Settings, bootstrap: str) -> Log:
    # (Where there is no Kafka its client is not loaded.)
    from codes.change_log.kafka import KafkaLog
    from ingest import kafka_topic
    from waymark.wiring.kafka import options

    security = options(settings)
    kept = {"cleanup.policy": "compact", "min.compaction.lag.ms": str(settings.changes_kept * 1000)}
    topic = topic_of(settings)
    ensure = partial(kafka_topic.ensure, bootstrap, topic, 1, security=security, settings=kept)
    return KafkaLog(bootstrap, topic, ensure, options=security)


async def records_in(settings: Settings) -> str | None:
    """Where there are records of codes; None if there are none. Raises Unavailable."""
    if settings.kafka_bootstrap is None:
        changes = DataDir(settings.data).changes
        return f"the change log {changes}" if has_records(changes) else None
    if settings.changes == "off":
        return None
    from codes.change_log.kafka import has_lines
    from waymark.wiring.kafka import options

    topic = topic_of(settings)
    found = await has_lines(settings.kafka_bootstrap, topic, options=options(settings))
    return f"the topic {topic}" if found else None


def recorder_of(settings: Settings, redis: Redis) -> Recorder | None:
    """Record every write of this client from now on."""
    log = log_of(settings)
    if log is None:
        return None
    recorder = Recorder(redis, log)
    record_writes(redis, recorder)
    return recorder


@asynccontextmanager
async def recorded(settings: Settings, url: str, *, identified: bool = False) -> AsyncIterator[Redis]:
    """A client whose writes are in the change log before they return. `identified`: as for `connect`."""
    redis = connect(url, identified=identified)
    recorder = recorder_of(settings, redis)
    try:
        yield redis
    finally:
        if recorder is not None:
            await recorder.close()
        await redis.aclose()
