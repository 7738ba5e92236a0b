"""The settings of Redis: a part of `waymark.settings.Settings`."""

from typing import Annotated, Literal

from waymark.kafka_settings import KafkaSettings
from waymark.setting_values import described


class RedisSettings(KafkaSettings, frozen=True, kw_only=True):
    redis_url: Annotated[
        str | None,
        described(
            "WAYMARK_REDIS_URL",
            "Your own Redis (append-only, `noeviction`): one server, Sentinels or a cluster, with or without TLS "
            "(docs/redis.md). Default: `waymark up` starts one.",
        ),
    ] = None
    redis_server: Annotated[
        str,
        described(
            "WAYMARK_REDIS_SERVER",
            "The Redis that `waymark up` starts: `bundled`, `path` (the newest `redis-server` or `valkey-server` on "
            "PATH), or the path of a program.",
        ),
    ] = "bundled"
    redis_replica_url: Annotated[
        str | None,
        described(
            "WAYMARK_REDIS_REPLICA_URL", "A replica of that Redis for redirectors to read from and subscribe to."
        ),
    ] = None
    redis_fsync: Annotated[
        Literal["always", "everysec", "none"],
        described(
            "WAYMARK_REDIS_FSYNC",
            "The `appendfsync` that your own Redis must have. With `everysec`, a power cut may lose the acknowledged "
            "codes and edits of the last second or two. `none` takes a Redis without an append-only file: what it had "
            "since its last snapshot is lost when it ends without a replica (docs/redis.md).",
        ),
    ] = "always"
    redis_replicas: Annotated[
        int,
        described(
            "WAYMARK_REDIS_REPLICAS",
            "How many replicas of your own Redis must have a change before the API answers it; without them it "
            "answers 503. With `0`, a failover may lose the last acknowledged changes.",
            ge=0,
            le=100,
        ),
    ] = 0
    salt_redis_url: Annotated[
        str | None,
        described(
            "WAYMARK_SALT_REDIS_URL",
            "A Redis without persistence (`appendonly no`, `save` empty), through which redirectors on several "
            "machines share the day's visitor salt.",
        ),
    ] = None
