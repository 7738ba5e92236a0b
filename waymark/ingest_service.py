"""`waymark ingest`: ships this machine's journals to Kafka, and says how it is."""

import asyncio
import socket
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.ship import ShipSettings, ShipStatus, ship
from waymark import rooms
from waymark.serving import serve
from waymark.settings import Settings
from waymark.status_app import status_app


async def run(settings: Settings, status_sockets: list[socket.socket], stop: asyncio.Event) -> int:
    status = ShipStatus()
    shipping = ShipSettings(
        journal=settings.journal_folder, bootstrap=rooms.kafka(settings), topic=settings.kafka_topic
    )
    registry = CollectorRegistry()
    registry.register(ShipMetrics(status))

    async def connected() -> str | None:
        return None if status.connected else status.error or "not connected yet"

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ship(shipping, stop, status))
        if status_sockets:
            tasks.create_task(serve(status_app(registry, {"kafka": connected}), status_sockets, stop))
    return 0


class ShipMetrics(Collector):
    def __init__(self, status: ShipStatus) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        status = self._status
        yield CounterMetricFamily("waymark_ingest_records", "Records acknowledged by Kafka.", value=status.records)
        yield CounterMetricFamily("waymark_ingest_bytes", "Bytes acknowledged by Kafka.", value=status.bytes)
        yield CounterMetricFamily("waymark_ingest_outages", "Sessions with Kafka that failed.", value=status.outages)
        yield GaugeMetricFamily("waymark_ingest_journals", "Journals not shipped whole.", value=status.journals)
        yield GaugeMetricFamily(
            "waymark_ingest_journal_bytes", "What the journals take on disk.", value=status.journal_bytes
        )
        yield GaugeMetricFamily("waymark_ingest_connected", "1 while Kafka answers.", value=int(status.connected))
