"""Build the aggregator from the settings, with its readiness and metrics."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from clickhouse_connect.driver.client import Client
from opentelemetry.trace import Tracer

from aggregator.audit_evidence import StoppedPartition
from aggregator.bus import Bus
from aggregator.journal_bus import JournalBus
from aggregator.loop import Aggregator, uptime
from aggregator.store import CONSISTENT
from api.context import Ready
from infra.exposition import Reading
from infra.warehouse import Warehouse
from ingest.depth import Following
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

    return KafkaBus(settings.kafka_bootstrap, settings.kafka_topic, settings.kafka_group, uptime)


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
        waiting = sum(lane.state == "retrying" for lane in moving.lanes.values())
        return f"{waiting} partitions wait for the bus or the warehouse" if waiting else None

    return {"aggregator": following}


def stopped_partitions(moving: Aggregator) -> tuple[int, list[StoppedPartition]]:
    """How many partitions there are here, and those that wait for a person. May be asked from another thread."""
    lanes = list(moving.lanes.values())
    stopped = [
        StoppedPartition(lane.partition.place.partition, lane.reason) for lane in lanes if lane.state == "stopped"
    ]
    return len(lanes), sorted(stopped, key=lambda one: one.partition)


def stored_up_to(moving: Aggregator) -> Following:
    """On one machine an offset is a journal's, and what is stored is taken over. Asked from another thread."""

    def following(folder: Path) -> int:
        lanes = [lane for lane in list(moving.lanes.values()) if lane.partition.place.partition == int(folder.name)]
        return max((lane.position for lane in lanes), default=0)

    return following


def readings(moving: Aggregator) -> Mapping[str, Reading]:
    """For /metrics."""
    tally = moving.tally()
    states = Counter(lane.state for lane in moving.lanes.values())
    return {
        "waymark_aggregator_inserted_events_total": tally.inserted,
        "waymark_aggregator_dropped_events_total": tally.dropped,
        "waymark_aggregator_settled_batches_total": tally.settled,
        "waymark_aggregator_batch_events": tally.batch_events,
        "waymark_aggregator_insert_seconds": tally.insert_seconds,
        "waymark_aggregator_scan_age_seconds": tally.scan_age_seconds,
        "waymark_aggregator_dead_letters": tally.dead_letters,
        "waymark_aggregator_lag_events": sum(lane.lag or 0 for lane in moving.lanes.values()),
        "waymark_aggregator_partitions": states.total() - states["ended"] - states["left"],
        "waymark_aggregator_waiting_partitions": states["recovering"] + states["retrying"],
        "waymark_aggregator_stopped_partitions": states["stopped"],
        "waymark_warehouse_free_bytes": moving.space.free or 0,
        "waymark_warehouse_short_of_room": moving.space.short,
        "waymark_warehouse_broken_parts": moving.space.broken,
    }
