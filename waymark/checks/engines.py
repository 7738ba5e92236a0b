"""Check the engines: connect to each, and verify its version and configuration. Starts and changes nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError
from redis.asyncio import Redis
from urllib3.exceptions import HTTPError

from codes import workspaces
from codes.change_log.keeper import state_of
from codes.errors import Unavailable, UnfitRedis
from codes.file_stores import BucketStore
from codes.redis_check import check_server
from codes.redis_client import connect, raises_unavailable
from infra import cluster, engine_urls, s3
from infra.warehouse import UnfitWarehouse
from waymark import core_client, embedded_redis, emptied_redis, redis_program
from waymark.checks import Finding, bad, ok, warning
from waymark.data_dir import DataDir, held
from waymark.redis_program import NoRedis
from waymark.settings import BadSetting, Settings
from waymark.startup_checks import warehouse_of

WITHIN_S = 10
APART_S = 1.0
# What ClickHouse says to a wrong or missing password, an unknown user, and one without the right.
NOT_LET_IN = (192, 193, 194, 497, 516)
# Older ones get no fixes any more.
OLD_REDIS = (7, 2)


async def engines(settings: Settings) -> AsyncIterator[Finding]:
    folder = DataDir(settings.data)
    running = held(folder)
    if settings.redis_url is None:
        yield _program(settings, folder)
    if settings.redis_url is not None or running:
        async for finding in _redis(settings, settings.redis_url or embedded_redis.url(folder)):
            yield finding
    if settings.redis_replica_url is not None:
        yield await _replica(settings.redis_replica_url)
    yield await asyncio.to_thread(_warehouse, settings, folder, running)
    if running:
        yield await asyncio.to_thread(_proof, folder)
    if settings.kafka_bootstrap is not None:
        yield await _kafka(settings, settings.kafka_bootstrap, settings.kafka_topic)
    if settings.files_bucket is not None:
        yield await asyncio.to_thread(_bucket, settings.files_bucket)
    if settings.exports_bucket is not None:
        yield await asyncio.to_thread(_bucket, settings.exports_bucket, "exports bucket")


def _program(settings: Settings, folder: DataDir) -> Finding:
    try:
        server = redis_program.find(folder, settings.redis_server)
    except NoRedis as error:
        return bad("redis server", str(error))
    said = f"{server.is_a}, {server.program}" + (f" ({server.because})" if server.because else "")
    if server.is_a.name == "redis" and server.is_a.minor < OLD_REDIS:
        said += ": outdated and unmaintained; WAYMARK_REDIS_SERVER=path uses a newer one (docs/running.md)"
        return warning("redis server", said)
    return ok("redis server", said)


async def _redis(settings: Settings, url: str) -> AsyncIterator[Finding]:
    redis = connect(url)
    try:
        await check_server(redis, settings.redis_fsync)
        info: dict[str, Any] = await raises_unavailable(redis.info)("everything")
        clock = await _clock(redis)
        recorded = await _change_log(settings, redis)
        if not await workspaces.any_exist(redis):
            yield warning("redis", "it is empty: it was never used, or its codes are elsewhere")
            await emptied_redis.check(settings, redis)
    except Unavailable as error:
        yield bad("redis", f"it does not answer: {error}")
        return
    except (UnfitRedis, emptied_redis.Emptied, emptied_redis.Unsure) as error:
        yield bad("redis", str(error))
        return
    finally:
        await redis.aclose()
    name = f"{info.get('server_name', 'redis')} {info.get('valkey_version') or info['redis_version']}"
    used, most = info["used_memory_human"], info.get("maxmemory_human", "0B")
    yield ok("redis", f"{name}, {used} of memory used, limit {'none' if most == '0B' else most}")
    persistence = (
        f"append-only, appendfsync {settings.redis_fsync} or better, {info.get('aof_current_size', 0):,} bytes"
    )
    if settings.redis_fsync == "none":
        if int(info.get("connected_slaves", 0)) >= settings.redis_replicas > 0:
            yield ok("persistence", f"none asked for; changes are acknowledged by {settings.redis_replicas} replicas")
        else:
            yield warning("persistence", "none asked for: a Redis that ends takes codes along (docs/redis.md)")
    elif info.get("aof_last_write_status", "ok") != "ok":
        yield bad("persistence", f"{persistence}; the last write failed: is its disk full?")
    elif settings.redis_fsync != "always":
        yield warning("persistence", f"{persistence}: a power cut may lose the codes of the last second")
    else:
        yield ok("persistence", persistence)
    if settings.redis_replicas:
        replicas = int(info.get("connected_slaves", 0))
        told = f"{replicas} are connected, and a change is answered once {settings.redis_replicas} have it"
        yield (ok if replicas >= settings.redis_replicas else bad)("replicas", told)
    yield recorded
    if abs(clock) > APART_S:
        yield warning("clocks", f"Redis' clock and this one are {abs(clock):.1f} s apart")


async def _change_log(settings: Settings, redis: Redis) -> Finding:
    if settings.changes == "off":
        return warning("change log", "WAYMARK_CHANGES is off: codes that Redis loses are lost")
    complete, unrecorded = await state_of(redis)
    if not complete:
        return warning("change log", "it does not have everything yet: a running API takes it up")
    return ok("change log", "it has everything" + (f" but {unrecorded} writes of this moment" if unrecorded else ""))


async def _clock(redis: Redis) -> float:
    seconds, micros = await raises_unavailable(redis.time)()
    return float(seconds + micros / 1e6 - time.time())


async def _replica(url: str) -> Finding:
    redis = connect(url)
    try:
        info: dict[str, Any] = await raises_unavailable(redis.info)("replication")
    except Unavailable as error:
        return bad("redis replica", f"it does not answer: {error}")
    finally:
        await redis.aclose()
    if info["role"] == "master":
        return warning("redis replica", "WAYMARK_REDIS_REPLICA_URL points to a primary")
    if info.get("master_link_status") != "up":
        return bad("redis replica", "it is disconnected from its primary")
    return ok("redis replica", "it follows its primary")


def _warehouse(settings: Settings, folder: DataDir, running: bool) -> Finding:
    if settings.clickhouse_url is None:
        if not running:
            there = "exists" if folder.warehouse.exists() else "not created yet"
            return ok("warehouse", f"chDB, {folder.warehouse} ({there}; not opened, since nothing is running)")
        try:
            status = core_client.get(folder, "/status")
        except core_client.CoreUnavailable as error:
            return bad("warehouse", f"the process that owns it does not answer: {error}")
        alarms = status["aggregator"]["alarms"]
        if alarms:
            return bad("warehouse", f"chDB; {alarms} partitions are stopped; `waymark status` says why")
        return ok("warehouse", f"chDB, {status['aggregator']['lag']} scans wait to be stored")
    try:
        client = warehouse_of(settings).connect(timeout_s=WITHIN_S)
        try:
            has = emptied_redis.has_scans(client)
            said = f"ClickHouse {client.server_version}, {'with scans' if has else 'no scan yet'}"
            if settings.clickhouse_cluster is None:
                return ok("warehouse", said)
            layout = cluster.layout(client)
            said += f", cluster {settings.clickhouse_cluster}: {layout.shards} shards, {layout.servers} servers"
            return bad("warehouse", f"{said}; {layout.trouble}") if layout.trouble else ok("warehouse", said)
        finally:
            client.close()
    except UnfitWarehouse as error:
        return bad("warehouse", str(error))
    except (ClickHouseError, HTTPError, OSError) as error:
        said = " ".join(str(error).split())
        if getattr(error, "code", None) in NOT_LET_IN:
            return bad("warehouse", f"ClickHouse does not let us in: {said}")
        at = engine_urls.clickhouse(settings.clickhouse_url)
        return bad("warehouse", f"ClickHouse at {at.host}:{at.port} does not answer: {_cause(error)}")


def _cause(error: BaseException) -> str:
    """In a few words: what the clients say has their own requests and retries in it."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__


def _proof(folder: DataDir) -> Finding:
    """What the audit in the background of the running aggregator has found."""
    try:
        found = core_client.get(folder, "/status")["proof"]
    except core_client.CoreUnavailable as error:
        return warning("proof", f"the aggregator does not answer: {error}")
    said = "; ".join(found["reasons"])
    if found["verdict"] == "red":
        return bad("proof", f"{said}; `waymark audit` says more")
    if found["verdict"] == "unknown":
        return warning("proof", said)
    return ok("proof", "every scan is stored once, and the sums follow from the scans")


async def _kafka(settings: Settings, bootstrap: str, topic: str) -> Finding:
    # Imported here: one machine does not need it.
    from aiokafka.errors import KafkaError

    from ingest.kafka_topic import check
    from waymark.wiring import kafka

    try:
        found = await asyncio.wait_for(check(bootstrap, topic, security=kafka.options(settings)), WITHIN_S)
    except BadSetting as error:
        return bad("kafka", str(error))
    except (KafkaError, OSError, TimeoutError) as error:
        return bad("kafka", f"{bootstrap} does not answer: {error or 'not in time'}")
    if found is None:
        return ok("kafka", f"it answers; the topic {topic} does not exist yet")
    if found.replicas == 1:
        return warning(
            "kafka",
            f"it answers, with the topic {topic}, of one replica: what a broker loses is shipped again "
            f"only while the journals are kept ({settings.shipped_keep} s, WAYMARK_SHIPPED_KEEP)",
        )
    return ok("kafka", f"it answers, with the topic {topic}, of {found.replicas} replicas")


def _bucket(url: str, about: str = "bucket") -> Finding:
    try:
        BucketStore(s3.bucket(url)).read("0" * 64 + ".png", 1)
    except FileNotFoundError:
        return ok(about, "it answers")
    except OSError as error:
        return bad(about, str(error))
    return ok(about, "it answers")
