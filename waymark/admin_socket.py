"""The core's unix socket, at which it serves the `waymark` command. Only the folder's owner can reach it.

`GET /status` answers at once. Long work answers as JSON lines: `{"progress": [what, done, total]}` repeatedly, then
`{"result": ...}` or `{"error": "..."}`.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from urllib3.exceptions import HTTPError

from aggregator.aggregator import Aggregator, Away
from aggregator.audit.evidence import Unreachable
from aggregator.audit.evidence_readers import Records
from aggregator.audit.rechecks import between_batches
from aggregator.audit.report import Report
from aggregator.dead_letters import NothingToSkip, replay, skip
from aggregator.erasure import Erasures
from aggregator.imported_history import store
from aggregator.queries import CONSISTENT
from aggregator.rebuild import finish, plan, rebuild_step
from api.context import ApiContext
from api.dialects.openqr.query_schemas import QueryAnswer
from infra import clock
from infra.progress import Progress
from infra.warehouse import Warehouse
from schemas.imported import ImportedHistory
from waymark import scan_files
from waymark.backup import snapshot
from waymark.backup.snapshot import Snapshot
from waymark.data_dir import DataDir
from waymark.machine_audit import audit_machine, evidence_of
from waymark.settings import Settings
from waymark.startup_checks import Prepared
from waymark.stats import core_questions
from waymark.stats.core_questions import Unanswered
from waymark.wiring import room_settings
from waymark.wiring.aggregator import stopped_partitions

log = logging.getLogger(__name__)

Work = Callable[[Progress], Awaitable[Any]]


class _Skip(msgspec.Struct, frozen=True):
    partition: int


class _Audit(msgspec.Struct, frozen=True):
    anew: bool = False


class AdminSocket:
    """`app` is the ASGI application."""

    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        moving: Aggregator,
        prepared: Prepared,
        proven: Callable[[], Mapping[str, object]],
        erasures: Erasures,
        context: ApiContext | None = None,
    ) -> None:
        """`proven` is what the status says of the proof; `context` is that of the API, if it runs in this process."""
        self._settings = settings
        self._warehouse = warehouse
        self._moving = moving
        self._prepared = prepared
        self._proven = proven
        self._erasures = erasures
        self._context = context
        self.app = Starlette(
            routes=[
                Route("/status", self._status),
                Route("/audit", self._audit, methods=["POST"]),
                Route("/rebuild", self._long(self._rebuild), methods=["POST"]),
                Route("/skip", self._skip, methods=["POST"]),
                Route("/replay", self._long(self._replay), methods=["POST"]),
                Route("/imported", self._imported, methods=["POST"]),
                Route("/query", self._query, methods=["POST"]),
                Route("/scans", self._scans, methods=["POST"]),
                Route("/snapshot", self._long(self._snapshot), methods=["POST"]),
                Route("/migrate", self._long(self._migrate), methods=["POST"]),
            ]
        )

    async def _status(self, _: Request) -> Response:
        status = {
            "short_url": self._settings.short_base,
            "api_url": self._settings.api_base,
            "aggregator": self._moving.status(),
            "erasures": self._erasures.settled,
            **self._proven(),
        }
        return Response(msgspec.json.encode(status), media_type="application/json")

    async def _audit(self, request: Request) -> Response:
        body = await request.body()
        asked = msgspec.json.decode(body, type=_Audit | None) or _Audit()
        return await self._long(partial(self._audited, asked.anew))(request)

    async def _audited(self, anew: bool, progress: Progress) -> Report:
        loop = asyncio.get_running_loop()
        records = Records(room_settings.redis_url(self._settings))
        evidence = evidence_of(self._settings, records, partial(stopped_partitions, self._moving))

        def work() -> Report:
            # A client of its own, so that scans are stored meanwhile. Only what seems wrong, perhaps because a batch
            # was half stored, is checked again between batches.
            client: Client = self._warehouse.connect(max_threads=1, **CONSISTENT)
            turn = between_batches(self._moving.between, loop, client)
            try:
                return audit_machine(client, evidence, progress, turn, folder=DataDir(self._settings.data), anew=anew)
            finally:
                client.close()

        return await asyncio.to_thread(work)

    async def _rebuild(self, progress: Progress) -> int:
        """Rebuild one year of a rollup at a time, so that new scans never wait for more."""
        steps = await self._moving.between(plan)
        for step in steps:
            await self._moving.between(lambda client, step=step: rebuild_step(client, step, progress))  # type: ignore[misc]
        await self._moving.between(finish)
        return len(steps)

    async def _skip(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=_Skip)

        async def work(_: Progress) -> dict[str, object]:
            return await skip(self._moving, asked.partition)

        return await self._long(work)(request)

    async def _query(self, request: Request) -> Response:
        body = await request.body()

        async def work(_: Progress) -> QueryAnswer:
            return await core_questions.answer(self._context, body)

        return await self._long(work)(request)

    async def _scans(self, request: Request) -> Response:
        return await scan_files.answer(self._context, await request.body())

    async def _replay(self, _: Progress) -> dict[str, int]:
        return await replay(self._moving)

    async def _imported(self, request: Request) -> Response:
        histories = msgspec.json.decode(await request.body(), type=list[ImportedHistory])

        async def work(_: Progress) -> int:
            await self._moving.ask(partial(store, histories=histories, now_ms=clock.now_ms()))
            return len(histories)

        return await self._long(work)(request)

    async def _snapshot(self, progress: Progress) -> Snapshot:
        """For a backup, which copies it and removes its links."""
        progress("waiting for a moment between two batches", 0, 1)
        await asyncio.to_thread(snapshot.sweep, self._settings)
        redis_url = room_settings.redis_url(self._settings)
        began = time.monotonic()
        taken = await self._moving.between(partial(snapshot.take, settings=self._settings, redis_url=redis_url))
        log.info("a snapshot for a backup was taken in %.2f s", time.monotonic() - began)
        return taken

    async def _migrate(self, progress: Progress) -> list[str]:
        # Every start migrates the tables; nothing else may change them while they are written to.
        return self._prepared.applied

    def _long(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def answer(_: Request) -> Response:
            return StreamingResponse(self._lines(work), media_type="application/x-ndjson")

        return answer

    async def _lines(self, work: Work) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        said: asyncio.Queue[bytes | None] = asyncio.Queue()

        def progress(what: str, done: int, total: int) -> None:
            # Work runs in threads.
            loop.call_soon_threadsafe(said.put_nowait, _line({"progress": [what, done, total]}))

        working = asyncio.create_task(self._done(work, progress))
        working.add_done_callback(lambda _: said.put_nowait(None))
        while (line := await said.get()) is not None:
            yield line
        yield _line(working.result())

    async def _done(self, work: Work, progress: Progress) -> dict[str, Any]:
        if not self._prepared.tables.is_set():
            return {"error": "the warehouse is down: its tables are not migrated yet"}
        try:
            return {"result": await work(progress)}
        except (Away, NothingToSkip, Unanswered, Unreachable, ClickHouseError, HTTPError, OSError) as error:
            log.warning("asked by the command: %s", error)
            return {"error": str(error)}


def _line(told: Any) -> bytes:
    return msgspec.json.encode(told) + b"\n"
