"""An API on a real Redis and a real chDB, asked over HTTP; every answer is held against its own OpenAPI document."""

import atexit
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

import httpx
import msgspec
from redis.asyncio import Redis
from starlette.applications import Starlette

from analytics.query_pool import QueryPool
from api.app import create_app
from api.context import ApiContext, ApiSettings
from api.dialect import Dialect, Route
from api.dialects import DIALECTS
from api.exports import Exports
from api.logos import Logos
from api.middleware.cors import parse_origins
from api.openapi import problems
from api.qr_images import QrImages
from codes.apikeys import Scope, create_key
from codes.domain_verification import DomainVerifier
from codes.domains import Domains
from codes.export_targets import FolderTarget
from codes.file_stores import FolderStore
from codes.files import Files
from codes.plans import presets
from codes.redis_client import connect
from codes.replication import Replication
from codes.resolver import Resolver
from codes.service import Codes
from codes.workspaces import ensure_workspace
from infra.rollups import add_values
from infra.warehouse import Warehouse
from qr.render_pool import RenderPool
from schemas.complete_until import CompleteUntil
from schemas.event import COUNTED, EVENT_COLUMNS, ScanEvent
from schemas.proof import Proof
from tests.servers.dns import name_socket
from webhooks.receivers import Receivers

TARGET = "edge.example.net"
SHORT = "https://s.example.net"
NOW = datetime(2026, 5, 21, 15, 0, 0, 250_000, tzinfo=UTC)

Body = dict[str, Any]
# Shared by all services of a test process: render processes take a second to start.
RENDER_POOL = RenderPool()
atexit.register(RENDER_POOL.close)


class Clock:
    """What time it is for the API and for the store of codes."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def ms(self) -> int:
        return round(self.now.timestamp() * 1000)

    def pass_by(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


def names_of_the_public(host: str) -> tuple[str, ...]:
    """Stands in for the network's name server, which tests do not depend on."""
    return {"internal.example.com": ("10.0.0.7",), "s.example.net": ("8.8.4.4",)}.get(host, ("8.8.8.8",))


class Service:
    """`client` sends the key of `workspace`; others are made by `key`."""

    def __init__(self, redis_url: str, warehouse: Warehouse, *, cors: str = "", replicas: int = 0) -> None:
        self.clock = Clock()
        # Until when every scan is stored.
        self.complete_until_ms: Callable[[], int | None] = self.clock.ms
        self.redis: Redis = connect(redis_url, identified=replicas > 0)
        self.warehouse = warehouse
        self.questions = QueryPool(warehouse, 1)
        self.exports = Exports(warehouse)
        self.uploads = TemporaryDirectory()
        resolver = Resolver(names_of_the_public)
        # A test may add plans of its own.
        self.plans = dict(presets())
        self.name_socket = name_socket()
        host, port = self.name_socket.getsockname()
        self.domains = Domains(
            self.redis,
            target=TARGET,
            own_hosts=["s.example.net"],
            dns=DomainVerifier([f"{host}:{port}"], patience_s=2.0),
            resolver=resolver,
            plans=self.plans,
            now_ms=self.clock.ms,
        )
        self.codes = Codes(
            self.redis,
            own_hosts=["s.example.net"],
            usable=self.domains.is_usable,
            is_short=self.domains.is_short,
            resolver=resolver,
            plans=self.plans,
            now_ms=self.clock.ms,
        )
        files = Files(self.redis, FolderStore(Path(self.uploads.name)), plans=self.plans, now_ms=self.clock.ms)
        # What a round of the audit has found; a test may make one.
        self.proof: Proof | None = None
        self.context = ApiContext(
            codes=self.codes,
            replication=Replication(self.redis, replicas),
            domains=self.domains,
            files=files,
            images=QrImages(Logos(own_hosts=["s.example.net"], resolver=resolver, files=files), workers=RENDER_POOL),
            questions=self.questions,
            receivers=Receivers(own_hosts=["s.example.net"], resolver=resolver),
            exports=self.exports,
            export_target=FolderTarget(Path(self.uploads.name) / "exports"),
            settings=ApiSettings(short_url=SHORT, api_url="http://api.example.net", cors_origins=parse_origins(cors)),
            now=self.clock,
            completeness=lambda: CompleteUntil(self.complete_until_ms(), self.clock.ms()),
            proof=lambda: self.proof,
        )
        self.app: Starlette = create_app(self.context)
        self.client = self.connect()
        self.anonymous = self.connect()

    def use(self, context: ApiContext) -> None:
        """Go on with another context."""
        self.context = context
        self.app = create_app(context)
        headers = dict(self.client.headers)
        self.client = self.connect(**headers)

    def connect(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://api.example.net",
            headers=headers,
            event_hooks={"response": [conforms]},
        )

    async def key(self, workspace: str = "ours", scope: Scope = "admin", lasts: timedelta | None = None) -> str:
        number = (await ensure_workspace(self.redis, workspace)).number
        expires = None if lasts is None else self.clock.ms() + round(lasts.total_seconds() * 1000)
        return (await create_key(self.redis, number, "test", scope, expires, now_ms=self.clock.ms))[1]

    async def caller(self, workspace: str = "ours", scope: Scope = "admin") -> httpx.AsyncClient:
        return self.connect(Authorization=f"Bearer {await self.key(workspace, scope)}")

    async def open(self) -> None:
        self.client = await self.caller()

    async def close(self) -> None:
        await self.client.aclose()
        await self.anonymous.aclose()
        self.name_socket.close()
        self.uploads.cleanup()
        await self.exports.close()
        await self.questions.close()
        await self.redis.aclose()

    async def make(self, **fields: Any) -> Body:
        response = await self.client.post("/v1/dynamic", json={"destination": "https://example.com/a", **fields})
        assert response.status_code == 201, response.text
        found: Body = response.json()
        return found

    async def number(self, id: str) -> int:
        workspace = (await ensure_workspace(self.redis, "ours")).number
        code = await self.codes.get(workspace, id)
        assert code is not None
        return code.number

    async def birth(self, id: str) -> int:
        workspace = (await ensure_workspace(self.redis, "ours")).number
        code = await self.codes.get(workspace, id)
        assert code is not None
        return code.birth

    async def birth_of(self, slug: str) -> int:
        code = await self.codes.by_slug("", slug)
        assert code is not None
        return code.birth

    async def scanned(self, id: str, *scans: Body) -> None:
        """Stores scans of a code as the aggregator does; `days_ago` and any column of `scans` may be given."""
        self.stored(await self.birth(id), scans)

    def stored(self, birth: int, scans: tuple[Body, ...]) -> None:
        store(self.warehouse, birth, scans)


def store(warehouse: Warehouse, birth: int, scans: tuple[Body, ...]) -> None:
    events = [_event(birth, visitor, scan) for visitor, scan in enumerate(scans, 1)]
    lines = b"\n".join(map(msgspec.json.encode, events))
    columns = ["ts_ms" if name == "ts" else name for name in EVENT_COLUMNS]
    client = warehouse.connect(max_threads=1)
    try:
        client.raw_insert("scans", columns, lines, fmt="JSONCompactEachRow")
        add_values(client, f"source IN ({', '.join(str(event.source) for event in events)})")
    finally:
        client.close()


_sources = iter(range(1, 1 << 30))


def _event(number: int, visitor: int, scan: Body) -> ScanEvent:
    """The first and only scan of a source of its own."""
    at = NOW - timedelta(days=scan.get("days_ago", 0))
    fields: Body = dict.fromkeys(EVENT_COLUMNS, "") | {
        "source": next(_sources),
        "seq": 1,
        "ts_ms": round(at.timestamp() * 1000),
        "code": number,
        # The first one's, "ours"; but nobody's where it could be an orphan: tests share the warehouse.
        "workspace": int(scan.get("outcome", "redirect") in COUNTED),
        "kind": "human",
        "outcome": "redirect",
        "lat": None,
        "lon": None,
        "visitor": visitor,
    }
    return ScanEvent(**fields | {name: value for name, value in scan.items() if name != "days_ago"})


async def conforms(response: httpx.Response) -> None:
    """What came is what the tables of routes (so the OpenAPI document) say can come, field by field."""
    await response.aread()
    request = response.request
    # (An escaped slash parts nothing.)
    path = unquote(re.sub("(?i)%2f", "%1F", request.url.raw_path.partition(b"?")[0].decode()))
    for dialect in DIALECTS:
        if not dialect.covers(request.url.path):
            continue
        kept = response.headers.get("cache-control", "no-store")
        assert response.status_code < 500 or response.status_code == 503
        shape: Any = dialect.error
        media: tuple[str, ...] = ("application/json",)
        if request.method == "OPTIONS" and response.status_code == 204:
            assert response.content == b"" and response.headers["allow"].endswith("OPTIONS")
            return
        # The first that fits is the one that is served.
        for route in dialect.routes:
            if request.method == route.method and serves(dialect, route, path):
                allowed = {route.status, *problems(route, dialect)} | ({304} if route.tagged else set())
                assert response.status_code in allowed, f"{response.status_code} is not documented"
                if response.status_code == route.status:
                    media = (*(route.media or media), *route.files)
                    shape = route.answer
                # Only pictures are kept by who asked, and by nobody on the way.
                assert kept in ("no-store", "no-store, no-transform") or (
                    kept.startswith("private, ") and route.media
                ), kept
                break
        if response.status_code == 304 or (shape is None and media == ("application/json",)):
            assert response.content == b""
            return
        sent = response.headers["content-type"].partition(";")[0]
        assert sent in media, response.text
        if sent == "application/json":
            body = response.json()
            assert msgspec.to_builtins(msgspec.convert(body, shape)) == body, f"not a {shape}: {json.dumps(body)}"


def serves(dialect: Dialect, route: Route, path: str) -> bool:
    return any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", one), path) for one in dialect.paths(route))
