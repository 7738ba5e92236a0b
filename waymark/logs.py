"""Logging to standard error, as text or JSON; and the first line of each service: version, port, engines.

There is no access log, and no line holds a visitor's address or user agent; a test greps for both.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from infra import engine_urls
from infra.version import VERSION
from waymark.settings import Settings
from waymark.terminal import Output


class _Stream:
    """An output as a log writes to it."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def write(self, text: str) -> None:
        self._output.say(text.removesuffix("\n"))

    def flush(self) -> None:
        """Nobody waits for what is written."""


class _Handler(logging.StreamHandler[_Stream]):
    """Its close, at exit or by `logging.shutdown`, waits for what was logged."""

    def __init__(self, output: Output) -> None:
        super().__init__(_Stream(output))
        self._output = output

    def close(self) -> None:
        self._output.close()
        super().close()


class Text(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        line = f"{at} {self._service:<9} {record.levelname.lower():<7} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class Json(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "service": self._service,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def configure(service: str, style: Literal["text", "json"]) -> None:
    """Once, at the start of a process, before a server is made."""
    handler = _Handler(Output(sys.stderr.fileno()))
    handler.setFormatter(Json(service) if style == "json" else Text(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # The server says on each start and stop what the supervisor says better; its warnings stay.
    for name in ("uvicorn", "uvicorn.error", "aiokafka", "kafka", "clickhouse_connect"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True


_LISTENS = {"redirect": "redirect_port", "api": "api_port", "core": "api_port"}


def start_line(service: str, settings: Settings) -> str:
    """The first line of a service's log. Contains no password."""
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
