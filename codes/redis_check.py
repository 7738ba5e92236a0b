"""Check at start that a Redis can be the system of record."""

from typing import Literal

from redis import exceptions
from redis.asyncio import Redis

from codes.errors import UnfitRedis
from codes.redis_client import raises_unavailable

OLDEST = (6, 2)

# What an acknowledged write must survive: a power cut (`always`), a crash of Redis (`everysec`), or neither (`none`).
Fsync = Literal["always", "everysec", "none"]


@raises_unavailable
async def check_server(redis: Redis, fsync: Fsync = "always") -> None:
    """Raise UnfitRedis for a server that is too old, may evict keys when memory is full, or does not sync an
    append-only file as often as `fsync` says. Reads INFO, which hosted servers answer when they refuse CONFIG. A server
    that does not say how often it syncs does not count as `always`."""
    info = await redis.info("everything")
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise UnfitRedis(f"Redis {version} is too old: it must be {'.'.join(map(str, OLDEST))} or newer")
    policy = info["maxmemory_policy"]
    if policy != "noeviction":
        raise UnfitRedis(
            f"Redis has maxmemory-policy {policy}: it must be noeviction, or codes are lost when memory is full"
        )
    if info["role"] != "master":
        raise UnfitRedis("this Redis is a replica: codes are written to the primary")
    if fsync == "none":
        return
    if not int(info["aof_enabled"]):
        raise UnfitRedis(
            "Redis keeps no append-only file: it must have appendonly yes, or codes are lost when it ends. To give "
            "them up, where a managed service has no such file, set WAYMARK_REDIS_FSYNC=none"
        )
    synced = await _synced(redis)
    if synced not in ("always", fsync) and not (synced is None and fsync == "everysec"):
        raise UnfitRedis(
            f"Redis {'does not tell its appendfsync' if synced is None else f'has appendfsync {synced}'}: it must be "
            "always, or a power cut takes codes that were answered for. To give up those of the last second or two, "
            "set WAYMARK_REDIS_FSYNC=everysec"
        )


async def _synced(redis: Redis) -> str | None:
    """Return `appendfsync`; None if the server does not say."""
    try:
        found = await redis.config_get("appendfsync")
    except exceptions.ResponseError:
        return None
    return found.get("appendfsync")
