"""A blocking client of the primary Redis, for work in threads and commands. Everything else has an asynchronous one."""

import asyncio
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from infra import engine_urls, redis_primary


def connect(url: str, answer_s: float) -> redis.Redis:
    """`answer_s` is how long one command may take. Call it where no event loop runs. Raises ValueError for what is no
    URL of a Redis, redis.ConnectionError when nobody knows the primary."""
    at = engine_urls.redis(url)
    settings: dict[str, Any] = {
        "db": at.db,
        "username": at.user,
        "password": at.password,
        "socket_timeout": answer_s,
        "retry": Retry(NoBackoff(), 0),
    }
    if at.path:
        return redis.Redis(unix_socket_path=at.path, **settings)
    host, port = at.host, at.port
    if at.asks:
        try:
            host, port = asyncio.run(redis_primary.find(at))
        except OSError as error:
            raise redis.ConnectionError(str(error)) from error
    if at.secure:
        settings |= {"ssl": True, "ssl_ca_certs": at.ca, "ssl_certfile": at.certificate, "ssl_keyfile": at.key}
    return redis.Redis(host=host, port=port, socket_connect_timeout=answer_s, **settings)
