"""The aggregator on the bus and warehouse that the settings name, and what it shows of itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from clickhouse_connect.driver.client import Client
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator.bus import Bus
from aggregator.journal_bus import JournalBus
from aggregator.loop import Aggregator, uptime
from api.context import Ready
from schemas.warehouse import Warehouse
from waymark import rooms
from waymark.settings import Settings


def aggregator_of(settings: Settings, warehouse: Warehouse) -> Aggregator:
    def connect() -> Client:
        return warehouse.connect(max_threads=1)

    return Aggregator(_bus(settings), connect)


def _bus(settings: Settings) -> Bus:
    if settings.kafka_bootstrap is None:
        return JournalBus(settings.journal_folder, rooms.intents(settings), uptime)
    # Loaded here: one machine has no use for it.
    from aggregator.kafka_bus import KafkaBus

    return KafkaBus(settings.kafka_bootstrap, settings.kafka_topic, settings.kafka_group, uptime)


def readiness_of(moving: Aggregator) -> Mapping[str, Ready]:
    async def following() -> str | None:
        status = moving.status()
        if status["alarms"]:
            return f"{status['alarms']} partitions are stopped; `waymark status` says why"
        return str(status["trouble"]) or None

    return {"aggregator": following}


class AggregatorMetrics(Collector):
    """For /metrics: read when it is asked for, so the loop counts nothing twice."""

    def __init__(self, moving: Aggregator) -> None:
        self._moving = moving

    def collect(self) -> Iterator[Metric]:
        status: Mapping[str, Any] = self._moving.status()
        yield CounterMetricFamily(
            "waymark_aggregator_inserted_events", "Events stored since the start.", value=status["inserted"]
        )
        yield CounterMetricFamily(
            "waymark_aggregator_dropped_events",
            "Events that came again and were left out, since the start.",
            value=status["dropped"],
        )
        yield GaugeMetricFamily(
            "waymark_aggregator_lag_events", "Events on the bus, not read yet.", value=status["lag"]
        )
        yield GaugeMetricFamily(
            "waymark_aggregator_stopped_partitions",
            "Partitions that wait for a person. More than 0 is an alarm.",
            value=status["alarms"],
        )
