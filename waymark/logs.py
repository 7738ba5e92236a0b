"""Logging to standard error, as text or JSON; and the first line of each service: version, port, engines.

With JSON every line of a service is a `Line`, whoever writes it: libraries, warnings, threads, what ends the process.
There is no access log, and no line holds a visitor's address or user agent; a test greps for both.
"""

import logging
import os
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

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


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a log in JSON. It always has all of these (docs/operations.md). `exception` is a traceback in several
    lines; null without one."""

    at: datetime
    level: Literal["debug", "info", "warning", "error", "critical"]
    service: str
    process: int
    logger: str
    message: str
    exception: str | None


class Json(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": _level(record.levelno),
            "service": self._service,
            "process": record.process,
            "logger": record.name,
            "message": record.getMessage(),
            "exception": self._trace(record),
        }
        return msgspec.json.encode(line).decode()

    def _trace(self, record: logging.LogRecord) -> str | None:
        traces = [
            self.formatException(record.exc_info) if record.exc_info else record.exc_text,
            self.formatStack(record.stack_info) if record.stack_info else None,
        ]
        return "\n".join(filter(None, traces)) or None


def _level(number: int) -> str:
    """Libraries have levels of their own between these."""
    names = ((50, "critical"), (40, "error"), (30, "warning"), (20, "info"))
    return next((name for least, name in names if number >= least), "debug")


def early(service: str) -> None:
    """If the log is to be JSON, so is a refusal to start, before the settings are read."""
    if os.environ.get("WAYMARK_LOG_FORMAT") == "json":
        configure(service, "json")


def is_json() -> bool:
    return any(isinstance(handler.formatter, Json) for handler in logging.getLogger().handlers)


def configure(service: str, style: Literal["text", "json"]) -> None:
    """At the start of a process, before a server is made."""
    handler = _Handler(Output(sys.stderr.fileno()))
    handler.setFormatter(Json(service) if style == "json" else Text(service))
    root = logging.getLogger()
    for before in root.handlers:
        if isinstance(before, _Handler):
            before.close()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    if style == "json":
        _take_the_rest()
    # The server says on each start and stop what the supervisor says better; its warnings stay.
    for name in ("uvicorn", "uvicorn.error", "aiokafka", "kafka", "clickhouse_connect"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True


def _take_the_rest() -> None:
    """What Python writes to standard error by itself."""
    log = logging.getLogger("waymark")
    logging.captureWarnings(True)

    def ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("ending after a defect", exc_info=(kind, error, trace))

    def thread_ended(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            name = args.thread.name if args.thread is not None else "?"
            log.error("the thread %s ended after a defect", name, exc_info=args.exc_value)

    def dropped(args: "sys.UnraisableHookArgs") -> None:
        log.error("%s %r", args.err_msg or "an exception is ignored in", args.object, exc_info=args.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = ended, thread_ended, dropped


_LISTENS = {"redirect": "redirect_port", "api": "api_port", "core": "api_port"}


def start_line(service: str, settings: Settings) -> str:
    """The first line of a service's log. Contains no password."""
    said = [f"waymark {VERSION} starts"]
    if service in _LISTENS:
        said.append(f"port {getattr(settings, _LISTENS[service])} of {settings.host}")
    if settings.redis_url is not None and service != "ingest":
        said.append(f"Redis {engine_urls.redis(settings.redis_url).shown}")
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
