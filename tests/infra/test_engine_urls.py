"""Addresses of the engines: each scheme means one thing, and what is not known is refused without repeating it."""

from typing import Any

import pytest

from infra import engine_urls
from infra.engine_urls import ClickHouseUrl, RedisUrl


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("redis://localhost", RedisUrl(host="localhost")),
        ("redis://:p%40ss@r.example:6380/2", RedisUrl(host="r.example", port=6380, password="p@ss", db=2)),
        ("rediss://me:pass@[::1]/", RedisUrl(host="::1", secure=True, user="me", password="pass")),
        ("rediss://r?ssl_ca_certs=/ca.pem&db=3", RedisUrl(host="r", secure=True, ca="/ca.pem", db=3)),
        (
            "rediss://r?ssl_ca_certs=/ca&ssl_certfile=/c&ssl_keyfile=/k",
            RedisUrl(host="r", secure=True, ca="/ca", certificate="/c", key="/k"),
        ),
        (
            "redis+sentinel://me:p%40ss@a,b:1,[::1]:2/main/3?sentinel_password=x",
            RedisUrl(
                host="a",
                port=26379,
                user="me",
                password="p@ss",
                db=3,
                asks="sentinel",
                seeds=(("a", 26379), ("b", 1), ("::1", 2)),
                service="main",
                sentinel_password="x",
            ),
        ),
        (
            "rediss+cluster://:p@a:1,b",
            RedisUrl(host="a", port=1, secure=True, password="p", asks="cluster", seeds=(("a", 1), ("b", 6379))),
        ),
        ("unix:///data/a%20b/redis.sock?db=1", RedisUrl(path="/data/a b/redis.sock", db=1)),
    ],
)
def test_redis(text: str, found: RedisUrl) -> None:
    assert engine_urls.redis(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("http://c", ClickHouseUrl(False, "c", 8123, None, "", None)),
        ("https://c", ClickHouseUrl(True, "c", 8443, None, "", None)),
        ("https://me:p%2Fss@c:9000/waymark", ClickHouseUrl(True, "c", 9000, "me", "p/ss", "waymark")),
        ("https://c/w?ca_cert=/a%20b.pem", ClickHouseUrl(True, "c", 8443, None, "", "w", "/a b.pem")),
        ("http://:pass@c:8443/", ClickHouseUrl(False, "c", 8443, "default", "pass", None)),
    ],
)
def test_clickhouse(text: str, found: ClickHouseUrl) -> None:
    assert engine_urls.clickhouse(text) == found


def test_brokers() -> None:
    assert engine_urls.brokers("kafka-1:9092, [::1]:9093") == ("kafka-1:9092", "[::1]:9093")


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((engine_urls.redis, text) for text in ("hush", "http://:hush@r", "redis://", "redis://:hush@r/x", "unix:")),
        *((engine_urls.redis, text) for text in ("redis://:hush@r:x", "redis://:hush#1@r", "redis:// :hush@r")),
        (engine_urls.redis, "rediss://:hush@r?ssl_cert_reqs=none"),
        (engine_urls.redis, "rediss://:hush@r?ssl_keyfile=/k"),
        (engine_urls.redis_readable, "rediss://:hush@r?ssl_ca_certs=/nowhere"),
        *(
            (engine_urls.redis, f"redis{text}")
            for text in ("://:hush@a,b", "+cluster://:hush@a/1", "+sentinel://:hush@a")
        ),
        *(
            (engine_urls.redis, f"redis{text}")
            for text in ("+sentinel://:hush@a,/m", "+cluster://a?sentinel_password=hush")
        ),
        (engine_urls.redis, "redis://:hush@r?ssl_ca_certs=/ca.pem"),
        (engine_urls.clickhouse, "http://:hush@c?ca_cert=/ca.pem"),
        *(
            (engine_urls.clickhouse, text)
            for text in ("c:8123", "clickhouse://a:hush@c", "http://a:hush@c?verify=false")
        ),
        *(
            (engine_urls.clickhouse, text)
            for text in ("http://a:hush@c/a/b", "http://a:hush@", "https://a:hush@c:99999")
        ),
        *((engine_urls.brokers, text) for text in ("", "k", "k:9092,", "kafka://hush:9092", "hush@k:9092", "k:9092/t")),
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(read: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"; |only|takes") as error:
        read(text)
    assert "hush" not in str(error.value) and error.value.__cause__ is None
