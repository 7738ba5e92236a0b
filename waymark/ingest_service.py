"""`waymark ingest`: ship this machine's journals to Kafka, with a status port."""

import asyncio
import logging
import socket
from collections.abc import Mapping

from api.context import Ready
from infra.exposition import Reading, registry
from ingest import backlog
from ingest.shipper import ShipSettings, ShipStatus, ship
from waymark.http_server import serve
from waymark.settings import Settings
from waymark.status import keep_watched, status_app
from waymark.surroundings import Surroundings, certificates, folders
from waymark.wiring import kafka, room_settings

log = logging.getLogger(__name__)


# When it stops, journals of redirectors that have ended are shipped for so long: where their disk goes with the pod,
# nobody could do it later. Less than a supervisor waits.
DRAIN_S = 8.0
# Without progress, for example because Kafka is away, it is shorter.
STUCK_S = 2.0


async def run(settings: Settings, status_sockets: list[socket.socket], stop: asyncio.Event) -> int:
    status = ShipStatus()
    drained = asyncio.Event()
    shipping = ShipSettings(
        journal=settings.journal_folder,
        bootstrap=room_settings.kafka(settings),
        topic=settings.kafka_topic,
        keep_s=settings.shipped_keep,
        keep_bytes=settings.journal_max // 4,
        security=kafka.options(settings),
    )
    waiting = backlog.Backlog()

    async def connected() -> str | None:
        # (Why, with addresses, is in the log.)
        return None if status.connected else "Kafka does not answer" if status.outages else "not connected yet"

    async def shippable() -> str | None:
        return f"{len(status.troubles)} journals cannot be shipped; the log says why" if status.troubles else None

    around = Surroundings(folders(settings, data=False, journals=True), certificates(settings))
    shown = registry(lambda: readings(status), lambda: backlog.readings(waiting, settings.journal_max), around.readings)
    parts: Mapping[str, Ready] = {"kafka": connected, "journals": shippable}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ship(shipping, drained, status))
        tasks.create_task(_drain(settings, status, stop, drained))
        tasks.create_task(keep_watched(parts, stop, saw=around.saw))
        tasks.create_task(backlog.keep_measured(settings.journal_folder, waiting, stop))
        if status_sockets:
            app = status_app(shown, parts)
            tasks.create_task(serve(app, status_sockets, stop))
    return 0


async def _drain(settings: Settings, status: ShipStatus, stop: asyncio.Event, drained: asyncio.Event) -> None:
    await stop.wait()
    clock = asyncio.get_running_loop().time
    began = changed = clock()
    shipped = status.records
    while (left := await asyncio.to_thread(backlog.left_behind, settings.journal_folder)) and clock() - began < DRAIN_S:
        if status.records > shipped:
            shipped, changed = status.records, clock()
        if clock() - changed >= STUCK_S:
            break
        await asyncio.sleep(0.05)
    if left:
        log.warning("%d journals are left for the next start", left)
    drained.set()


def readings(status: ShipStatus) -> Mapping[str, Reading]:
    return {
        "waymark_ingest_records_total": status.records,
        "waymark_ingest_shipped_bytes_total": status.bytes,
        "waymark_ingest_outages_total": status.outages,
        "waymark_ingest_record_events": status.record_events,
        "waymark_ingest_ship_lag_seconds": status.lag_seconds,
        "waymark_ingest_stuck_journals": len(status.troubles),
        "waymark_ingest_connected": status.connected,
    }
