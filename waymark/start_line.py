"""The first line of a service's log: which version, where it listens, and which engines it has."""

from infra import engine_urls
from infra.version import VERSION
from waymark.settings import Settings

_LISTENS = {"redirect": "redirect_port", "api": "api_port", "core": "api_port"}


def start_line(service: str, settings: Settings) -> str:
    """No password is in it."""
    said = [f"waymark {VERSION} starts"]
    if service in _LISTENS:
        said.append(f"port {getattr(settings, _LISTENS[service])} of {settings.host}")
    if settings.redis_url is not None and service != "ingest":
        url = engine_urls.redis(settings.redis_url)
        said.append(f"Redis {url.path or f'{url.host}:{url.port}'}")
    if service in ("core", "aggregate", "ingest"):
        said.append(f"Kafka {settings.kafka_bootstrap}" if settings.kafka_bootstrap else "no Kafka")
    if service in ("core", "aggregate", "api"):
        said.append(_warehouse(settings))
    if service in ("redirect", "core", "ingest"):
        said.append(f"journals {settings.journal_folder}")
    return ", ".join(said)


def _warehouse(settings: Settings) -> str:
    if settings.clickhouse_url is None:
        return "chDB"
    url = engine_urls.clickhouse(settings.clickhouse_url)
    return f"ClickHouse {url.host}:{url.port}"
