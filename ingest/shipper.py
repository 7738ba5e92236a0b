"""`waymark ingest`: ship every journal of a machine to Kafka, for ever.

A session is one connection: topic, producer, a task per journal. When Kafka fails for longer than aiokafka's own
retries, the session ends and another begins after a pause. Nothing is lost: each journal continues from its last
acknowledged record, and a record of unknown outcome goes out again before anything newer. It may then be on the bus
twice; the aggregator drops duplicates by seq.
"""

import asyncio
import fcntl
import logging
import os
import time
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, MessageSizeTooLargeError, RecordTooLargeError

from infra.exposition import Histogram
from ingest.journal_files import disk_use, sources
from ingest.journal_shipper import Bus, pause, ship_journal
from ingest.kafka_topic import ensure
from ingest.leader_epoch import Leaders

log = logging.getLogger(__name__)

LOOK_S = 0.25
FIRST_BACKOFF_S = 0.2
LAST_BACKOFF_S = 5.0


class ShipSettings(msgspec.Struct, frozen=True):
    """`timeout_ms` is how long a record may stay unanswered. `security` is passed to aiokafka (security_protocol,
    sasl_mechanism, ...)."""

    journal: Path
    bootstrap: str
    topic: str = "scans"
    partitions: int = 3
    timeout_ms: int = 10_000
    # How long to keep what Kafka has acknowledged, while the machine's journals use no more than this.
    keep_s: float = 0.0
    keep_bytes: int = 512 << 20
    security: dict[str, Any] = {}


class ShipStatus(msgspec.Struct):
    """The state that /readyz and /metrics show, updated by `ship`. `error`: why there is no connection. `troubles`:
    source → why this journal stands still while others are shipped."""

    connected: bool = False
    records: int = 0
    bytes: int = 0
    record_events: Histogram = msgspec.field(default_factory=lambda: Histogram("waymark_ingest_record_events"))
    lag_seconds: Histogram = msgspec.field(default_factory=lambda: Histogram("waymark_ingest_ship_lag_seconds"))
    journals: int = 0
    journal_bytes: int = 0
    outages: int = 0
    error: str = ""
    troubles: dict[str, str] = {}


async def ship(settings: ShipSettings, stop: asyncio.Event, status: ShipStatus | None = None) -> None:
    """Ship until `stop` is set. One process per machine ships at a time; another waits for it to end."""
    status = status or ShipStatus()
    lock = await _alone(settings.journal, stop)
    try:
        backoff, away = FIRST_BACKOFF_S, False
        while not stop.is_set():
            before = status.records
            try:
                await _session(settings, stop, status)
            except* (KafkaError, OSError) as group:
                # (TimeoutError is an OSError.)
                status.outages += 1
                status.error = "; ".join(sorted({repr(error) for error in _leaves(group)}))
                if not away:
                    log.warning("Kafka is away; the journals grow meanwhile: %s", status.error)
                away = True
            if status.records > before:
                away = False
            backoff = FIRST_BACKOFF_S if status.records > before else min(2 * backoff, LAST_BACKOFF_S)
            await pause(stop, backoff)
    finally:
        os.close(lock)


async def _alone(journals: Path, stop: asyncio.Event) -> int:
    journals.mkdir(parents=True, exist_ok=True)
    lock = os.open(journals / "ship.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    told = False
    while not stop.is_set():
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if not told:
                log.warning("another process ships %s: waiting for its end", journals)
                told = True
            await pause(stop, LOOK_S)
    return lock


async def _session(settings: ShipSettings, stop: asyncio.Event, status: ShipStatus) -> None:
    bus_id = await ensure(settings.bootstrap, settings.topic, settings.partitions, security=settings.security)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap,
        acks="all",
        linger_ms=0,
        max_batch_size=900_000,
        max_request_size=1 << 20,
        request_timeout_ms=settings.timeout_ms,
        **settings.security,
    )
    try:
        await producer.start()
        partitions = len(await producer.partitions_for(settings.topic))

        async def send(key: bytes, value: bytes, partition: int) -> int:
            offset = await _send(producer, settings, key, value, partition, stop, status)
            status.records += 1
            status.bytes += len(value)
            _count(value, status)
            return offset

        lead = Leaders(producer.client, settings.topic)

        def keep_s() -> float:
            return settings.keep_s if status.journal_bytes <= settings.keep_bytes else 0.0

        status.connected, status.error = True, ""
        bus = Bus(bus_id, partitions, send, lead.epoch, lead.end, keep_s, status.troubles)
        await _ship_all(settings.journal, bus, stop, status)
    finally:
        status.connected = False
        # Waits for records under way, which have their own timeout.
        await producer.stop()


async def _send(
    producer: AIOKafkaProducer,
    settings: ShipSettings,
    key: bytes,
    value: bytes,
    partition: int,
    stop: asyncio.Event,
    status: ShipStatus,
) -> int:
    """Send a record; return its offset once all in-sync replicas have acknowledged it. Raises KafkaError."""
    while True:
        try:
            async with asyncio.timeout(3 * settings.timeout_ms / 1000):
                found = await producer.send_and_wait(settings.topic, value, key=key, partition=partition)
            return int(found.offset)
        except (MessageSizeTooLargeError, RecordTooLargeError) as error:
            # Only this journal waits, until the topic allows larger messages.
            log.error("a record of %d bytes of source %s is refused: %s", len(value), key.decode(), error)
            status.troubles[key.decode()] = repr(error)
            await pause(stop, LAST_BACKOFF_S)
            if stop.is_set():
                raise
        except OSError as error:
            # TimeoutError is an OSError. The journal's own files raise OSError too, but that is not Kafka's failure.
            raise KafkaConnectionError(repr(error)) from error


def _count(value: bytes, status: ShipStatus) -> None:
    """Count an acknowledged record."""
    status.record_events.add(value.count(b"\n"))
    begin = value.rfind(b"\n[") + 1
    if value[begin : begin + 1] == b"[":
        scanned_ms = int(value[begin:].split(b",", 3)[2])
        status.lag_seconds.add(max(0.0, time.time() - scanned_ms / 1000))


async def _ship_all(journals: Path, bus: Bus, stop: asyncio.Event, status: ShipStatus) -> None:
    """Run a task per journal, also for those that appear later."""
    running: dict[int, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as group:
        while not stop.is_set():
            there = sources(journals)
            for source in there:
                if source not in running or running[source].done():
                    running[source] = group.create_task(ship_journal(journals / str(source), bus, stop))
            running = {source: task for source, task in running.items() if source in there or not task.done()}
            status.journals = len(there)
            status.journal_bytes = disk_use(journals)
            await pause(stop, LOOK_S)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
