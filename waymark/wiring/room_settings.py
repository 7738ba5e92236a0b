"""Derive each room's settings from Waymark's. Rooms do not read the environment."""

import logging
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from redis.asyncio import Redis

from codes.domain_verification import DomainVerifier, name_servers
from codes.domains import Domains
from codes.export_targets import BucketTarget, ExportTarget, FolderTarget
from codes.file_stores import BucketStore, FolderStore
from codes.files import Files
from codes.plans import known
from codes.redis_client import connect
from codes.replication import Replication
from infra import s3
from redirect.client_ip import trusts
from redirect.connection_limits import ConnectionLimits, within_descriptors
from redirect.geo import REGISTRIES
from redirect.settings import RedirectSettings
from waymark import net
from waymark.data_dir import DataDir
from waymark.setting_checks import NO_DATABASE, wrong
from waymark.settings import BadSetting, Settings

log = logging.getLogger(__name__)


def redis_url(settings: Settings) -> str:
    """Raises BadSetting: a single service is told where its Redis is; only `waymark up` brings one."""
    if settings.redis_url is None:
        raise BadSetting("WAYMARK_REDIS_URL is not set: a service of its own needs a Redis (`waymark up` brings one)")
    return settings.redis_url


def redis_client(settings: Settings) -> Redis:
    """That of a process which changes codes."""
    return connect(redis_url(settings), identified=settings.redis_replicas > 0)


def replication(settings: Settings, redis: Redis) -> Replication:
    return Replication(redis, settings.redis_replicas, synced=settings.redis_fsync != "none")


def kafka(settings: Settings) -> str:
    if settings.kafka_bootstrap is None:
        raise BadSetting("WAYMARK_KAFKA_BOOTSTRAP is not set: this service has nothing to do without Kafka")
    return settings.kafka_bootstrap


def own_hosts(settings: Settings) -> list[str]:
    """Hosts to which no code may lead, since a scan would go round in circles."""
    return [urlsplit(settings.short_base).netloc]


def every_host(settings: Settings) -> list[str]:
    """Those, and what else is at addresses of ours."""
    return [*own_hosts(settings), urlsplit(settings.api_base).netloc, *filter(None, [settings.domain_target])]


def domains(settings: Settings, redis: Redis) -> Domains:
    target = settings.domain_target or urlsplit(settings.short_base).hostname or ""
    return Domains(
        redis,
        target=target,
        own_hosts=own_hosts(settings),
        plans=known(settings.plans),
        dns=DomainVerifier(name_servers(settings.dns_servers)),
        grace_ms=settings.domain_grace * 1000,
    )


def files(settings: Settings, redis: Redis) -> Files:
    bucket = settings.files_bucket
    store = BucketStore(s3.bucket(bucket)) if bucket else FolderStore(settings.files_folder)
    return Files(redis, store, plans=known(settings.plans))


def export_target(settings: Settings) -> ExportTarget | None:
    if settings.exports_bucket:
        return BucketTarget(s3.bucket(settings.exports_bucket), Path(tempfile.gettempdir()))
    return FolderTarget(settings.exports) if settings.exports else None


def trusted_proxies(settings: Settings) -> tuple[str, ...]:
    return tuple(part.strip() for part in settings.trusted_proxies.split(",") if part.strip())


def redirect_settings(settings: Settings, *, salts_descriptor: int | None = None, worker: str = "") -> RedirectSettings:
    return RedirectSettings(
        redis_url=redis_url(settings),
        redis_replica_url=settings.redis_replica_url or "",
        salts_descriptor=salts_descriptor,
        salt_redis_url=settings.salt_redis_url or "",
        short_url=settings.short_base,
        journal=settings.journal_folder,
        journal_max_bytes=settings.journal_max,
        # A service of its own cannot know what stores its scans; beside a supervisor the settings are the same for all.
        heartbeat=salts_descriptor is None or settings.kafka_bootstrap is not None,
        stale_max_s=settings.stale_max,
        cache_routes=settings.cache_routes,
        preload=settings.preload,
        trusted_proxies=trusted_proxies(settings),
        edge=settings.edge,
        geo_database=geo_database(settings),
        unknown_hosts=settings.unknown_hosts,
        unknown_per_s=settings.unknown_per_second,
        distinct_values=settings.distinct_values,
        files=settings.files_folder,
        files_bucket=settings.files_bucket or "",
        gate_pass_s=settings.gate_pass,
        sticky_s=settings.sticky,
        drain_s=settings.drain,
        connections=settings.connections,
        connections_of_address=settings.connections_of_address,
        worker=worker,
    )


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Of the API's port."""
    most = within_descriptors(settings.connections, net.descriptor_limit())
    return ConnectionLimits(most, settings.connections_of_address, trusts(trusted_proxies(settings)), time.monotonic)


def geo_database(settings: Settings) -> str:
    """As `redirect.geo.open_database` takes it: what is set, else what `waymark geo` has taken, else what comes
    along. One in the folder that cannot be read is said and left: it must not keep links from leading on."""
    if settings.geo_database is not None:
        return "" if str(settings.geo_database) == NO_DATABASE else str(settings.geo_database)
    taken = DataDir(settings.data).geo_database
    if not taken.exists():
        return REGISTRIES
    if (reason := wrong("geo_database", taken)) is not None:
        log.error("%s; using the countries that come along", reason)
        return REGISTRIES
    return str(taken)


def intents(settings: Settings) -> Path:
    """Where the aggregator of one machine notes what it is about to insert."""
    return DataDir(settings.data).bus
