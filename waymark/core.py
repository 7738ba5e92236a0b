"""The core: aggregator and API in one process, which owns the warehouse; or one of the two alone.

`run` serves the core of `up` (both), `waymark aggregate` and `waymark api`. With the aggregator comes the admin
socket in the data folder, which answers `waymark audit` and other commands.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from opentelemetry.trace import Tracer
from redis.asyncio import Redis
from starlette.types import ASGIApp

from aggregator.aggregator import Aggregator
from aggregator.erasure import Erasures
from aggregator.visitor_counts import VisitorCounts
from analytics.query_pool import QueryPool
from api.app import keep_working
from api.context import ApiContext, Ready
from api.exports import Exports
from api.published_proof import PublishedProof
from codes.change_log.keeper import ChangeLogKeeper, keep_none
from codes.change_log.recorder import Recorder
from codes.domain_rechecks import DomainRechecks
from codes.sweep import sweep_until
from infra import clock
from infra.exposition import MetricsCollector, registry
from infra.warehouse import Warehouse
from ingest import backlog
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
from waymark.surroundings import Surroundings, certificates, folders
from waymark.wiring import room_settings
from waymark.wiring.aggregator import (
    aggregator_of,
    background_audit_of,
    complete_until_of,
    proven,
    readiness_of,
    readings,
    room_of,
    stored_up_to,
)
from waymark.wiring.api import api_app
from waymark.wiring.change_log import recorder_of
from waymark.wiring.engines import engines_of, kafka_of
from waymark.wiring.webhooks import worker_of as webhook_worker_of

log = logging.getLogger(__name__)

# Time limit for storing the closed journals before the core stops.
DRAIN_S = 15.0
# Stop waiting after this long without progress: the warehouse is down, or a journal's owner still runs.
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
    """Run until `stop`, and return the exit status: 1 after a defect (the supervisor restarts the process, and nothing
    is lost), 2 if an engine must not be used. `redirectors` are the status sockets of this machine's redirectors."""
    redis = room_settings.redis_client(settings)
    recorder = recorder_of(settings, redis)
    warehouse = warehouse_of(settings)
    # At most three threads for one workspace, and two for one key, so that another one finds a thread free.
    questions = QueryPool(warehouse, 4, own_threads=3, key_threads=2)
    exports = Exports(warehouse)
    service = "core" if aggregate and api_sockets else "aggregate" if aggregate else "api"
    given = (settings, redis, recorder, warehouse, questions, exports)
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
        await exports.close()
        await questions.close()
        if recorder is not None:
            await recorder.close()
        await redis.aclose()
    return 0


async def _run(
    settings: Settings,
    redis: Redis,
    recorder: Recorder | None,
    warehouse: Warehouse,
    questions: QueryPool,
    exports: Exports,
    tracer: Tracer | None,
    api_sockets: list[socket.socket],
    status_sockets: list[socket.socket],
    stop: asyncio.Event,
    *,
    aggregate: bool,
    redirectors: Sequence[Path],
) -> None:
    prepared = Prepared()
    moving = aggregator_of(settings, warehouse, tracer) if aggregate else None
    readiness = readiness_of(moving) if moving is not None else {}
    watched: dict[str, Ready] = {} if api_sockets else {**engines_of(warehouse, redis)}
    if moving is not None and settings.kafka_bootstrap is not None:
        watched["kafka"] = kafka_of(moving)
    around = Surroundings(
        folders(settings, journals=aggregate and settings.kafka_bootstrap is None),
        certificates(settings),
        partial(room_of, moving) if moving is not None else lambda: None,
    )
    shown = registry(around.readings)
    waiting = backlog.Backlog()
    complete = complete_until_of(settings, warehouse, moving, redis) if moving is not None else None
    auditing = background_audit_of(settings, warehouse, moving) if moving is not None else None
    published = PublishedProof(redis)
    if moving is not None and complete is not None and auditing is not None:
        shown.register(MetricsCollector(lambda: readings(moving)))
        shown.register(MetricsCollector(complete.readings))
        shown.register(MetricsCollector(auditing.readings))
        if settings.kafka_bootstrap is None:
            shown.register(MetricsCollector(lambda: backlog.readings(waiting, settings.journal_max)))
    # What serves the public stops first; what carries scans on stops last.
    moved = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        background = [
            tasks.create_task(_prepare(settings, warehouse, redis, prepared, stop)),
            tasks.create_task(sweep_until(redis, stop)),
        ]
        public, inner = [], []
        context: ApiContext | None = None
        keeper: ChangeLogKeeper | None = None
        if api_sockets:
            shown.register(MetricsCollector(questions.metrics))
            shown.register(MetricsCollector(exports.metrics))
            completeness = published.completeness if complete is None else lambda: complete.latest
            proof = published.proof if auditing is None else lambda: auditing.latest
            app = api_app(settings, redis, questions, exports, shown, readiness, completeness, proof, tracer)
            context = app.state.context
            readiness = app.state.context.readiness
            background.append(tasks.create_task(app.state.context.signals.run(stop)))
            public.append(tasks.create_task(keep_working(app.state.context, stop)))
            rechecks = DomainRechecks(app.state.context.domains, every_ms=settings.domain_check * 1000)
            shown.register(MetricsCollector(rechecks.metrics))
            background.append(tasks.create_task(rechecks.run(stop)))
            if recorder is not None:
                keeper = ChangeLogKeeper(recorder, kept_ms=settings.changes_kept * 1000)
                shown.register(MetricsCollector(keeper.metrics))
                background.append(tasks.create_task(keeper.run(stop)))
            else:
                background.append(tasks.create_task(keep_none(redis, stop)))
            if complete is None:
                background.append(tasks.create_task(published.run(stop)))
            worker = webhook_worker_of(settings, app.state.context)
            shown.register(MetricsCollector(worker.metrics))
            public.append(tasks.create_task(worker.run(stop)))
            limits = room_settings.connection_limits(settings)
            public.append(tasks.create_task(_serve_prepared(app, api_sockets, prepared, stop, limits)))
        if moving is not None and complete is not None and auditing is not None:
            erasures = Erasures(redis, moving.between, clock.now_ms)
            told = partial(proven, complete, auditing, keeper)
            admin = AdminSocket(settings, warehouse, moving, prepared, told, erasures, context)
            listener = unix_socket(DataDir(settings.data).core_socket)
            inner.append(tasks.create_task(serve(admin.app, [listener], moved, dated=False)))
            inner.append(tasks.create_task(_move(moving, prepared, moved)))
            background.append(tasks.create_task(_after_migration(erasures.run, prepared, stop)))
            visitors = VisitorCounts(partial(warehouse.connect, max_threads=1))
            background.append(tasks.create_task(_after_migration(visitors.run, prepared, stop)))
            background.append(tasks.create_task(_after_migration(complete.run, prepared, stop)))
            background.append(tasks.create_task(_after_migration(auditing.run, prepared, stop)))
            if settings.kafka_bootstrap is None:
                measuring = backlog.keep_measured(settings.journal_folder, waiting, stop, stored_up_to(moving))
                background.append(tasks.create_task(measuring))
        if status_sockets:
            status = status_app(shown, readiness, redirectors)
            inner.append(tasks.create_task(serve(status, status_sockets, moved, dated=False)))
        background.append(tasks.create_task(keep_watched({**readiness, **watched}, stop, saw=around.saw)))
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
    """Stop everything if an engine must not be used, including tasks that swallow a cancellation."""
    try:
        await prepare(settings, warehouse, redis, prepared)
    except UserError:
        stop.set()
        raise


async def _serve_prepared(
    app: ASGIApp, sockets: list[socket.socket], prepared: Prepared, stop: asyncio.Event, limits: ConnectionLimits
) -> None:
    """Callers wait in the sockets' queues during a migration, which is short. A warehouse that is down is not waited
    for: codes can be edited without it."""
    await _either(prepared.tables, stop, PREPARED_WITHIN_S)
    await serve(app, sockets, stop, limits)


async def _either(one: asyncio.Event, other: asyncio.Event, within_s: float | None = None) -> None:
    waiting = {asyncio.ensure_future(one.wait()), asyncio.ensure_future(other.wait())}
    await asyncio.wait(waiting, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    for future in waiting:
        future.cancel()


async def _move(moving: Aggregator, prepared: Prepared, stop: asyncio.Event) -> None:
    """Run the aggregator, once the tables are migrated."""
    await _either(prepared.tables, stop)
    if not stop.is_set():
        await moving.run(stop)


async def _after_migration(
    run: Callable[[asyncio.Event], Awaitable[None]], prepared: Prepared, stop: asyncio.Event
) -> None:
    await _either(prepared.tables, stop)
    await run(stop)


async def _drained(settings: Settings, moving: Aggregator) -> None:
    """Wait until all journals are stored and deleted, within limits: the next start reads on from what is left."""
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
