"""Whether a Redis may be the system of record."""

from redis.asyncio import Redis

from codes.connection import reaching
from codes.errors import Unfit

OLDEST = (6, 2)


@reaching
async def check_server(redis: Redis) -> None:
    """Raises Unfit for a server that is too old, may throw keys away when memory runs out, or does not keep an
    append-only file. Reads INFO, which hosted servers answer where they refuse CONFIG."""
    info = await redis.info("everything")
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise Unfit(f"Redis {version} is too old: it must be {'.'.join(map(str, OLDEST))} or newer")
    policy = info["maxmemory_policy"]
    if policy != "noeviction":
        raise Unfit(
            f"Redis has maxmemory-policy {policy}: it must be noeviction, or codes are lost when memory is full"
        )
    if not int(info["aof_enabled"]):
        raise Unfit("Redis keeps no append-only file: it must have appendonly yes, or codes are lost when it ends")
    if info["role"] != "master":
        raise Unfit("this Redis is a replica: codes are written to the primary")
