"""Stream the rows of a query as a file, which the engine itself writes: CSV, NDJSON, Parquet or Arrow.

Blocks come as they are made, and the query waits while nobody takes them, so memory does not grow with the rows. A
server answers in any format by HTTP. chDB, in our own process, gives only some formats in parts; it writes into a named
pipe as into any file, and this reads the other end.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.httpclient import HttpClient
from urllib3.exceptions import HTTPError

from infra.warehouse import Warehouse

BLOCK = 1 << 18
# A server that fails on the way says so at the end of the body, in at most 16 KB.
_TAIL = 1 << 15
# Small blocks and row groups: what is held in memory is some of them. Dictionaries and a page index make Parquet files
# small and quick to read; bloom filters cost a tenth more and help few.
_SETTINGS: dict[str, Any] = {
    "max_block_size": 32_768,
    "min_insert_block_size_rows": 1,
    "min_insert_block_size_bytes": 1,
    "max_query_size": 1 << 30,
    "date_time_output_format": "iso",
    "output_format_csv_crlf_end_of_line": 1,
    "format_csv_null_representation": "",
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_escape_forward_slashes": 0,
    "output_format_parquet_row_group_size": 65_536,
    "output_format_parquet_write_bloom_filter": 0,
}


class FileFormat(msgspec.Struct, frozen=True):
    """A format of files: `name` is ours, `engine` the warehouse's."""

    name: str
    engine: str
    media: str
    suffix: str


FORMATS = {
    one.name: one
    for one in (
        FileFormat("csv", "CSVWithNames", "text/csv", "csv"),
        FileFormat("ndjson", "JSONEachRow", "application/x-ndjson", "ndjson"),
        FileFormat("parquet", "Parquet", "application/vnd.apache.parquet", "parquet"),
        FileFormat("arrow", "ArrowStream", "application/vnd.apache.arrow.stream", "arrows"),
    )
}


class OutputFailed(Exception):
    """The file is not whole. The message names the query's error, but not the query."""


class RawOutput(Protocol):
    """Used by one thread at a time."""

    def read(self) -> bytes:
        """The next part; b"" once the file is whole. Blocks. Raises OutputFailed."""
        ...


@contextmanager
def raw_output(
    warehouse: Warehouse, sql: str, parameters: Mapping[str, Any], format: FileFormat, *, limit_s: int
) -> Iterator[RawOutput]:
    """The rows of a SELECT without settings, as a file. Leaving before the end ends the query. Raises what
    clickhouse-connect raises."""
    settings = {**_SETTINGS, "max_execution_time": limit_s}
    client = warehouse.connect(timeout_s=limit_s, max_threads=1)
    try:
        if isinstance(client, HttpClient):
            response: Any = client.raw_stream(
                sql,
                parameters=dict(parameters),
                settings={**settings, "cancel_http_readonly_queries_on_client_close": 1},
                fmt=format.engine,
            )
            try:
                yield _Served(response)
            finally:
                response.close()
        else:
            with _piped(warehouse, client, sql, parameters, format, settings) as output:
                yield output
    finally:
        client.close()


class _Served:
    """What a server answers. The end is held back until it is known to be one."""

    def __init__(self, response: Any) -> None:
        # (Its `read` loses what came before a connection breaks.)
        self._parts = response.stream(BLOCK)
        tag = response.headers.get("X-ClickHouse-Exception-Tag", "")
        self._failed = f"__exception__\r\n{tag}".encode()
        self._held = b""
        self._ended = False

    def read(self) -> bytes:
        try:
            while not self._ended and len(self._held) <= _TAIL + BLOCK:
                part = next(self._parts, None)
                self._held += part or b""
                self._ended = part is None
        except (HTTPError, OSError) as error:
            # (A server that fails ends the connection after it has said so.)
            raise OutputFailed(self._said() or _short(error)) from None
        if self._ended and (said := self._said()):
            raise OutputFailed(said)
        size = len(self._held) if self._ended else len(self._held) - _TAIL
        part, self._held = self._held[:size], self._held[size:]
        return part

    def _said(self) -> str:
        """What the server says of its failure, "" where it says nothing."""
        at = self._held.rfind(self._failed)
        return "" if at < 0 else _short(self._held[at + len(self._failed) :].decode(errors="replace").strip())


class _Piped:
    """What chDB writes into a pipe, in a thread of its own."""

    def __init__(self, reading: int) -> None:
        self.reading = reading
        self.error: Exception | None = None
        self.ended = threading.Event()

    def read(self) -> bytes:
        part = os.read(self.reading, BLOCK)
        if not part:
            self.ended.wait()
            if self.error is not None:
                raise OutputFailed(_short(self.error)) from None
        return part


@contextmanager
def _piped(
    warehouse: Warehouse,
    client: Client,
    sql: str,
    parameters: Mapping[str, Any],
    format: FileFormat,
    settings: Mapping[str, Any],
) -> Iterator[RawOutput]:
    folder = Path(tempfile.mkdtemp(prefix="output-"))
    try:
        pipe = folder / "rows"
        os.mkfifo(pipe, 0o600)
        reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        # Held until the query has ended: so the reader waits for its first part, and always sees an end.
        held = os.open(pipe, os.O_WRONLY)
        os.set_blocking(reading, True)
        output = _Piped(reading)
        quoted = str(pipe).replace("\\", "\\\\").replace("'", "\\'")
        given = ", ".join(f"{name} = {value!r}" for name, value in settings.items())
        statement = f"INSERT INTO FUNCTION file('{quoted}', '{format.engine}') {sql} SETTINGS {given}"

        def write() -> None:
            try:
                client.command(statement, parameters=dict(parameters))
            except (ClickHouseError, OSError) as error:
                output.error = error
            finally:
                output.ended.set()
                os.close(held)

        thread = threading.Thread(target=write, name="output", daemon=True)
        thread.start()
        try:
            yield output
        finally:
            os.close(reading)
            if not output.ended.is_set():
                _kill(warehouse, folder.name)
            thread.join()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _kill(warehouse: Warehouse, name: str) -> None:
    """End the query whose pipe has this name. (The engine goes on when nobody reads what it writes into a file.)"""
    with suppress(ClickHouseError):
        client = warehouse.connect(max_threads=1)
        try:
            # In two parts, or it would find itself.
            client.command(f"KILL QUERY WHERE position(query, concat('{name[:-2]}', '{name[-2:]}')) > 0 ASYNC")
        finally:
            client.close()


def _short(error: object) -> str:
    """The error without the query, which is long and names codes."""
    return str(error).partition("In scope")[0].strip()[:200]
