"""Build the aggregator from the settings, with its readiness and metrics."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from clickhouse_connect.driver.client import Client
from opentelemetry.trace import Tracer
from redis.asyncio import Redis

from aggregator.aggregator import Aggregator, uptime
from aggregator.audit.background import BackgroundAudit
from aggregator.audit.complete_until import CompleteUntilKeeper, Look
from aggregator.audit.evidence import Evidence, StoppedPartition
from aggregator.audit.evidence_readers import Records
from aggregator.audit.heartbeats import Heartbeats
from aggregator.audit.proof_sharing import ProofSharing
from aggregator.audit.rechecks import Recheck, after_pause, between_batches, on_client
from aggregator.audit.unstored_journals import Stored, UnstoredJournals
from aggregator.bus import Bus
from aggregator.journal_bus import JournalBus
from aggregator.queries import CONSISTENT
from aggregator.retrying import State
from api.context import Ready
from codes.change_log.keeper import ChangeLogKeeper
from infra.disks import Room
from infra.exposition import Reading
from infra.warehouse import Warehouse
from ingest.backlog import Following
from ingest.journal_files import wall_ms
from schemas.proof import judge
from waymark.data_dir import DataDir
from waymark.machine_audit import evidence_of
from waymark.settings import Settings
from waymark.wiring import room_settings


def aggregator_of(settings: Settings, warehouse: Warehouse, tracer: Tracer | None = None) -> Aggregator:
    def connect() -> Client:
        return warehouse.connect(max_threads=1, **CONSISTENT)

    return Aggregator(_bus(settings), connect, free_floor=settings.warehouse_free, tracer=tracer)


def _bus(settings: Settings) -> Bus:
    if settings.kafka_bootstrap is None:
        return JournalBus(settings.journal_folder, room_settings.intents(settings), uptime)
    # Loaded here: one machine has no use for it.
    from aggregator.kafka_bus import KafkaBus
    from waymark.wiring import kafka

    return KafkaBus(
        settings.kafka_bootstrap,
        settings.kafka_topic,
        settings.kafka_group,
        uptime,
        security=kafka.options(settings),
    )


def readiness_of(moving: Aggregator) -> Mapping[str, Ready]:
    async def following() -> str | None:
        status = moving.status()
        if status["alarms"]:
            return f"{status['alarms']} partitions are stopped; `waymark status` says why"
        # (What it is, with addresses, is in the log.)
        if status["trouble"]:
            return "the bus does not answer"
        if moving.space.short:
            return "the warehouse's disk is nearly full: scans wait where they are"
        waiting = sum(worker.state == State.RETRYING for worker in moving.workers.values())
        return f"{waiting} partitions wait for the bus or the warehouse" if waiting else None

    return {"aggregator": following}


def stopped_partitions(moving: Aggregator) -> tuple[int, list[StoppedPartition]]:
    """How many partitions there are here, and those that wait for a person. May be asked from another thread."""
    workers = list(moving.workers.values())
    stopped = [worker for worker in workers if worker.state == State.STOPPED]
    told = [StoppedPartition(worker.partition.id.number, worker.reason) for worker in stopped]
    return len(workers), sorted(told, key=lambda one: one.partition)


def stored_up_to(moving: Aggregator) -> Following:
    """On one machine an offset is a journal's, and what is stored is taken over. Asked from another thread."""

    def following(folder: Path) -> int:
        workers = [worker for worker in list(moving.workers.values()) if worker.partition.id.number == int(folder.name)]
        return max((worker.position for worker in workers), default=0)

    return following


def complete_until_of(
    settings: Settings, warehouse: Warehouse, moving: Aggregator, redis: Redis
) -> CompleteUntilKeeper:
    """Published where an API may be another process: beside an embedded warehouse there is none."""
    look: Look
    if settings.kafka_bootstrap is None:
        look = UnstoredJournals(settings.journal_folder, stored_of(moving), wall_ms)
    else:
        look = Heartbeats(room_settings.redis_url(settings), lambda: warehouse.connect(max_threads=1), wall_ms)
    return CompleteUntilKeeper(look, wall_ms, None if settings.clickhouse_url is None else redis)


def background_audit_of(settings: Settings, warehouse: Warehouse, moving: Aggregator) -> BackgroundAudit:
    """Call it in the event loop of the aggregator."""
    loop = asyncio.get_running_loop()
    redis_url = room_settings.redis_url(settings)

    def evidence() -> Evidence:
        return evidence_of(settings, Records(redis_url), partial(stopped_partitions, moving))

    def rechecks(client: Client) -> list[Recheck]:
        alone = between_batches(moving.between, loop, client)
        return [after_pause(time.sleep, 0.5, on_client(client)), after_pause(time.sleep, 1.0, alone)]

    shared = settings.clickhouse_url is not None
    sharing = ProofSharing(redis_url, secrets.token_hex(8)) if shared else None
    return BackgroundAudit(
        partial(warehouse.connect, max_threads=1, **CONSISTENT),
        evidence,
        rechecks,
        DataDir(settings.data).proof,
        wall_ms,
        time.monotonic,
        sharing,
    )


def proven(
    complete: CompleteUntilKeeper, auditing: BackgroundAudit, keeper: ChangeLogKeeper | None
) -> Mapping[str, object]:
    """For `waymark status`: all of it, as only an operator sees it."""
    judgement = judge(auditing.latest, wall_ms())
    return {
        "complete_until": complete.latest,
        "proof": {"verdict": judgement.verdict, "reasons": judgement.reasons, "round": auditing.latest},
        "change_log": None if keeper is None else keeper.status(),
    }


def stored_of(moving: Aggregator) -> Stored:
    def stored(source: int) -> tuple[int, str]:
        found = (0, "")
        for worker in list(moving.workers.values()):
            if worker.partition.id.number == source and worker.position >= found[0]:
                found = (worker.position, worker.reason if worker.state in (State.RETRYING, State.STOPPED) else "")
        return found

    return stored


def room_of(moving: Aggregator) -> Room | None:
    """On the warehouse's disk, at the last look."""
    return None if moving.space.free is None else Room(moving.space.free, moving.space.size)


def readings(moving: Aggregator) -> Mapping[str, Reading]:
    """For /metrics."""
    metrics = moving.metrics()
    states = Counter(worker.state for worker in moving.workers.values())
    return {
        "waymark_aggregator_inserted_events_total": metrics.inserted,
        "waymark_aggregator_dropped_events_total": metrics.dropped,
        "waymark_aggregator_settled_batches_total": metrics.settled,
        "waymark_aggregator_batch_events": metrics.batch_events,
        "waymark_aggregator_insert_seconds": metrics.insert_seconds,
        "waymark_aggregator_scan_age_seconds": metrics.scan_age_seconds,
        "waymark_aggregator_dead_letters": metrics.dead_letters,
        "waymark_aggregator_lag_events": sum(worker.lag or 0 for worker in moving.workers.values()),
        "waymark_aggregator_partitions": states.total() - states[State.ENDED] - states[State.LEFT],
        "waymark_aggregator_waiting_partitions": states[State.RECOVERING] + states[State.RETRYING],
        "waymark_aggregator_stopped_partitions": states[State.STOPPED],
        "waymark_warehouse_short_of_room": moving.space.short,
        "waymark_warehouse_broken_parts": moving.space.broken,
    }
