"""Assemble one redirector from its settings."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette

from infra import s3
from ingest import ballast
from ingest.deferred_journal import AnyJournal, DeferredJournal
from redirect import clock, file_server, geo
from redirect.app import Redirector, redirector
from redirect.arrivals import Arrivals
from redirect.branded_pages import BrandedPages
from redirect.cache_sync import CacheSync
from redirect.custom_domains import CustomDomains
from redirect.event_recorder import recorder
from redirect.geo import edge
from redirect.group_commit import group_commit
from redirect.metrics import Counts, Metrics
from redirect.page_cache import PageCache
from redirect.password_gate.gate import Gate
from redirect.password_gate.guess_limits import GuessLimits
from redirect.preload import HotRoutes
from redirect.redis_client import RedisClient
from redirect.route_cache import CachedRoute, RouteCache, Trust
from redirect.route_lookup import HostRoutes, RouteLookup
from redirect.scan_handler import ScanHandler
from redirect.scan_limit import ScanLimits
from redirect.settings import RedirectSettings
from redirect.side_routes import Health, public_app, status_app
from redirect.signed_cookies import Secret, StickyVariants
from redirect.source_register import SourceRegister
from redirect.status_server import served
from redirect.token_bucket import TokenBucket
from redirect.user_agent import agent_reader
from redirect.visitor_hash import SaltKeeper, Salts, Source, from_redis, from_supervisor
from schemas.route import Route

# The start waits this long for Redis, so that the first scans find it.
FIRST_TRUST_S = 1.0
# And for hot routes this long.
PRELOAD_S = 2.0


def build(
    settings: RedirectSettings,
    journal: AnyJournal,
    status_sockets: Sequence[socket.socket] = (),
    stopping: asyncio.Event | None = None,
    *,
    elapsed: Callable[[], float] = clock.elapsed,
    now_ms: Callable[[], int] = clock.now_ms,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    random_below: Callable[[int], int] = secrets.randbelow,
) -> Redirector:
    """Build a redirector. Its lifespan owns every task and connection, keeps the journal synced and closes it, and
    serves the status pages on their own sockets. Once `stopping` is set, /readyz answers 503.

    Raises ValueError for a setting that cannot be understood, OSError when the geo database cannot be opened.
    """
    counts = Counts()
    trust = Trust()
    began = elapsed()

    def heard() -> None:
        trust.heard_at = elapsed()

    primary = RedisClient(settings.redis_url, elapsed, heard)
    hosts = CustomDomains(
        primary,
        trust,
        settings.short_host,
        strict=settings.unknown_hosts == "404",
        elapsed=elapsed,
        counts=counts,
    )
    notices = BrandedPages(hosts, settings.short_url)
    routes = RouteCache(settings.cache_routes, trust, settings.short_host, notices.paused_page)
    hosts.on_tokens = routes.paused_pages_moved
    near_url = settings.redis_replica_url or settings.redis_url
    near = RedisClient(near_url, elapsed) if settings.redis_replica_url else primary
    salts = Salts(random_bytes)
    salt_redis = RedisClient(settings.salt_redis_url, elapsed) if settings.salt_redis_url else None
    salt_source: Source | None = None
    if salt_redis is not None:
        salt_source = from_redis(salt_redis, random_bytes)
    elif settings.salts_descriptor is not None:
        salt_source = from_supervisor(settings.salts_descriptor)
    salt_keeper = SaltKeeper(salts, salt_source, now_ms)
    location_of_address = geo.open_database(settings.geo_database)
    arrivals = Arrivals(edge(settings.edge), database=location_of_address is not None)
    commit = group_commit(journal.append, journal.append_all, counts, elapsed)
    recording = recorder(
        commit.add,
        read_agent=agent_reader(),
        salts=salts,
        trusted_proxies=settings.trusted_proxies,
        edge=edge(settings.edge),
        location_of_address=location_of_address,
        now_ms=now_ms,
        counts=counts,
        distinct_values=settings.distinct_values,
        arrivals=arrivals,
    )
    lookup = RouteLookup(routes, trust, primary, near, stale_max_s=settings.stale_max_s, elapsed=elapsed, counts=counts)
    hot = HotRoutes(
        settings.preload, lookup, primary, near, lambda: settings.journal / str(journal.source), settings.short_host
    )
    secret = Secret(primary, random_bytes, elapsed)
    gate = Gate(
        secret,
        GuessLimits(primary, salts),
        own_host=settings.short_host,
        pass_s=settings.gate_pass_s,
        elapsed=elapsed,
    )
    scans = ScanHandler(
        recording,
        ScanLimits(primary),
        gate,
        StickyVariants(secret, settings.sticky_s),
        PageCache(),
        counts=counts,
        random_below=random_below,
        secure=settings.short_url.startswith("https:"),
        now_ms=now_ms,
    )
    subscription = CacheSync(
        near_url,
        primary,
        routes,
        hosts,
        trust,
        name=f"{os.getpid()}-{random_bytes(8).hex()}",
        elapsed=elapsed,
        counts=counts,
        commit=commit,
    )

    own = journal.entry if isinstance(journal, DeferredJournal) else lambda: None
    heartbeat = (lambda: (journal.source, journal.written_seq)) if settings.heartbeat else None
    sources = SourceRegister(settings.journal, primary, own, now_ms, heartbeat)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        stop = asyncio.Event()
        synced = asyncio.create_task(journal.keep_synced(stop))
        tasks = [
            asyncio.create_task(subscription.run()),
            asyncio.create_task(primary.keep_to_the_primary()),
            asyncio.create_task(hosts.keep()),
            asyncio.create_task(hot.run(subscription.trusted)),
            asyncio.create_task(salt_keeper.run()),
            asyncio.create_task(sources.run()),
            asyncio.create_task(ballast.keep_kept(settings.journal)),
        ]
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_TRUST_S):
                    await subscription.trusted.wait()
                    await hosts.known.wait()
                    await sources.first.wait()
                    await salt_keeper.first.wait()
                async with asyncio.timeout(PRELOAD_S):
                    await hot.loaded.wait()
            async with served(status, status_sockets):
                yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            stop.set()
            await synced
            commit.flush()
            journal.close()
            await sources.end()
            # The last commands to Redis are sent before the connections close.
            await asyncio.sleep(0)
            await primary.close()
            await near.close()
            if salt_redis is not None:
                await salt_redis.close()
            await gate.close()

    shown = Metrics(
        counts,
        journal,
        {
            "cached_routes": lambda: len(routes.entries),
            "domains": lambda: len(hosts),
            "gate_waiting": gate.waiting,
            "trusted": lambda: elapsed() < trust.until,
            "epoch": lambda: trust.epoch,
            "unheard_seconds": lambda: elapsed() - max(trust.heard_at, began),
        },
        settings.journal,
        settings.worker,
    )

    bucket = settings.files_bucket
    serve_file = file_server.from_bucket(s3.bucket(bucket)) if bucket else file_server.from_folder(settings.files)

    health = Health(trust, elapsed, stale_max_s=settings.stale_max_s, stopping=stopping)
    status = status_app(health, shown, arrivals, hosts)
    return redirector(
        routes,
        trust,
        hosts,
        HostRoutes(lookup, routes, _unknown(routes)),
        recording,
        scans,
        notices,
        public_app(health, notices, serve_file, lifespan),
        commit,
        allowance=TokenBucket(settings.unknown_per_s, elapsed),
        elapsed=elapsed,
        counts=counts,
    )


def _unknown(routes: RouteCache) -> CachedRoute:
    """Without a slug, since made-up slugs are not kept."""
    return routes.prepare("", Route(version=0, birth=0, workspace=0, gone=True), 0)
