"""Validate settings before anything starts, beyond what their types say.

A check takes the value and raises ValueError (or OSError) with what the setting accepts, never with the value itself
if that may hold a secret. Modules that only some processes need are imported only if the setting is set.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infra import engine_urls, s3

if TYPE_CHECKING:
    from waymark.settings import Settings

# A generated key has 41 characters. A short one chosen by a person could be guessed, offline too.
SHORTEST_KEY = 32
LONGEST_KEY = 200

# Without an edge's headers, scans have no country.
NO_DATABASE = "none"
# Words that a setting takes instead of a path.
WORDS = {"geo_database": NO_DATABASE}

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.?")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+(%\w+)?")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")

# Variables of compose and of the tests, which are not settings.
_OTHERS = {"WAYMARK_REDIS_PASSWORD", "WAYMARK_CLICKHOUSE_PASSWORD"}
_OF_TESTS = "WAYMARK_TEST_"


def _listening(host: str) -> None:
    if not (_HOST.fullmatch(host) or _ADDRESS.fullmatch(host)):
        raise ValueError("it takes an address of this machine or a host name, without scheme or port, such as 0.0.0.0")


def _base(url: str) -> None:
    example = "it takes an address such as https://go.example.com"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(example) from None
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{example}, with http:// or https:// before it")
    literal = ":" in host and bool(_ADDRESS.fullmatch(host))
    if not (_HOST.fullmatch(host) or literal) or port == 0 or not url.isascii() or any(ord(one) <= 32 for one in url):
        raise ValueError(f"{example}, in ASCII (a name in other letters as punycode) and without spaces")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"{example}, with nothing after the path and no user name")


def _key(key: str) -> None:
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(
            f"it takes {SHORTEST_KEY} to {LONGEST_KEY} characters: generate one with `openssl rand -hex 24`"
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ValueError("it takes printable ASCII characters, without spaces")


def _server(which: str) -> None:
    if which not in ("bundled", "path") and not os.access(which, os.X_OK):
        raise ValueError(
            f"{which} is not a program: it takes bundled, path, or the path of a redis-server or valkey-server"
        )


def _topic(name: str) -> None:
    if not _TOPIC.fullmatch(name) or name in (".", ".."):
        raise ValueError("it takes 1 to 249 letters, digits, dots, hyphens and underscores")


def _host_name(name: str) -> None:
    if not _HOST.fullmatch(name):
        raise ValueError("it takes a host name, without scheme or port, such as go.example.com")


def _cors_origins(text: str) -> None:
    from api.middleware.cors import parse_origins

    parse_origins(text)


def _name_servers(text: str) -> None:
    from codes.domain_verification import name_servers

    name_servers(text)


def _proxies(text: str) -> None:
    from redirect.client_ip import trusts

    trusts(part for part in text.split(",") if part.strip())


def _edge(text: str) -> None:
    from redirect.geo import edge

    edge(text)


def _geo_database(path: Path) -> None:
    if str(path) == NO_DATABASE:
        return
    import maxminddb

    example = "it takes a database of countries or cities in MaxMind's format (.mmdb), or none"
    try:
        with maxminddb.open_database(str(path)) as reader:
            kind = reader.metadata().database_type
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}; {example}") from None
    except (maxminddb.InvalidDatabaseError, ValueError):
        raise ValueError(f"{path} is not such a file; {example}") from None
    if not any(word in kind.lower() for word in ("country", "city", "location", "enterprise", "geo")):
        raise ValueError(f"{path} is a database of type {kind}; {example}")


def _folder_to_be(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} is not a folder")


def _folder(path: Path) -> None:
    if not path.is_dir():
        raise ValueError(f"{path} is not a folder")


def _file(path: Path) -> None:
    with path.open("rb"):
        pass


def _plans(path: Path) -> None:
    from codes.plans import UnreadablePlans, known

    try:
        known(path)
    except UnreadablePlans as error:
        raise ValueError(str(error)) from None


def _cluster(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise ValueError("it takes the name of a cluster: letters, digits, dots, dashes and underscores")


def _quorum(text: str) -> None:
    if text != "auto" and not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ValueError("it takes auto, or a number from 1 on")


def _networks(text: str) -> None:
    from webhooks.receivers import networks

    networks(text)


def _smtp(url: str) -> None:
    from webhooks.mail import mail_server

    mail_server(url, "")


def _mail_from(text: str) -> None:
    _, address = parseaddr(text)
    if "@" not in address or not text.isascii() or not text.isprintable():
        raise ValueError("it takes a sender such as Waymark <qr@example.com>")


_CHECKS: Mapping[str, Callable[[Any], object]] = {
    "data": _folder_to_be,
    "host": _listening,
    "status_host": _listening,
    "short_url": _base,
    "api_url": _base,
    "bootstrap_key": _key,
    "plans": _plans,
    "redis_server": _server,
    "redis_url": engine_urls.redis_readable,
    "redis_replica_url": engine_urls.redis_readable,
    "salt_redis_url": engine_urls.redis_readable,
    "kafka_bootstrap": engine_urls.brokers,
    "kafka_topic": _topic,
    "kafka_token_url": _base,
    "kafka_ca": _file,
    "kafka_cert": _file,
    "kafka_key": _file,
    "clickhouse_url": engine_urls.clickhouse,
    "clickhouse_cluster": _cluster,
    "clickhouse_quorum": _quorum,
    "journal": _folder_to_be,
    "domain_target": _host_name,
    "dns_servers": _name_servers,
    "cors_origins": _cors_origins,
    "trusted_proxies": _proxies,
    "edge": _edge,
    "geo_database": _geo_database,
    "files": _folder_to_be,
    "files_bucket": s3.bucket,
    "exports": _folder_to_be,
    "exports_bucket": s3.bucket,
    "webhook_key": _key,
    "webhook_networks": _networks,
    "smtp_url": _smtp,
    "mail_from": _mail_from,
    "fonts": _folder,
}


def wrong(field: str, value: Any) -> str | None:
    """Why this value is invalid; None if it is valid."""
    check = _CHECKS.get(field)
    if check is None:
        return None
    try:
        check(value)
    except (ValueError, OSError) as error:
        return str(error)
    return None


def wrong_together(settings: "Settings") -> Iterator[tuple[str, str]]:
    """Variables that are invalid in combination, and why."""
    ports: dict[int, str] = {}
    for field in ("api_port", "redirect_port", "status_port"):
        port = getattr(settings, field)
        if port is not None and (other := ports.setdefault(port, field)) != field:
            yield f"WAYMARK_{field.upper()}", f"WAYMARK_{other.upper()} has the same port"
    yield from _kafka_together(settings)
    if settings.redis_replica_url is not None:
        if engine_urls.redis(settings.redis_replica_url).asks:
            yield "WAYMARK_REDIS_REPLICA_URL", "it names one replica, not Sentinels or a cluster"
        elif settings.redis_url is not None and engine_urls.redis(settings.redis_url).asks == "cluster":
            text = "WAYMARK_REDIS_URL is a cluster, where a replica hears of changes before or after it has them"
            yield "WAYMARK_REDIS_REPLICA_URL", text
    if settings.clickhouse_cluster is not None and settings.clickhouse_url is None:
        yield "WAYMARK_CLICKHOUSE_CLUSTER", "it is for a ClickHouse server: set WAYMARK_CLICKHOUSE_URL"
    if settings.smtp_url is not None and settings.mail_from is None:
        yield "WAYMARK_SMTP_URL", "WAYMARK_MAIL_FROM is not set"
    if settings.default_plan != "unlimited":
        from codes.plans import UnreadablePlans, known

        try:
            plans = known(settings.plans)
        except UnreadablePlans:
            return
        if settings.default_plan not in plans:
            yield "WAYMARK_DEFAULT_PLAN", f"it takes one of: {', '.join(plans)}"


def _kafka_together(settings: "Settings") -> Iterator[tuple[str, str]]:
    tls, sasl = settings.kafka_security in ("SSL", "SASL_SSL"), settings.kafka_security.startswith("SASL")
    for field in ("kafka_ca", "kafka_cert", "kafka_key"):
        if getattr(settings, field) is not None and not tls:
            yield f"WAYMARK_{field.upper()}", "it is for TLS: set WAYMARK_KAFKA_SECURITY to SSL or SASL_SSL"
    if settings.kafka_key is not None and settings.kafka_cert is None:
        yield "WAYMARK_KAFKA_KEY", "WAYMARK_KAFKA_CERT is not set"
    needed = ["kafka_user", "kafka_password"]
    if settings.kafka_mechanism == "OAUTHBEARER":
        needed.append("kafka_token_url")
    lacking = [f"WAYMARK_{field.upper()}" for field in needed if getattr(settings, field) is None]
    if sasl and lacking:
        text = f"{settings.kafka_security} with {settings.kafka_mechanism} needs {' and '.join(lacking)}"
        yield "WAYMARK_KAFKA_SECURITY", text
    if settings.kafka_user is not None and not sasl:
        yield "WAYMARK_KAFKA_USER", "it is for SASL: set WAYMARK_KAFKA_SECURITY to SASL_SSL or SASL_PLAINTEXT"


# What a single service needs. `waymark up` brings all of it.
_NEEDS = {
    "redirect": ("redis_url",),
    "ingest": ("kafka_bootstrap",),
    "aggregate": ("redis_url", "clickhouse_url"),
    "api": ("redis_url", "clickhouse_url"),
}
_WHY = {
    "redis_url": "a single service needs a Redis (`waymark up` brings one)",
    "kafka_bootstrap": "this service has nothing to do without Kafka",
    "clickhouse_url": "a single service needs a ClickHouse server (`waymark up` brings a warehouse)",
}


def missing(service: str, settings: "Settings") -> list[str]:
    """A line for each setting that this service needs and lacks."""
    needs = [field for field in _NEEDS.get(service, ()) if getattr(settings, field) is None]
    return [f"WAYMARK_{field.upper()} is not set: {_WHY[field]}" for field in needs]


def unknown(environ: Mapping[str, str], known: list[str]) -> Iterator[str]:
    """A line for each variable that looks like a setting and is none. Children of `up` get other variables too."""
    if "WAYMARK_PARENT_PIPE" in environ:
        return
    for name in sorted(environ):
        if not name.startswith("WAYMARK_") or name in known or name in _OTHERS or name.startswith(_OF_TESTS):
            continue
        # (The common prefix would make any two of them similar.)
        ends = [one.removeprefix("WAYMARK_") for one in known]
        near = get_close_matches(name.removeprefix("WAYMARK_"), ends, n=1)
        yield f"{name} is not a setting and is ignored" + (f"; is WAYMARK_{near[0]} meant?" if near else "")
