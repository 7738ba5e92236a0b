"""The process that owns the warehouse: aggregator and API on one machine, or one of the two on its own.

`run` is for `up`'s core (both), `waymark aggregate` and `waymark api`. Whatever has the aggregator also
answers `waymark audit` and its like, on a unix socket in the data folder.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.trace import Tracer
from redis.asyncio import Redis
from starlette.types import ASGIApp

from aggregator.aggregator import Aggregator
from aggregator.erasure import Erasures
from analytics.query_pool import QueryPool
from api.app import keep_working
from codes.domain_rechecks import DomainRechecks
from codes.redis_client import connect
from codes.sweep import sweep_until
from infra.exposition import MetricsCollector, registry
from infra.warehouse import Warehouse
from ingest import depth
from ingest.reader import sources
from redirect.connection_limits import ConnectionLimits
from waymark import tracing
from waymark.admin_socket import AdminSocket
from waymark.data_dir import DataDir
from waymark.errors import UserError
from waymark.http_server import serve
from waymark.net import unix_socket
from waymark.settings import Settings
from waymark.startup_checks import Prepared, prepare, warehouse_of
from waymark.status import keep_watched, status_app
from waymark.wiring import room_settings
from waymark.wiring.aggregator import aggregator_of, readiness_of, readings, stored_up_to
from waymark.wiring.api import api_app

log = logging.getLogger(__name__)

# How long the core goes on after redirectors have closed their journals, to store what is in them.
DRAIN_S = 15.0
# Without any progress for so long there is nothing to wait for: the warehouse is away, or an owner lives.
STUCK_S = 3.0
PREPARED_WITHIN_S = 5.0


async def run(
    settings: Settings,
    api_sockets: list[socket.socket],
    status_sockets: list[socket.socket],
    stop: asyncio.Event,
    *,
    aggregate: bool,
    redirectors: Sequence[Path] = (),
) -> int:
    """Until `stop`. `redirectors`: where those of this machine answer about themselves. When a part ends by a defect, 1
    is returned, and whoever supervises starts the process again: nothing is lost by that. 2 means that an engine must
    not be used as it is."""
    redis = connect(room_settings.redis_url(settings))
    warehouse = warehouse_of(settings)
    # Two threads of one workspace, and one more for whoever else asks.
    questions = QueryPool(warehouse, 3, own_threads=2)
    service = "core" if aggregate and api_sockets else "aggregate" if aggregate else "api"
    given = (settings, redis, warehouse, questions)
    try:
        with tracing.tracer(service) as tracer:
            await _run(*given, tracer, api_sockets, status_sockets, stop, aggregate=aggregate, redirectors=redirectors)
    except ExceptionGroup as group:
        trouble = group.subgroup(UserError)
        if trouble is not None:
            log.error("%s", "; ".join(map(str, trouble.exceptions)))
            return 2
        log.error("ending after a defect", exc_info=group)
        return 1
    finally:
        await questions.close()
        await redis.aclose()
    return 0


async def _run(
    settings: Settings,
    redis: Redis,
    warehouse: Warehouse,
    questions: QueryPool,
    tracer: Tracer | None,
    api_sockets: list[socket.socket],
    status_sockets: list[socket.socket],
    stop: asyncio.Event,
    *,
    aggregate: bool,
    redirectors: Sequence[Path],
) -> None:
    shown = registry()
    prepared = Prepared()
    moving = aggregator_of(settings, warehouse, tracer) if aggregate else None
    readiness = readiness_of(moving) if moving is not None else {}
    waiting = depth.Depth()
    if moving is not None:
        shown.register(MetricsCollector(lambda: readings(moving)))
        if settings.kafka_bootstrap is None:
            shown.register(MetricsCollector(lambda: depth.readings(waiting, settings.journal_max)))
    # What serves the public stops first; what carries scans on stops last.
    moved = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        background = [
            tasks.create_task(_prepare(settings, warehouse, redis, prepared, stop)),
            tasks.create_task(sweep_until(redis, stop)),
        ]
        public, inner = [], []
        if api_sockets:
            shown.register(MetricsCollector(questions.metrics))
            app = api_app(settings, redis, questions, shown, readiness, tracer)
            readiness = app.state.context.readiness
            public.append(tasks.create_task(keep_working(app.state.context, stop)))
            rechecks = DomainRechecks(app.state.context.domains, every_ms=settings.domain_check * 1000)
            shown.register(MetricsCollector(rechecks.metrics))
            background.append(tasks.create_task(rechecks.run(stop)))
            limits = room_settings.connection_limits(settings)
            public.append(tasks.create_task(_serve_prepared(app, api_sockets, prepared, stop, limits)))
        if moving is not None:
            admin = AdminSocket(settings, warehouse, moving, prepared)
            listener = unix_socket(DataDir(settings.data).core_socket)
            inner.append(tasks.create_task(serve(admin.app, [listener], moved)))
            inner.append(tasks.create_task(_move(moving, prepared, moved)))
            erasures = Erasures(redis, moving.between, lambda: time.time_ns() // 1_000_000)
            background.append(tasks.create_task(_erase(erasures, prepared, stop)))
            if settings.kafka_bootstrap is None:
                measuring = depth.keep_measured(settings.journal_folder, waiting, stop, stored_up_to(moving))
                background.append(tasks.create_task(measuring))
        if status_sockets:
            status = status_app(shown, readiness, redirectors)
            inner.append(tasks.create_task(serve(status, status_sockets, moved)))
        background.append(tasks.create_task(keep_watched(readiness, stop)))
        await stop.wait()
        await asyncio.gather(*public)
        if moving is not None and settings.kafka_bootstrap is None and prepared.tables.is_set():
            await _drained(settings, moving)
        moved.set()
        await asyncio.gather(*inner)
        # (Each looks at `stop` itself; what is under way in the warehouse is not cut short.)
        for task in background:
            task.cancel()


async def _prepare(
    settings: Settings, warehouse: Warehouse, redis: Redis, prepared: Prepared, stop: asyncio.Event
) -> None:
    """All end when an engine must not be used, also who has just swallowed that it was cancelled."""
    try:
        await prepare(settings, warehouse, redis, prepared)
    except UserError:
        stop.set()
        raise


async def _serve_prepared(
    app: ASGIApp, sockets: list[socket.socket], prepared: Prepared, stop: asyncio.Event, limits: ConnectionLimits
) -> None:
    """Callers wait in the sockets' queues while tables are looked after, which takes a moment; a warehouse that is
    away is not waited for, since codes can be edited without it."""
    await _either(prepared.tables, stop, PREPARED_WITHIN_S)
    await serve(app, sockets, stop, limits)


async def _either(one: asyncio.Event, other: asyncio.Event, within_s: float | None = None) -> None:
    waiting = {asyncio.ensure_future(one.wait()), asyncio.ensure_future(other.wait())}
    await asyncio.wait(waiting, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    for future in waiting:
        future.cancel()


async def _move(moving: Aggregator, prepared: Prepared, stop: asyncio.Event) -> None:
    """The aggregator, once there are tables."""
    await _either(prepared.tables, stop)
    if not stop.is_set():
        await moving.run(stop)


async def _erase(erasures: Erasures, prepared: Prepared, stop: asyncio.Event) -> None:
    await _either(prepared.tables, stop)
    await erasures.run(stop)


async def _drained(settings: Settings, moving: Aggregator) -> None:
    """Waits until no journal is left: all are closed, stored and deleted. Not for ever: a journal that stays
    is read on at the next start."""
    began = changed = time.monotonic()
    seen: object = None
    while time.monotonic() - began < DRAIN_S and time.monotonic() - changed < STUCK_S:
        if not sources(settings.journal_folder):
            return
        now = moving.status()
        if now != seen:
            seen, changed = now, time.monotonic()
        await asyncio.sleep(0.05)
    log.warning("%d journals are left for the next start", len(sources(settings.journal_folder)))
